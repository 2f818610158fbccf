"""Scores that cannot grow without end: cut off, or flattened toward a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Clipped(simlab.KLPenalizedReward):
    """Like `plain`, with scores cut at ± `bound`.

    Rewards cut at ±1 in every game: Mnih et al. 2015, Nature 518; in RLHF, reward clipping is among what Zheng et al.
    2023 (arXiv:2307.04964) study. The learner's own `score_clip` cuts at ±3 before any shape.
    """

    name = "clipped"
    linear = False
    bound: float = Field(1.0, gt=0, le=1e6, description="scores beyond ± this count as this, in standard deviations")

    def scored(self, score: Tensor) -> Tensor:
        """Scores within ± bound."""
        return score.clamp(-self.bound, self.bound)


class Sigmoid(simlab.KLPenalizedReward):
    """Like `plain`, with scores brought into (0, 1) by σ(score/width): what is good enough hardly gets better.

    That a reward should be bounded, rise fast and then level off: Fu et al. 2025 (arXiv:2502.18770).
    """

    name = "sigmoid"
    linear = False
    width: float = Field(1.0, gt=0, le=1e6, description="scores this far from 0 count .73 and .27")

    def scored(self, score: Tensor) -> Tensor:
        """σ(score/width)."""
        return (score / self.width).sigmoid()


class Tanh(simlab.KLPenalizedReward):
    """Like `plain`, with scores brought into (−bound, bound) by bound·tanh(score/bound): near 0 as they are.

    A smooth form of `clipped`. Why rewards should be bounded: Fu et al. 2025 (arXiv:2502.18770).
    """

    name = "tanh"
    linear = False
    bound: float = Field(1.0, gt=0, le=1e6, description="the most a score can count for, in standard deviations")

    def scored(self, score: Tensor) -> Tensor:
        """bound·tanh(score/bound)."""
        return self.bound * (score / self.bound).tanh()
