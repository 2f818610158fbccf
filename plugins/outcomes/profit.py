"""The outcome `profit`: what a corporation earned."""

from __future__ import annotations

from pydantic import Field

import simlab


class Profit(simlab.Outcome):
    """Receipts less payments of a corporation over the run, in $ (table `ledger`).

    Source: own idea: the cash flow of accounting.
    """

    name = "profit"
    unit = "USD"

    corporation: str = Field("acme", description="the corporation")

    def value(self, run: simlab.Run) -> float:
        amounts = run.ledger.amount[run.ledger.account == self.corporation]
        if not len(amounts) and not self.is_known(run, self.corporation):
            return float("nan")
        return float(amounts.sum())
