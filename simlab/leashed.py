"""What most reward shapes share: a score on the last token, less what it costs to leave the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from simlab.components import RewardShape

if TYPE_CHECKING:
    from torch import Tensor


class LeashedShape(RewardShape):
    """r_t = −β·(what token t costs), plus the score on the last token (Ziegler et al. 2019, arXiv:1909.08593, eq. 2).

    Derive from it and override `scored` (what becomes of the scores of a batch) or `penalty` (what it costs to say a
    token that the reference would have said more, or less, often).
    """

    beta: float = Field(0.2, ge=0.0, le=1e6, description="β, the leash: nats of KL cost this much reward each")

    def scored(self, score: Tensor) -> Tensor:
        """What the scores [B] of a batch count for [B]; as they are, unless a shape says otherwise."""
        return score

    def penalty(self, logp: Tensor, logp_ref: Tensor) -> Tensor:
        """What each token costs [B, T], in nats: log π − log π_ref, whose mean under π is KL(π‖π_ref)."""
        return logp - logp_ref

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Per-token rewards [B, T]."""
        return self.leashed(self.scored(score), logp, logp_ref, mask)

    def leashed(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """The penalty on every token [B, T], and a score [B] of any making on the last."""
        reward = -self.beta * self.penalty(logp, logp_ref) * mask
        reward[range(len(score)), last_token(mask)] += score
        return reward


def last_token(mask: Tensor) -> Tensor:
    """Where each response has its last token [B], given what is response and what padding [B, T]."""
    return (mask.long().sum(dim=1) - 1).clamp(min=0)
