"""The outcome `labor_dollars`: what labor cost."""

from __future__ import annotations

from pydantic import Field

import simlab


class LaborDollars(simlab.Outcome):
    """What was paid for people's work in the whole run, in $ (table `labor`).

    Source: own idea: the wage bill."""

    name = "labor_dollars"
    unit = "USD"

    party: str = Field("", description="only what this party's people were paid; default: everybody")

    def value(self, run: simlab.Run) -> float:
        rows = run.labor if not self.party else run.labor[run.labor.party == self.party]
        if self.party and not len(rows) and not self.is_known(run, self.party):
            return float("nan")
        return float(rows.pay.sum())
