"""How much one judgement tells of another, in nats: the mutual information of labels, or of utilities.

Along a chain in which each level sees only the one before, it never grows (data processing), whatever the world.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from simlab.arrays import Array


def label_information(a: ArrayLike, b: ArrayLike) -> float:
    """Mutual information of two labels [n] of the same things, in nats (the plug-in estimate)."""
    x, y = np.asarray(a), np.asarray(b)
    categories, both = np.unique(np.concatenate([x, y]), return_inverse=True)
    q = len(categories)
    share = np.bincount(both[: len(x)] * q + both[len(x) :], minlength=q * q).reshape(q, q) / len(x)
    product = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    some = share > 0
    return float(np.sum(share[some] * np.log(share[some] / product[some])))


def mutual_information(a: Array, b: Array, neighbours: int = 3) -> float:
    """Mutual information of two continuous variables [n], in nats, from distances to the k-th nearest neighbour.

    Kraskov, Stögbauer & Grassberger (2004), Phys. Rev. E 69, eq. 8; nearly unbiased, and blind to monotone
    transformations of either variable (each is first turned into normal scores). Small negative values mean none.
    """
    from scipy.spatial import cKDTree
    from scipy.special import digamma, ndtri
    from scipy.stats import rankdata

    n = len(a)
    x, y = (ndtri((rankdata(v, "ordinal") - 0.5) / n) for v in (a, b))
    both = np.stack([x, y], axis=1)
    distance = cKDTree(both).query(both, k=neighbours + 1, p=np.inf)[0][:, -1]
    within = [_within(v, distance) for v in (x, y)]
    spread = np.mean(sum(digamma(count + 1) for count in within))
    return float(digamma(neighbours) + digamma(n) - spread)


def _within(values: Array, distance: Array) -> Array:
    """How many others of one variable [n] lie strictly within each one's distance [n]."""
    ordered = np.sort(values)
    upper = np.searchsorted(ordered, values + distance, side="left")
    lower = np.searchsorted(ordered, values - distance, side="right")
    return np.asarray(upper - lower - 1, dtype=float)
