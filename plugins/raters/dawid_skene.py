"""Raters who confuse what is so with what is not, each answer with each in its own proportion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, field_validator

import simlab
from simlab.arrays import Array
from simlab.components.rater_view import RaterView, lots

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort

Chance = Annotated[float, Field(ge=0.0, le=1.0)]
Row = tuple[Chance, Chance, Chance]


class DawidSkene(simlab.RaterPolicy):
    """A confusion matrix: P(says l | j is true), row by row (Dawid & Skene 1979, Applied Statistics 28, π_jl).

    Rows are what is true in this person's eyes, columns what is said: left better, right better, no difference. With
    `concentration` every person's rows are drawn once from a Dirichlet distribution about the pool's (Paun et al. 2018,
    TACL 6, the hierarchical model): the larger, the more alike they are.
    """

    name = "dawid_skene"
    left: Row = Field((0.85, 0.1, 0.05), description="where the left is better: P(says left, right, undecided)")
    right: Row = Field((0.1, 0.85, 0.05), description="where the right is better: P(says left, right, undecided)")
    equal: Row = Field((0.25, 0.25, 0.5), description="where neither is: P(says left, right, undecided)")
    notice: float = Field(0.0, ge=0.0, description="differences of utility up to this count as neither")
    concentration: float | None = Field(None, gt=0.0, le=1e6, description="how alike people are; null: all the same")

    @field_validator("left", "right", "equal")
    @classmethod
    def _sums_to_one(cls, row: Row) -> Row:
        if abs(sum(row) - 1) > 1e-6:
            raise ValueError(f"the three chances sum to {sum(row):g}, not to 1")
        return row

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        difference = utilities[:, 0] - utilities[:, 1]
        truth = np.where(difference > self.notice, 0, np.where(-difference > self.notice, 1, 2))
        matrix = np.array([self.left, self.right, self.equal])
        if self.concentration is None:
            return matrix[truth]
        people, place = np.unique(cohort.number, return_inverse=True)
        return np.asarray(self._personal(matrix, people, scene)[place, truth])

    def _personal(self, matrix: Array, people: np.ndarray, scene: RaterView | None) -> Array:
        """Everybody's own matrix [R, 3, 3]: rows of gamma variates, scaled to 1."""
        from scipy.special import gammaincinv  # slow to import, and `--help` loads this file

        assert self.concentration is not None
        drawn = np.zeros((len(people), 3, 3))
        for true, said in np.argwhere(matrix > 0).tolist():
            lot = lots(scene, f"confusion {true} {said}", people)
            drawn[:, true, said] = np.maximum(gammaincinv(self.concentration * matrix[true, said], lot), 1e-300)
        return np.asarray(drawn / drawn.sum(axis=2, keepdims=True))
