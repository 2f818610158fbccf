"""The score at the end, as it is or measured against its batch, less a penalty for leaving the reference."""

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


class Whitened(Plain):
    """Like `plain`, with the scores of a batch brought to mean 0 and standard deviation 1 first.

    What counts is then only how a response compares with its batch, whatever the reward model's scale
    (Engstrom et al. 2020, "Implementation matters in deep policy gradients").
    """

    name = "whitened"

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        spread = score.std(unbiased=False).clamp(min=1e-8)
        return super().shape((score - score.mean()) / spread, logp, logp_ref, mask)
