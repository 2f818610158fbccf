"""Raters of different ability, and pairs of different easiness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.choice_noise import logistic

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Glad(simlab.RaterPolicy):
    """P(correct) = σ(α_i·β_j): rater i of ability α_i, pair j of easiness β_j (Whitehill et al. 2009, NIPS 22, eq. 1).

    A rater's α is `ability` divided by the rater's own noise; a pair's β, 1/difficulty in the paper, grows with how
    clear it is: easiness·|Δ|^sharpness. With sharpness 0 all pairs are alike and raters flip labels; with 1 they are
    Bradley–Terry raters, if α is positive. Below 0 they tend to say the opposite of what they know.
    """

    name = "glad"
    ability: float = Field(1.0, ge=-1e6, le=1e6, description="α of a rater of noise 1; below 0 adversarial, 0 a coin")
    easiness: float = Field(1.0, gt=0.0, le=1e6, description="β of a pair whose utilities differ by 1")
    sharpness: float = Field(1.0, ge=0.0, le=10.0, description="exponent by which β grows with the difference")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = utilities[:, 0] - utilities[:, 1]
        correct = logistic(self.ability / cohort.noise * self.easiness * np.abs(difference) ** self.sharpness)
        left = 0.5 + (correct - 0.5) * np.sign(difference)
        return np.stack([left, 1 - left, np.zeros_like(left)], axis=1)
