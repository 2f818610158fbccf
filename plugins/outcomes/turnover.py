"""The outcome `turnover`: how often people leave."""

from __future__ import annotations

from pydantic import Field

import simlab


class Turnover(simlab.Outcome):
    """Separations per post over the run: how many people of a pool left, whoever ended it, for each post it had first.

    The separation rate of labor statistics (Hall & Lilien 1979, AER 69), over the length of the run (table
    `employment`).
    """

    name = "turnover"
    unit = "separations a post"

    pool: str = Field("pool", description="the people")

    def value(self, run: simlab.Run) -> float:
        mine = run.employment[run.employment.worker.astype(str).str.startswith(f"{self.pool}:")]
        posts = int((mine.hired == mine.hired.min()).sum()) if len(mine) else 0
        return float(mine.ended.notna().sum()) / posts if posts else float("nan")
