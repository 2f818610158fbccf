"""Good enough is enough: nothing is lost, and nothing gained, beyond a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Margin(simlab.KLPenalizedReward):
    """Minus what a score lacks to `margin`: −max(0, margin − score), a hinge. The model satisfices.

    A satisficer looks for an alternative that meets its aspiration, not for the best one: Simon 1956, Psychological
    Review 63. A margin *between* two responses, as in Llama 2 (arXiv:2307.09288, eq. 2), belongs into the loss of the
    reward model and not here.
    """

    name = "margin"
    linear = False
    margin: float = Field(1.0, ge=-1e6, le=1e6, description="the score that is good enough, in standard deviations")

    def scored(self, score: Tensor) -> Tensor:
        """What is lacking, negative."""
        return -(self.margin - score).clamp(min=0)
