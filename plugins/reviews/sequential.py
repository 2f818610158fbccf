"""The review rule `sequential`: people are judged answer by answer, and only as long as there is doubt."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array
from simlab.measures.sequential_test import SequentialTest

if TYPE_CHECKING:
    from simlab.components.review import PerformanceRecord


class Sequential(simlab.Review):
    """Wald's sequential probability ratio test (1945): dismissal once the answers speak clearly enough against p₀.

    With `again`, who has been cleared is tested anew, so that a person whose work slips is still found; α is the error
    of one such test, and with enough of them everybody is dismissed some day.
    """

    name = "sequential"
    good: float = Field(0.9, gt=0, lt=1, description="p₀, share of right answers of a person worth keeping")
    bad: float = Field(0.7, gt=0, lt=1, description="p₁, share of right answers of a person to be dismissed")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="α, chance aimed at of dismissing the former")
    beta: float = Field(0.1, gt=0, lt=0.5, description="β, chance aimed at of keeping the latter")
    again: bool = Field(True, description="whether who was cleared is tested anew")

    @model_validator(mode="after")
    def _in_order(self) -> Any:
        if not self.bad < self.good:
            raise ValueError(f"bad ({self.bad:g}) must be below good ({self.good:g})")
        return self

    @property
    def test(self) -> SequentialTest:
        """The test itself, with its exact errors and lengths."""
        return SequentialTest(self.good, self.bad, self.alpha, self.beta)

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        verdict, _ = self.test.verdicts(record.answers, self.again)
        return np.asarray(verdict == 1)

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        """Exact for one test that begins with the look. Where tests follow one another, they go on from look to look:
        the chance of a whole test, spread evenly over as many answers as it takes on average (a renewal process).
        """
        kinds, place = np.unique(np.stack([accuracy, audits * (not self.again)], axis=1), axis=0, return_inverse=True)
        if not self.again:
            return np.array([self._exact(p, int(n))[1] for p, n in kinds.tolist()])[place.ravel()]
        length, dismissed, _ = np.array([self._exact(p) for p, _ in kinds.tolist()]).reshape(-1, 3).T[:, place.ravel()]
        return np.asarray(1 - (1 - dismissed) ** (audits / length))

    def _exact(self, accuracy: float, most: int | None = None) -> tuple[float, float, float]:
        return exact(self.good, self.bad, self.alpha, self.beta, accuracy, most)


@cache
def exact(
    good: float, bad: float, alpha: float, beta: float, accuracy: float, most: int | None
) -> tuple[float, float, float]:
    """Expected length, P(dismissed) and P(cleared), remembered: people who are alike reckon alike."""
    return SequentialTest(good, bad, alpha, beta).exact(accuracy, most)
