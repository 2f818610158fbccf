"""The review rule `gold_test`: at least k right of the last n. (A file called gold_test would be taken for a test.)"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.review import PerformanceRecord


class GoldTest(simlab.Review):
    """Dismissal of whoever has fewer than `right` of the last `items` checked answers right.

    The usual test at hiring (Ouyang et al. 2022 and Dubois et al. 2023 screened candidates so), and as a review the
    rolling form of it. An undecided answer counts half. Who has been asked fewer than `items` stays.
    """

    name = "gold_test"
    items: int = Field(10, ge=1, le=10_000, description="n, checked answers that count")
    right: int = Field(8, ge=0, le=10_000, description="k, right ones it takes to pass")

    @model_validator(mode="after")
    def _passable(self) -> Any:
        if self.right > self.items:
            raise ValueError(f"{self.right} right answers cannot be had of {self.items}: right must not exceed items")
        return self

    def needed(self) -> int:
        return self.items

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        asked = np.isfinite(record.answers)
        later = np.cumsum(asked[:, ::-1], axis=1)[:, ::-1]  # answers from this one on
        last = np.where(asked & (later <= self.items), record.answers, 0.0).sum(axis=1)
        return np.asarray((record.audited >= self.items) & (last < self.right))

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        """Binomial: fewer than k of n right, where as many are checked."""
        from scipy.stats import binom

        return np.where(audits >= self.items, binom.cdf(self.right - 1, self.items, accuracy), 0.0)
