"""Raters who slip where they know, and guess where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class SlipGuess(simlab.RaterPolicy):
    """The DINA model of knowing or not (Junker & Sijtsma 2001, Applied Psychological Measurement 25).

    P(right) = (1−s)^η·g^(1−η): who has mastered a pair (η = 1) slips with chance s, who has not guesses right with
    chance g. Mastered is what differs by at least `notice` times this person's own noise; equals are a coin toss. The
    same slip and guess as in knowledge tracing (Corbett & Anderson 1995).
    """

    name = "slip_guess"
    slip: float = Field(0.1, ge=0.0, le=1.0, description="s, chance to be wrong about what one has mastered")
    guess: float = Field(0.5, ge=0.0, le=1.0, description="g, chance to be right about what one has not")
    notice: float = Field(0.5, ge=0.0, description="least difference of utility that a person of noise 1 masters")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = utilities[:, 0] - utilities[:, 1]
        mastered = np.abs(difference) >= self.notice * cohort.noise
        right = np.where(mastered, 1 - self.slip, self.guess)
        left = 0.5 + (right - 0.5) * np.sign(difference)
        return np.stack([left, 1 - left, np.zeros_like(left)], axis=1)
