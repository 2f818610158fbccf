"""Scores read as preferences: the chance that raters like a response better than an ordinary one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Preference(simlab.KLPenalizedReward):
    """The chance that a response is preferred to a reference one, as reward: σ(slope·(score − reference)).

    Preference As Reward (Fu et al. 2025, arXiv:2502.18770): for a Bradley–Terry reward model, the centred sigmoid *is*
    that chance. The paper centres by the reward of the reference model's responses; simlab's scores have their mean at
    0, so `reference` is 0. They are in standard deviations, so `slope` says how many log-odds one of these is worth
    (`score_std` in the table `reward_model`).
    """

    name = "preference"
    linear = False
    slope: float = Field(1.0, gt=0, le=1e6, description="log-odds of being preferred per unit of the score")
    reference: float = Field(0.0, ge=-1e6, le=1e6, description="score of the response it is compared with")

    def scored(self, score: Tensor) -> Tensor:
        """Chances of being preferred."""
        return (self.slope * (score - self.reference)).sigmoid()


class LogPreference(Preference):
    """The logarithm of that chance: log σ(slope·(score − reference)). Poor responses matter most.

    The log-sigmoid-centred (LSC) transformation of Wang et al. 2024 (arXiv:2402.00742): the sum of several such rewards
    says that a response is good in all respects.
    """

    name = "log_preference"

    def scored(self, score: Tensor) -> Tensor:
        """Log-chances of being preferred."""
        from torch.nn.functional import logsigmoid

        return logsigmoid(self.slope * (score - self.reference))
