"""The review rule `rank`: the lowest few of every look go, however good they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.review import PerformanceRecord


class Rank(simlab.Review):
    """Dismissal of the lowest `share` of those with enough checked answers (Grote 2005, Forced Ranking).

    How many go is rounded down, so that a pool too small for the share loses nobody. Among equals, the shorter record
    goes first, then the later in the list.
    """

    name = "rank"
    history = False
    share: float = Field(0.1, ge=0, le=1, description="share of people dismissed at each look")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only people with at least this many checked answers")

    def needed(self) -> int:
        return self.min_sample

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        gone = np.zeros(len(record), dtype=bool)
        known = np.flatnonzero(record.audited >= self.min_sample)
        worst = known[np.lexsort((-known, record.audited[known], record.score[known]))]
        gone[worst[: int(np.floor(round(self.share * len(known), 9)))]] = True
        return gone

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        """Falling below the score that the lowest share of many peers fall below; scores taken as normal."""
        from scipy.optimize import brentq
        from scipy.special import ndtr

        found = np.zeros(len(accuracy))
        for asked in np.unique(audits[audits >= self.min_sample]).tolist():
            spread = np.sqrt(np.clip(peers * (1 - peers), 1e-9, None) / asked)
            if self.share in (0.0, 1.0) or not len(peers):
                bar = np.inf if self.share == 1.0 else -np.inf
            else:
                bar = brentq(lambda x, s=spread: ndtr((x - peers) / s).mean() - self.share, -9.0, 10.0)
            mine = audits == asked
            own = np.sqrt(np.clip(accuracy[mine] * (1 - accuracy[mine]), 1e-9, None) / asked)
            found[mine] = ndtr((bar - accuracy[mine]) / own)
        return found
