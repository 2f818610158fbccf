"""The simulated teachers of a benchmark of preference learning, with their irrationalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

import simlab
from simlab.components import Array
from simlab.parties.calibration import logistic

if TYPE_CHECKING:
    from simlab.parties.cohort import Cohort


class BPref(simlab.RaterPolicy):
    """The teacher of B-Pref (Lee et al. 2021, arXiv:2111.03026, algorithm 1), its parameters under their names there.

    In this order: *skip* if the better return is below eps_skip·R, *equal* if the two are closer than eps_equal·R,
    else *choose* with chance σ(β·Δ) and then make a *mistake* with chance ε; a pair that is equal is never flipped.
    R is `average_return`, and a threshold of 0 is none. (Their training script multiplies eps into R twice; this
    does it once, as the paper says.) Skipped and equal pairs are both undecided here. Returns Σ_t γ^{T−1−t}·u_t are
    myopic: later steps weigh more; in worlds where a response is one utility T is 1 and γ changes nothing. Published
    settings, one at a time: β 1, ε .1, skip .1, equal .1, γ .9.
    """

    name = "bpref"
    beta: float | None = Field(1.0, ge=0.0, description="β, rationality per unit of utility; null: perfectly rational")
    gamma: float = Field(1.0, gt=0.0, le=1.0, description="γ, discount of earlier steps; 1 is not myopic")
    eps_mistake: float = Field(0.0, ge=0.0, le=1.0, description="ε, chance that a chosen label is flipped")
    eps_skip: float = Field(0.0, ge=0.0, description="skip below this share of the average return; 0 never")
    eps_equal: float = Field(0.0, ge=0.0, description="equal within this share of the average return; 0 never")
    average_return: float = Field(1.0, gt=0.0, description="R, what the two thresholds are shares of, in utility")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        """For pairs of utilities [n, 2], or of utilities step by step [n, 2, T]."""
        returns = utilities if utilities.ndim == 2 else utilities @ self.gamma ** np.arange(utilities.shape[2])[::-1]
        difference = returns[:, 0] - returns[:, 1]
        better = (
            0.5 * (1 + np.sign(difference)) if self.beta is None else logistic(self.beta / cohort.noise * difference)
        )
        left = self.eps_mistake + (1 - 2 * self.eps_mistake) * better
        undecided = np.zeros(len(returns), dtype=bool)
        if self.eps_skip > 0:
            undecided |= returns.max(axis=1) < self.eps_skip * self.average_return
        if self.eps_equal > 0:
            undecided |= np.abs(difference) < self.eps_equal * self.average_return
        decided = ~undecided
        return np.stack([left * decided, (1 - left) * decided, undecided.astype(float)], axis=1)
