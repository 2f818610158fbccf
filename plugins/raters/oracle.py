"""Raters who always know and always say what is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Oracle(simlab.RaterPolicy):
    """The synthetic oracle (Christiano et al. 2017, arXiv:1706.03741): the better one, without noise.

    What is better is still what this person perceives and goes by. Differences of `notice` or less are undecided.
    """

    name = "oracle"
    notice: float = Field(0.0, ge=0.0, description="differences of utility up to this are undecided")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = utilities[:, 0] - utilities[:, 1]
        left, right = difference > self.notice, -difference > self.notice
        return np.stack([left, right, ~(left | right)], axis=1).astype(float)
