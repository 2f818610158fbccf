"""The score at the end, less a penalty for leaving the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Plain(simlab.RewardShape):
    """r_t = −β(log π − log π_ref), plus the score on the last token (Ziegler et al. 2019; InstructGPT, eq. 2).

    The penalty is the k1 estimator of KL(π‖π_ref), token by token.
    """

    name = "plain"
    beta: float = Field(0.2, ge=0.0, description="β, the leash: nats of KL cost this much reward each")

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        reward = -self.beta * (logp - logp_ref) * mask
        last = (mask.long().sum(dim=1) - 1).clamp(min=0)
        reward[range(len(score)), last] += score
        return reward
