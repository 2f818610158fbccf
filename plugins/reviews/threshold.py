"""The review rule `threshold`: whoever agrees with gold too seldom goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.review import below_share, chance_below

if TYPE_CHECKING:
    from simlab.components.review import PerformanceRecord


class Threshold(simlab.Review):
    """Dismissal where the share of checked answers that agree with gold is below `below`, given enough of them.

    The rule that pools of raters are run by (Stiennon et al. 2020 dismissed the lowest performers throughout; PRM800K
    kept raters who stayed above 75 % on screening). `below: 1` dismisses for a single wrong answer.
    """

    name = "threshold"
    history = False
    below: float = Field(0.6, ge=0, le=1, description="share of right answers below which a person is dismissed")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many checked answers")
    after_warnings: int = Field(0, ge=0, le=1000, description="only after this many warnings")

    def needed(self) -> int:
        return self.min_sample

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        return below_share(record, self.below, self.min_sample, self.after_warnings)

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        return chance_below(accuracy, audits, self.below, self.min_sample)
