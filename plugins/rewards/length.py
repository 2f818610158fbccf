"""Rewards that mind how a response ends: how long it has grown by then, and whether it came to an end at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class LengthPenalised(simlab.KLPenalizedReward):
    """Like `plain`, and every token costs `price`: reward models like long responses, and PPO finds out.

    Singhal et al. 2023 (arXiv:2310.03716) on how much of RLHF is length, and on penalties against it.
    """

    name = "length_penalised"
    linear = False  # in a world whose responses have a length; in others it would do nothing
    price: float = Field(0.05, ge=-1e6, le=1e6, description="reward a token costs; negative: what it is worth")

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Rewards [B, T]."""
        return super().shape(score, logp, logp_ref, mask) - self.price * mask


class MissingEnd(simlab.KLPenalizedReward):
    """Like `plain`, and a response that was cut off before its end token loses `missing`.

    `missing_eos_penalty` of TRL's PPO (von Werra et al. 2020), subtracted and not put in the score's place, which has
    no zero of its own. Called without `ended`, it takes every response for a whole one.
    """

    name = "missing_end"
    ends = True
    linear = False  # in a world whose responses have an end
    missing: float = Field(1.0, ge=0, le=1e6, description="taken off the score of a response without an end")

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor, ended: Tensor | None = None) -> Tensor:
        """Rewards [B, T]; `ended` [B] says which responses came to an end by themselves."""
        if ended is not None:
            score = score - self.missing * ~ended.bool()
        return self.leashed(score, logp, logp_ref, mask)
