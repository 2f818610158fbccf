"""The outcome `satisfaction`: how many users are satisfied in the end."""

from __future__ import annotations

from pydantic import Field

import simlab


class Satisfaction(simlab.Outcome):
    """The share of those asked who were satisfied at users' last look at a corporation (table `judgements`).

    Source: own idea: the top-box score of satisfaction surveys.
    """

    name = "satisfaction"

    users: str = Field("users", description="whose satisfaction")
    corporation: str = Field("", description="with which corporation; default: the one looked at last")

    def value(self, run: simlab.Run) -> float:
        rows = run.judgements[run.judgements.principal == self.users]
        if self.corporation:
            rows = rows[rows.agent == self.corporation]
        return float(rows.score.iloc[-1]) if len(rows) else float("nan")
