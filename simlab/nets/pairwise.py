"""Losses of comparisons: what differences of scores make of labels, one for each pair of a ranking.

Labels are 1 (first better), 2 (second better), 0 (undecided) and -1 (not compared), in the order of
`itertools.combinations(range(K), 2)`. Shapes: m rankings of K responses. Knows nothing of simlab.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "Ties",
    "as_pairs",
    "attenuated",
    "bradley_terry_loss",
    "centring_penalty",
    "pair_differences",
    "pair_log_odds",
]

Ties = Literal["half", "davidson"]
LOGISTIC_IN_NORMAL = math.pi / 8  # σ(x) is about Φ(x·√(π/8)): both have the same slope at 0


def bradley_terry_loss(
    differences: Tensor,
    labels: Tensor,
    *,
    ties: Ties = "half",
    tie: Tensor | None = None,
    margin: Tensor | float = 0.0,
    smoothing: float = 0.0,
    shares: Tensor | None = None,
) -> Tensor:
    """Mean negative log-likelihood of labels given score differences (first less second), of one shape.

    Pairs labelled -1 do not count; with none left the loss is 0. `ties="half"`: an undecided pair is half a win
    each way. `ties="davidson"`: P(first : second : undecided) = e^(Δ/2) : e^(-Δ/2) : ν with `tie` = log ν
    (Davidson 1970, JASA 65). `margin` is how far apart a decided pair should be (Llama 2, arXiv:2307.09288, eq. 2);
    `smoothing` is the chance that a decided label is wrong way round (conservative DPO; 0: none). `shares` in [0, 1],
    if given, say which share of a win the first has, where the labels would say 1, 0 or ½.
    Source: Bradley & Terry 1952; Stiennon et al. 2020 (arXiv:2009.01325) eq. 1.
    """
    judged = labels >= 0
    sign = (labels == 1).float() - (labels == 2).float()  # 0 where undecided
    delta = differences - sign * margin
    lean = sign if shares is None else 2 * shares - 1
    first = 0.5 + lean * (0.5 - smoothing)  # target share of the first
    if ties == "half":
        losses = -(first * F.logsigmoid(delta) + (1 - first) * F.logsigmoid(-delta))
    else:
        level = torch.zeros_like(delta) + (0.0 if tie is None else tie)
        chances = torch.stack((delta / 2, -delta / 2, level), dim=-1).log_softmax(-1)
        decided = first * chances[..., 0] + (1 - first) * chances[..., 1]
        losses = -torch.where(labels == 0, chances[..., 2], decided)
    return (losses * judged).sum() / judged.sum().clamp(min=1)


def centring_penalty(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean over the labelled pairs of rankings [m, K] of (score + score)², which holds the scores near 0, where their
    likelihood, which knows differences only, lets them drift. Source: Eisenstein et al. 2023 (arXiv:2312.09244); in TRL
    times `center_rewards_coefficient`."""
    judged = labels >= 0
    first, second = _pairs(scores)
    return ((first + second).square() * judged).sum() / judged.sum().clamp(min=1)


def pair_differences(scores: Tensor) -> Tensor:
    """Score of the first less score of the second [m, K(K-1)/2] for every pair of rankings [m, K]."""
    first, second = _pairs(scores)
    return first - second


def pair_log_odds(means: Tensor, variances: Tensor) -> Tensor:
    """Log-odds [m, K(K-1)/2] that the first is better, for every pair of rankings whose scores are normally distributed
    with these means and variances [m, K], independently of one another; see `attenuated`."""
    first, second = _pairs(variances)
    return attenuated(pair_differences(means), first + second)


def attenuated(differences: Tensor, variances: Tensor) -> Tensor:
    """Log-odds Δ/√(1 + πs²/8) of a win whose difference of scores is normal with mean Δ and variance s².

    Approximately E[σ(Δ + s·z)], z standard normal, within .02 of it for any Δ and s: Bradley and Terry's model where
    people differ in what they find of a response (Spiegelhalter & Lauritzen 1990, Networks 20; MacKay 1992, Neural
    Computation 4, 720). With s² = 0 it is Δ. In units of √(8/π) this is about Φ(Δ/√(1 + s²)), Thurstone's case III;
    Siththaranjan et al. 2023 (arXiv:2312.08358) leave the 1 out, so that labels err by s² alone. All such likelihoods
    leave a scale open: 1 + πs²/8 times a², with Δ times a, gives the same log-odds.
    """
    return differences / (1 + LOGISTIC_IN_NORMAL * variances).sqrt()


def as_pairs(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Mean scores [m, K], and log-odds [m, K(K-1)/2] that the first of each pair is better; of scores [m, K], or means
    and variances [m, K, 2], as `preference.RewardModel.of_rankings` gives them."""
    if scores.ndim == 2:
        return scores, pair_differences(scores)
    means, variances = scores.unbind(-1)
    return means, pair_log_odds(means, variances)


def _pairs(scores: Tensor) -> tuple[Tensor, Tensor]:
    pairs = torch.tensor(list(combinations(range(scores.shape[1]), 2)), device=scores.device)
    return scores[:, pairs[:, 0]], scores[:, pairs[:, 1]]
