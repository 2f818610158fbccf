"""The likelihood of whole rankings: Plackett (1975) and Luce (1959), with ties."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

__all__ = ["plackett_luce_loss"]


def plackett_luce_loss(scores: Tensor, wins: Tensor) -> Tensor:
    """Mean negative log-likelihood, in nats a ranking, of the orders in which responses [m, K] won, by their scores.

    −Σ_i [s_i − log Σ_{j≥i} e^{s_j}], responses numbered from the best: the best is chosen first, with probability
    softmax(s), then the best of the others, and so on. Source: Luce 1959; Plackett 1975, Applied Statistics 24; as a
    loss for networks ListMLE (Xia et al. 2008, ICML). `wins` [m, K] says the order: who has more stands before.
    Where several have as many, nobody said in which order they stand: the loss is its mean over all orders of them.
    (So of two undecided responses it is half a win each, as in `preference.bradley_terry_loss`; Breslow's and Efron's
    approximations, made for survival times, count the choice among ties twice.)
    Of all these orders, a set R of responses is what is left at some time with a probability known from how many of
    the tied are in it, 1/C(g, r); so the mean is Σ_R P(R)·log Σ_{j∈R} e^{s_j} − Σ_i s_i.
    """
    rest = _subsets(scores.shape[1], scores.device)  # [R, K]
    level = torch.where(rest, wins[:, None, :], -torch.inf).amax(-1, keepdim=True)  # [m, R, 1] the most wins in R
    missing = (wins[:, None, :] < level) & ~rest
    tied = wins[:, None, :] == level
    group, left = tied.sum(-1), (tied & rest).sum(-1)  # [m, R] g and r
    chance = torch.where(missing.any(-1), 0.0, 1.0 / _choices(scores.shape[1], scores.device)[group, left])
    total = torch.where(rest, scores[:, None, :], -torch.inf).logsumexp(-1)  # [m, R]
    return ((chance.to(scores.dtype) * total).sum(1) - scores.sum(1)).mean()


@cache
def _subsets(options: int, device: torch.device) -> Tensor:
    """All sets of some of K responses [2^K − 1, K]."""
    numbers = torch.arange(1, 2**options, device=device)
    return (numbers[:, None] >> torch.arange(options, device=device)) & 1 == 1


@cache
def _choices(options: int, device: torch.device) -> Tensor:
    """C(g, r) [K+1, K+1]; 1 where r > g, which is never asked for."""
    ways = [[max(1, math.comb(g, r)) for r in range(options + 1)] for g in range(options + 1)]
    return torch.tensor(ways, dtype=torch.float64, device=device)
