"""The score measured against its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Whitened(simlab.RewardShape):
    """Like `plain`, with the scores of a batch brought to mean 0 and standard deviation 1 first.

    What counts is then only how a response compares with its batch, whatever the reward model's scale
    (Engstrom et al. 2020, "Implementation matters in deep policy gradients").
    """

    name = "whitened"
    beta: float = Field(0.2, ge=0.0, description="β, the leash: nats of KL cost this much reward each")

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        spread = score.std(unbiased=False).clamp(min=1e-8)
        reward = -self.beta * (logp - logp_ref) * mask
        last = (mask.long().sum(dim=1) - 1).clamp(min=0)
        reward[range(len(score)), last] += (score - score.mean()) / spread
        return reward
