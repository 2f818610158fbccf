"""What labels of all pairs say of a whole ranking: who won how often, and how strong each preference is.

Labels [m, K(K−1)/2] are 1 (first better), 2 (second better) and 0 (undecided), in the order of
`itertools.combinations(range(K), 2)`. Numpy only.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Strength", "strengths", "wins"]

Array = NDArray[np.float64]
Strength = Literal["places", "votes", "perceived"]
GRADES = 4  # of preference, as the raters of Llama 2 had


def wins(labels: NDArray[Any]) -> Array:
    """How many of the others each response beat [m, K], an undecided pair being half a win (Copeland 1951).

    Where labels are transitive these numbers are K−1, K−2, …, 0 and say the order. Responses with as many wins as each
    other are tied: they were undecided, or each beat another in a circle. Raises ValueError where a pair has no label.
    """
    given = np.asarray(labels)
    if not np.isin(given, (0, 1, 2)).all():
        raise ValueError("a whole ranking needs a label of every pair: 1, 2 or 0")
    options = _options(given)
    found = np.zeros((len(given), options))
    share = np.array([0.5, 1.0, 0.0])[given]  # of a win, for the first
    for pair, (first, second) in enumerate(combinations(range(options), 2)):
        found[:, first] += share[:, pair]
        found[:, second] += 1.0 - share[:, pair]
    return found


def strengths(by: Strength, labels: NDArray[Any], shares: Array | None = None, perceived: Array | None = None) -> Array:
    """How strong each preference is [m, pairs], from 0 to 1.

    "places": how many places lie between the two, (wins − wins)/(K−1); of two responses always 1. "votes": what the
    majority has more than half of, |2·share − 1|, of the `shares` into which several people's labels were put together;
    1 where nothing was. "perceived": in which quarter of all decided pairs the difference lies that the rater
    `perceived`: 0, ⅓, ⅔, 1, the four grades and small margins of Llama 2 (arXiv:2307.09288, table 27). Undecided pairs
    have 0.
    """
    decided = np.asarray(labels) > 0
    if by == "places":
        first, second = np.array(list(combinations(range(_options(labels)), 2))).T
        won = wins(labels)
        found = np.abs(won[:, first] - won[:, second]) / (won.shape[1] - 1)
    elif by == "votes":
        found = np.ones(decided.shape) if shares is None else np.abs(2.0 * shares - 1.0)
    else:
        if perceived is None:
            raise ValueError("nobody said what raters perceived")
        size = np.abs(perceived)
        ends = np.quantile(size[decided], np.arange(1, GRADES) / GRADES) if decided.any() else np.zeros(GRADES - 1)
        found = np.searchsorted(ends, size, side="left") / (GRADES - 1)
    return np.where(decided, found, 0.0)


def _options(labels: NDArray[Any]) -> int:
    """K, from K(K−1)/2 pairs."""
    return (1 + math.isqrt(1 + 8 * np.asarray(labels).shape[1])) // 2
