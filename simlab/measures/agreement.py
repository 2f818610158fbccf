"""Agreement between raters who judged the same things: percent agreement, Cohen's (and Conger's) and Fleiss' κ,
Krippendorff's α, Gwet's AC1 and AC2.

Ratings are a matrix [raters, items] with NaN where a rater did not rate an item; `ratings` makes one from long
columns, as of the table `comparisons`. What a whole pool says, with intervals, is in `measures/interrater.py`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simlab.arrays import Array

Counts = NDArray[np.int64]


def ratings(item: ArrayLike, rater: ArrayLike, label: ArrayLike) -> Array:
    """The matrix [raters, items] of labels given in long form, one entry a rating; the last of several counts."""
    items, column = np.unique(np.asarray(item), return_inverse=True)
    raters, row = np.unique(np.asarray(rater), return_inverse=True)
    out = np.full((len(raters), len(items)), np.nan)
    out[row, column] = np.asarray(label, dtype=float)
    return out


def category_counts(matrix: Array) -> Counts:
    """How many raters put each item into each category [items, categories], categories in ascending order.

    There is no category, and no column, if there is no rating at all.
    """
    categories = np.unique(matrix[~np.isnan(matrix)])
    if not len(categories):
        return np.zeros((matrix.shape[1], 0), dtype=np.int64)
    return np.stack([np.sum(matrix == category, axis=0) for category in categories], axis=1)


def percent_agreement(matrix: Array) -> float:
    """Share of pairs of ratings of one item that are equal, averaged over items; NaN if no item has two ratings.

    Every item counts alike, however many rated it (Gwet 2014, ch. 2), as in the table `agreement`. Pooling all pairs
    instead would give an item of ten ratings 45 times the weight of one of two.
    """
    return float(agreement_of(item_sums(category_counts(matrix)).sum(axis=0)[None, :])[0])


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


def conger_kappa(matrix: Array) -> float:
    """Cohen's κ for any number of raters, each with habits of their own (Conger 1980); of two it is Cohen's.

    With ratings missing, agreement is averaged over items and each rater's habits are those shown where they rated
    (Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed., ch. 2). NaN if nothing is left to chance.
    """
    categories = np.unique(matrix[~np.isnan(matrix)])
    if not len(categories):
        return float("nan")
    by_rater = np.stack([np.sum(matrix == category, axis=1) for category in categories], axis=1)  # [raters, categories]
    sums = item_sums(category_counts(matrix)).sum(axis=0)[None, :]
    return float(beyond_chance(agreement_of(sums), chance_by_habit(by_rater[None].astype(float)))[0])


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


# ---- any number of ratings of each item (Gwet 2014): functions of sums over items, so that items can be redrawn ----


def gwet_ac(counts: ArrayLike, weights: Array | None = None) -> float:
    """Gwet's AC1 of category counts [items, categories]; with agreement weights [categories, categories], his AC2.

    Chance agreement is what raters who cannot tell would reach on the items that are hard: T_w/(q(q−1))·Σπ(1−π), of
    q categories of shares π, T_w the sum of the weights (Gwet 2008, Brit. J. Math. Stat. Psych. 61, eq. 3; 2014,
    ch. 2 and 3). It does not collapse, as κ does, where one category is rare. NaN if there is one category only.
    """
    sums = item_sums(np.asarray(counts, dtype=float), weights).sum(axis=0)[None, :]
    return float(beyond_chance(agreement_of(sums), chance_of_hard_items(sums, weights))[0])


def quadratic_weights(values: ArrayLike) -> Array:
    """Agreement weights of categories of these values: 1 − (difference / largest difference)² (Fleiss & Cohen 1973)."""
    v = np.asarray(values, dtype=float)
    return np.asarray(1 - ((v[:, None] - v) / max(float(np.ptp(v)), 1e-12)) ** 2)


def item_sums(counts: ArrayLike, weights: Array | None = None) -> Array:
    """What each item adds to the sums below [items, 4 + 2q], from category counts [items, q].

    Columns: whether it was rated; whether twice or more; the agreement of its ratings (if so); the disagreement of
    Krippendorff's α; then its shares of the categories, and its counts (if rated twice or more).
    """
    n = np.asarray(counts, dtype=float)
    w = np.eye(n.shape[1]) if weights is None else weights
    rated = n.sum(axis=1)
    paired = rated >= 2
    pairs = np.maximum(rated * (rated - 1), 1)
    agreed = np.where(paired, np.sum(n * (n @ w - 1), axis=1) / pairs, 0)
    opposed = np.where(paired, (rated**2 - np.sum(n * n, axis=1)) / np.maximum(rated - 1, 1), 0)
    columns = np.stack([rated > 0, paired, agreed, opposed], axis=1)
    return np.concatenate([columns, n / np.maximum(rated, 1)[:, None], n * paired[:, None]], axis=1)


def agreement_of(sums: Array) -> Array:
    """Mean agreement of two ratings of an item [k], from sums [k, 4 + 2q]; NaN if no item has two."""
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:, 2] / sums[:, 1])


def shares_of(sums: Array) -> Array:
    """Mean share of each category [k, q]."""
    q = (sums.shape[1] - 4) // 2
    return np.asarray(sums[:, 4 : 4 + q] / np.maximum(sums[:, :1], 1))


def chance_of_hard_items(sums: Array, weights: Array | None = None) -> Array:
    """Chance agreement of AC1 and AC2 [k]; 1 where there is one category only."""
    share = shares_of(sums)
    q = share.shape[1]
    total = float(q if weights is None else weights.sum())
    return np.asarray(total / (q * (q - 1)) * np.sum(share * (1 - share), axis=1)) if q > 1 else np.ones(len(share))


def chance_of_category(sums: Array) -> Array:
    """Chance agreement of Fleiss' κ [k]: of raters who all have the same habits."""
    return np.asarray(np.sum(shares_of(sums) ** 2, axis=1))


def chance_by_habit(counts: Array) -> Array:
    """Chance agreement of Cohen's and Conger's κ [k], from the raters' counts of each category [k, raters, q]."""
    by_category = np.ascontiguousarray(np.moveaxis(counts, 2, 0))  # [q, k, raters]: sums over long rows are fast
    rated = by_category.sum(axis=0)
    raters = np.maximum(np.count_nonzero(rated, axis=1), 1)
    share = by_category / np.maximum(rated, 1)
    both = np.sum(share.sum(axis=2) ** 2 - np.sum(share * share, axis=2), axis=0)
    return np.asarray(np.where(raters > 1, both / np.maximum(raters * (raters - 1), 1), 1.0))


def beyond_chance(observed: Array, chance: Array) -> Array:
    """(observed − chance)/(1 − chance); NaN where chance explains everything."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance < 1 - 1e-12, (observed - chance) / (1 - chance), np.nan))


def alpha_of(sums: Array) -> Array:
    """Krippendorff's nominal α [k] from sums [k, 4 + 2q]; NaN where the ratings do not vary."""
    counts = sums[:, (sums.shape[1] + 4) // 2 :]
    ratings_ = counts.sum(axis=1)
    expected = (ratings_**2 - np.sum(counts**2, axis=1)) / np.maximum(ratings_ - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(expected > 0, 1 - sums[:, 3] / expected, np.nan))


def _nominal(matrix: Array) -> Array:
    """Ordered pairs of unequal ratings of each item."""
    counts = category_counts(matrix).astype(float)
    return np.asarray(counts.sum(axis=1) ** 2 - np.sum(counts * counts, axis=1))


def _interval(matrix: Array) -> Array:
    """Squared differences of ratings of each item, summed over ordered pairs: 2mΣv² − 2(Σv)², about the mean."""
    centred = matrix - np.nanmean(matrix)
    n = np.sum(~np.isnan(matrix), axis=0)
    return np.asarray(2 * n * np.nansum(centred**2, axis=0) - 2 * np.nansum(centred, axis=0) ** 2)
