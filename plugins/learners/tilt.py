"""The policy that reward less a leash's cost would make, where that is known: what PPO tends to."""

from __future__ import annotations

from pydantic import Field

import simlab
from simlab.arrays import Array


class Tilt(simlab.Learner):
    """In a vector world: move to the optimum π* ∝ π_ref·exp(r/β), which is known there.

    For r = θ·φ it is N(θ/β, I) (Korbak et al. 2022, arXiv:2205.11275, eq. 4).
    """

    name = "tilt"
    teaches = "language_model"
    networks = False
    vectors = True
    optimum = True
    step: float = Field(1.0, gt=0, le=1, description="share of the way to the optimum")

    def learn_vector(self, vector: Array, lesson: simlab.VectorRewardLesson) -> Array:
        return (1 - self.step) * vector + self.step * lesson.reward / lesson.beta
