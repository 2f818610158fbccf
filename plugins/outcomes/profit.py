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
        return float(run.ledger.amount[run.ledger.account == self.corporation].sum())
