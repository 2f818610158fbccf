"""Averse to risk: what is paid is what all but a few people would find a response to be worth at least."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class LowerQuantile(simlab.KLPenalizedReward):
    """A low quantile of the score: μ + Φ⁻¹(quantile)·σ, as risk-averse as the quantile is low.

    Of a reward model with `variance`, whose score is normal with mean μ and standard deviation σ: what people disagree
    about is paid less than what all like somewhat. Source: Siththaranjan et al. 2023 (arXiv:2312.08358), who make
    jailbroken responses, which some raters find helpful and others harmful, less attractive by it. With a quantile of ½
    it is `plain`, and called without deviations, too. σ is no linear function of a response, so that worlds without
    networks refuse it.
    """

    name = "lower_quantile"
    deviations = True
    linear = False
    quantile: float = Field(0.05, gt=0, lt=1, description="share of people who find the response worth less than that")

    def shape(
        self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor, deviation: Tensor | None = None
    ) -> Tensor:
        """Rewards [B, T] from scores and their standard deviations [B]."""
        if deviation is not None:
            score = score + NormalDist().inv_cdf(self.quantile) * deviation
        return self.leashed(score, logp, logp_ref, mask)
