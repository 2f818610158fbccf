"""Agreement between raters who judged the same things: percent agreement, Cohen's and Fleiss' κ, Krippendorff's α.

Ratings are a matrix [raters, items] with NaN where a rater did not rate an item; `ratings` makes one from long
columns, as of the table `comparisons`. Plain numpy.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simlab.components import Array

Counts = NDArray[np.int64]


def ratings(item: ArrayLike, rater: ArrayLike, label: ArrayLike) -> Array:
    """The matrix [raters, items] of labels given in long form, one entry a rating; the last of several counts."""
    items, column = np.unique(np.asarray(item), return_inverse=True)
    raters, row = np.unique(np.asarray(rater), return_inverse=True)
    out = np.full((len(raters), len(items)), np.nan)
    out[row, column] = np.asarray(label, dtype=float)
    return out


def category_counts(matrix: Array) -> Counts:
    """How many raters put each item into each category [items, categories], categories in ascending order."""
    categories = np.unique(matrix[~np.isnan(matrix)])
    return np.stack([np.sum(matrix == category, axis=0) for category in categories], axis=1)


def percent_agreement(matrix: Array) -> float:
    """Share of pairs of ratings of one item that are equal, over all items; NaN if no item has two ratings."""
    counts = category_counts(matrix)
    rated = counts.sum(axis=1)
    pairs = float(np.sum(rated * (rated - 1)))
    return float(np.sum(counts * (counts - 1))) / pairs if pairs else float("nan")


def contingency(a: ArrayLike, b: ArrayLike) -> Counts:
    """How often one rater said i where the other said j [categories, categories]."""
    x, y = np.asarray(a), np.asarray(b)
    categories, both = np.unique(np.concatenate([x, y]), return_inverse=True)
    k = len(categories)
    return np.bincount(both[: len(x)] * k + both[len(x) :], minlength=k * k).reshape(k, k)


def cohen_kappa(table: ArrayLike) -> float:
    """κ = (p_o − p_e)/(1 − p_e) of two raters from their contingency table (Cohen 1960).

    NaN if both raters put everything into one and the same category.
    """
    share = np.asarray(table, dtype=float)
    share = share / share.sum()
    expected = float(share.sum(axis=1) @ share.sum(axis=0))
    return (float(np.trace(share)) - expected) / (1 - expected) if expected < 1 else float("nan")


def fleiss_kappa(counts: ArrayLike) -> float:
    """κ of many raters from category counts [items, categories] (Fleiss 1971). NaN if there is one category only.

    Raises ValueError unless every item has the same number of ratings, at least two; see `krippendorff_alpha`.
    """
    n = np.asarray(counts, dtype=float)
    raters = float(n[0].sum())
    if raters < 2 or np.any(n.sum(axis=1) != raters):
        raise ValueError("Fleiss' kappa needs the same number of ratings, two or more, of every item")
    observed = float(np.mean((np.sum(n * n, axis=1) - raters) / (raters * (raters - 1))))
    expected = float(np.sum((n.sum(axis=0) / n.sum()) ** 2))
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def krippendorff_alpha(matrix: Array, metric: Literal["nominal", "interval"] = "nominal") -> float:
    """α = 1 − D_o/D_e for any number of raters and missing ratings (Krippendorff 2011, "Computing Krippendorff's
    alpha-reliability"); disagreement is 0 or 1 if nominal, the squared difference if interval.

    Items with fewer than two ratings are left out. NaN if the others do not vary.
    """
    paired = matrix[:, np.sum(~np.isnan(matrix), axis=0) >= 2]
    if not paired.size:
        return float("nan")
    disagreement = _nominal if metric == "nominal" else _interval
    each = np.sum(~np.isnan(paired), axis=0)
    observed = float(np.sum(disagreement(paired) / (each - 1)))
    together = paired[~np.isnan(paired)][:, None]
    expected = float(disagreement(together)[0]) / (len(together) - 1)
    return 1 - observed / expected if expected > 0 else float("nan")


def _nominal(matrix: Array) -> Array:
    """Ordered pairs of unequal ratings of each item."""
    counts = category_counts(matrix).astype(float)
    return np.asarray(counts.sum(axis=1) ** 2 - np.sum(counts * counts, axis=1))


def _interval(matrix: Array) -> Array:
    """Squared differences of ratings of each item, summed over ordered pairs: 2mΣv² − 2(Σv)², about the mean."""
    centred = matrix - np.nanmean(matrix)
    n = np.sum(~np.isnan(matrix), axis=0)
    return np.asarray(2 * n * np.nansum(centred**2, axis=0) - 2 * np.nansum(centred, axis=0) ** 2)
