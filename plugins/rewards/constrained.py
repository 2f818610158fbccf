"""As helpful as possible, as long as it stays safe: a second reward model sets a limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Constrained(simlab.KLPenalizedReward):
    """score − λ·cost, with a multiplier λ that grows while the mean cost is above `limit`, and shrinks below it.

    Safe RLHF (Dai et al. 2023, arXiv:2310.12773): ln λ ← ln λ + step·λ·(mean cost − limit) after each iteration (eq.
    31), so that λ stays positive. `cost` names a reward model that learned by raters with another guideline; the cost
    is minus its score, in standard deviations of the pretrained model's responses, whose mean cost is 0. Unlike the
    paper, the reward is not divided by 1 + λ, so that β means the same throughout and the optimum is that of reward −
    β·KL under the constraint. λ lasts from round to round; the table `policy` shows it as `coefficient`, and the mean
    cost as `objective_cost`. Called without a cost, it is `plain`.
    """

    name = "constrained"
    example: ClassVar[Mapping[str, Any]] = {"cost": "rm_safety"}
    cost: str = Field(min_length=1, description="the reward model whose dislike is the cost")
    limit: float = Field(0.0, ge=-1e6, le=1e6, description="the mean cost that is allowed; negative: safer than before")
    step: float = Field(0.1, gt=0, le=1e3, description="α, how fast the multiplier moves")
    multiplier: float = Field(1.0, gt=0, le=1e6, description="λ to begin with")

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor, cost: Tensor | None = None) -> Tensor:
        """Rewards [B, T] from scores and costs [B]."""
        if cost is not None:
            score = score - self.multiplier * cost
        return self.leashed(score, logp, logp_ref, mask)

    def direction(self, score: Any, cost: Any = None) -> Any:
        """That of score − λ·cost."""
        return score - self.multiplier * cost

    def updated(self, figures: Mapping[str, float]) -> Constrained:
        """With the multiplier one dual step on."""
        excess = figures["objective_cost"] - self.limit
        change = max(-1.0, min(1.0, self.step * self.multiplier * excess))  # no more than e-fold, or steps overshoot
        return self.model_copy(update={"multiplier": min(1e6, max(1e-6, self.multiplier * math.exp(change)))})

    def coefficient(self) -> float:
        """λ."""
        return self.multiplier
