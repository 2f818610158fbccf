"""Three ways to charge for leaving the reference, of which one word at a time is known: Schulman's estimators of KL.

With x drawn from π and r = π_ref(x)/π(x): k1 = −log r, k2 = (log r)²/2, k3 = (r − 1) − log r. The means of k1 and k3
under π are KL(π‖π_ref), that of k2 is not; k2 and k3 are never negative. Source: Schulman 2020,
http://joschu.net/blog/kl-approx.html. What is unbiased as an estimate need not be so as a reward, through which no
gradient flows: only k1's optimum is π* ∝ π_ref·exp(score/β) (Liu et al. 2025, arXiv:2510.01555), so worlds without
networks take k1 only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class K1(simlab.KLPenalizedReward):
    """The log-ratio: k1 = log π − log π_ref. Unbiased, often negative, of high variance (Schulman 2020).

    The same rewards as `plain`, under the name the estimator has.
    """

    name = "k1"


class K2(simlab.KLPenalizedReward):
    """Half the squared log-ratio: k2 = (log π − log π_ref)²/2. Biased, of low variance (Schulman 2020).

    As a reward it charges a word for becoming rarer as much as for becoming more frequent.
    """

    name = "k2"
    linear = False

    def penalty(self, logp: Tensor, logp_ref: Tensor) -> Tensor:
        """k2 of each token."""
        return (logp - logp_ref).square() / 2


class K3(simlab.KLPenalizedReward):
    """k3 = r − 1 − log r with r = π_ref/π. Unbiased, never negative, of low variance (Schulman 2020).

    What GRPO (Shao et al. 2024, arXiv:2402.03300, eq. 4) puts into its loss.
    """

    name = "k3"
    linear = False

    def penalty(self, logp: Tensor, logp_ref: Tensor) -> Tensor:
        """k3 of each token."""
        ratio = logp_ref - logp
        return ratio.expm1() - ratio
