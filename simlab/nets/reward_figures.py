"""What a reward model's scores are worth on labelled rankings: the measures of its table, on tensors.

Labels are those of `preference`; pairs that are undecided or not compared do not count.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["accuracy", "brier", "calibration_error", "figures", "margin"]

BINS = 10


def accuracy(differences: Tensor, labels: Tensor) -> float:
    """Share of decided pairs (1, 2) whose score difference has the label's sign; equal scores count ½; NaN if none."""
    return _mean(0.5 + 0.5 * torch.sign(_chosen(differences, labels)))


def margin(differences: Tensor, labels: Tensor) -> float:
    """Mean score of the chosen less that of the rejected; NaN without a decided pair."""
    return _mean(_chosen(differences, labels))


def brier(differences: Tensor, labels: Tensor) -> float:
    """Mean squared error of the chance σ(Δ) that the chosen is better (Brier 1950, Monthly Weather Review 78); of two
    possible events one, so that a coin has ¼. NaN without a decided pair."""
    return _mean((1.0 - torch.sigmoid(_chosen(differences, labels))).square())


def calibration_error(differences: Tensor, labels: Tensor) -> float:
    """Expected calibration error: the mean over decided pairs of |share right − mean confidence| of their bin, of ten
    equally wide ones. Confidence is the chance σ(|Δ|) of the side that the model finds better: of two sides ½ at least,
    so that five bins can be filled. NaN without a decided pair. Source: Guo et al. 2017 (arXiv:1706.04599) eq. 3."""
    chosen = _chosen(differences, labels).double()
    if not len(chosen):
        return math.nan
    confidence, right = torch.sigmoid(chosen.abs()), 0.5 + 0.5 * torch.sign(chosen)
    place = (confidence * BINS).ceil().long() - 1  # bins are open below and closed above
    zero = torch.zeros(BINS, dtype=torch.float64, device=chosen.device)
    gap = zero.index_add(0, place, right - confidence)
    return float(gap.abs().sum() / len(chosen))


def figures(scores: Tensor, differences: Tensor, labels: Tensor) -> dict[str, float]:
    """All of these, and what the scores [m, K] themselves look like, under TRL's names where it has one."""
    each = scores.double()
    return {
        "accuracy": accuracy(differences, labels),
        "margin": margin(differences, labels),
        "brier": brier(differences, labels),
        "ece": calibration_error(differences, labels),
        "mean_reward": float(each.mean()),
        "std_reward": float(each.std(correction=0)),
        "min_reward": float(each.min()),
        "max_reward": float(each.max()),
    }


def _chosen(differences: Tensor, labels: Tensor) -> Tensor:
    """Score of the chosen less that of the rejected, of every decided pair, in one row."""
    sign = (labels == 1).to(differences.dtype) - (labels == 2).to(differences.dtype)
    return (differences * sign)[sign != 0]


def _mean(values: Tensor) -> float:
    return float(values.double().mean()) if len(values) else math.nan
