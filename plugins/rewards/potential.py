"""Rewards that come sooner and change nothing: what is paid on the way is paid back at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Potential(simlab.KLPenalizedReward):
    """Like `plain`, plus γΦ(s′) − Φ(s) for each token that leads from s to s′: no policy gains or loses by it.

    Ng, Harada & Russell 1999 (ICML), theorem 1. Φ(s) is `weight` times the reference's log-probability of what was
    said so far, and 0 before the first token and after the last: an unlikely word is felt at once. Any other potential
    is a class with another `potential`. `gamma` has to be the learner's discount.
    """

    name = "potential"
    weight: float = Field(1.0, ge=-1e6, le=1e6, description="reward per nat of the reference's log-probability")
    gamma: float = Field(1.0, ge=0, le=1, description="γ, the discount from token to token: the learner's own")

    def potential(self, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Φ of what was said after each token [B, T], which must not depend on what comes later."""
        return self.weight * (logp_ref * mask).cumsum(dim=1)

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Rewards [B, T]."""
        after = self.potential(logp_ref, mask) * mask
        before = after.roll(1, dims=1)
        before[:, 0] = 0  # nothing was said yet
        after[:, :-1] *= mask[:, 1:]  # and where it ends, all is paid back
        after[:, -1] = 0
        return super().shape(score, logp, logp_ref, mask) + (self.gamma * after - before) * mask
