"""The outcome `validity`: how well a judge tells good agents from bad."""

from __future__ import annotations

from pydantic import Field

import simlab


class Validity(simlab.Outcome):
    """The correlation of a principal's scores with its agents' fidelity, at its last look (table `orders`).

    Predictive validity (Cronbach & Meehl 1955, Psychological Bulletin 52).
    """

    name = "validity"

    principal: str = Field("leads", description="the judge")
    agent: str = Field("pool", description="whom it judges")
    to: str = Field("guideline", pattern="guideline|intent|principal", description="guideline, intent or principal")

    def value(self, run: simlab.Run) -> float:
        rows = run.orders[(run.orders.principal == self.principal) & (run.orders.agent == self.agent)]
        return float(rows[f"validity_{self.to}"].iloc[-1]) if len(rows) else float("nan")
