"""Raters who choose as people were seen to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Empirical(simlab.RaterPolicy):
    """A choice curve given as a table, as `simlab calibrate` fits it to real annotations.

    At a difference u_left − u_right in `differences`, P(left) and P(undecided) are as tabled; between two they are
    interpolated linearly, beyond the last they stay. Differences are in units of utility, signed, so the curve may
    favour a side. A rater twice as noisy sees every difference half as large. The pairs of a ranking are chosen each
    by itself. The default is Bradley–Terry (1952) at τ = 1, tabled at whole numbers.
    """

    name = "empirical"
    differences: tuple[float, ...] = Field(
        (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0),
        min_length=2,
        max_length=1000,
        description="differences in utility, left less right, from the lowest to the highest",
    )
    left: tuple[float, ...] = Field(
        (0.018, 0.047, 0.119, 0.269, 0.5, 0.731, 0.881, 0.953, 0.982),
        description="P(left) at each difference",
    )
    undecided: tuple[float, ...] = Field((), description="P(undecided) at each difference; empty: nobody ever is")

    @model_validator(mode="after")
    def _is_a_curve(self) -> Empirical:
        count, undecided = len(self.differences), self.undecided or (0.0,) * len(self.left)
        if not np.all(np.diff(self.differences) > 0):
            raise ValueError("differences must rise from each to the next")
        if len(self.left) != count or len(undecided) != count:
            raise ValueError(f"left and undecided must have one chance for each of the {count} differences")
        if any(p < 0 or q < 0 or p + q > 1 + 1e-9 for p, q in zip(self.left, undecided, strict=True)):
            raise ValueError("chances must be at least 0, and left and undecided together at most 1")
        return self

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = (utilities[:, 0] - utilities[:, 1]) / cohort.noise
        left = np.interp(difference, self.differences, self.left)
        undecided = np.interp(difference, self.differences, self.undecided) if self.undecided else np.zeros_like(left)
        return np.stack([left, np.maximum(0.0, 1 - left - undecided), undecided], axis=1)
