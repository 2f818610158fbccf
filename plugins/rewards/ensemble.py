"""Several reward models that learned from the same labels, and what to believe where they differ.

`members` of the reward model says how many there are; each one's score is standardized by itself. Where one score [B]
is given instead of scores [M, B], it is an ensemble of one. Source: Coste et al. 2023 (arXiv:2310.02743).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class EnsembleMean(simlab.KLPenalizedReward):
    """The mean of the members' scores: mean optimization (Coste et al. 2023)."""

    name = "ensemble_mean"
    members = True

    def scored(self, score: Tensor) -> Tensor:
        """Means [B] of scores [M, B]."""
        return score.reshape(-1, score.shape[-1]).mean(dim=0)

    def direction(self, score: Any, cost: Any = None) -> Any:
        """The mean of the members' directions [M, d]."""
        return score.mean(axis=0)


class EnsembleWorst(simlab.KLPenalizedReward):
    """The lowest of the members' scores: worst-case optimization (Coste et al. 2023).

    It bends the score where another member becomes the lowest, so that worlds without networks refuse it.
    """

    name = "ensemble_worst"
    members = True
    linear = False

    def scored(self, score: Tensor) -> Tensor:
        """Minima [B] of scores [M, B]."""
        return score.reshape(-1, score.shape[-1]).amin(dim=0)


class EnsembleUncertain(simlab.KLPenalizedReward):
    """The mean less `doubt` times the variance between members: uncertainty-weighted (Coste et al. 2023).

    The variance is quadratic in a response, so that worlds without networks, whose policies keep their spread, refuse
    it.
    """

    name = "ensemble_uncertain"
    members = True
    linear = False
    doubt: float = Field(0.5, ge=0, le=1e6, description="λ, reward per unit of variance between the members")

    def scored(self, score: Tensor) -> Tensor:
        """Means less λ·variances [B] of scores [M, B]."""
        each = score.reshape(-1, score.shape[-1])
        return each.mean(dim=0) - self.doubt * each.var(dim=0, unbiased=False)
