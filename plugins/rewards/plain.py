"""The score at the end, as it is or measured against its batch, less a penalty for leaving the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab

if TYPE_CHECKING:
    from torch import Tensor


class Plain(simlab.KLPenalizedReward):
    """r_t = −β(log π − log π_ref), plus the score on the last token (Ziegler et al. 2019; InstructGPT, eq. 2).

    The penalty is the k1 estimator of KL(π‖π_ref), token by token.
    """

    name = "plain"


class Whitened(Plain):
    """Like `plain`, with the scores of a batch brought to mean 0 and standard deviation 1 first.

    What counts is then only how a response compares with its batch, whatever the reward model's scale
    (Engstrom et al. 2020, "Implementation matters in deep policy gradients").
    """

    name = "whitened"

    def scored(self, score: Tensor) -> Tensor:
        """z-scores of the batch."""
        spread = score.std(unbiased=False).clamp(min=1e-8)
        return (score - score.mean()) / spread


class Centred(Plain):
    """Like `plain`, with the mean of the batch taken off the scores first: a baseline, which moves no optimum.

    The reinforcement baseline of Williams 1992, Machine Learning 8; in RLHF, Ahmadian et al. 2024 (arXiv:2402.14740).
    """

    name = "centred"

    def scored(self, score: Tensor) -> Tensor:
        """Scores less their mean."""
        return score - score.mean()
