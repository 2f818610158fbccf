"""The outcome `profit`: what a corporation earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.runs.loading import Run


class Profit(simlab.Outcome):
    """Receipts less payments of a corporation over the run, in $ (table `ledger`).

    Source: own idea: the cash flow of accounting.
    """

    name = "profit"
    unit = "USD"

    corporation: str = Field("acme", description="the corporation")

    def value(self, run: Run) -> float:
        return float(run.ledger.amount[run.ledger.account == self.corporation].sum())
