"""The outcome `label_fidelity`: how truly those who label do what they are told."""

from __future__ import annotations

from pydantic import Field

import simlab


class LabelFidelity(simlab.Outcome):
    """The mean fidelity of a pool's labels to a standard at its last look, F = 2A − 1 (table `orders`).

    A is the expected agreement of labels with the standard, so that coin tosses have F = 0: the S of Bennett, Alpert &
    Goldstein 1954, Public Opinion Quarterly 18.
    """

    name = "label_fidelity"

    agent: str = Field("pool", description="the people whose work it is")
    to: str = Field("guideline", pattern="guideline|intent|principal", description="guideline, intent or principal")

    def value(self, run: simlab.Run) -> float:
        rows = run.orders[run.orders.agent == self.agent]
        return float(rows[f"fidelity_{self.to}"].iloc[-1]) if len(rows) else float("nan")
