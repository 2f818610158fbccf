"""Agreement between raters who judged the same things: percent agreement, Cohen's (and Conger's) and Fleiss' κ,
Krippendorff's α, Gwet's AC1 and AC2; and all of them for one pool, with intervals.

`coefficients` and `interrater` compute the same statistics from the same sums. The first takes any `Ratings` and is
what theory's laws observe; the second takes the labels of a pool, and every round its values become rows of the table
`agreement`. Published tables come as matrices, counts or contingency tables: functions of these compute the same. How
a statistic treats missing labels stands in the functions of the last section.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from simlab.arrays import Array, Indices
from simlab.measures.statistics import interval, times_drawn
from simlab.parallel import side_by_side
from simlab.rng import hashes

STATISTICS = ("percent", "cohen", "fleiss", "krippendorff", "gwet_ac1", "gwet_ac2")
VALUES = {1: -1.0, 0: 0.0, 2: 1.0}  # where a label lies between left and right; undecided is half-way
MOST_TASKS = 5000  # of a pool; more than these tell nothing that a share's error of .007 would hide
_PART, _MOST_PARTS = 1 << 21, 16  # labels, over all replicates, that are worth a thread of their own; and most threads


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Ratings of items by raters, one entry a rating [n]. Not every rater need have rated every item.

    `item`, `rater` and `category` [n] are numbers from 0; `values` [q] is where each category lies on a scale, which
    matters to AC2 only.
    """

    item: Indices
    rater: Indices
    category: Indices
    values: Array

    @classmethod
    def of_columns(
        cls, item: ArrayLike, rater: ArrayLike, label: ArrayLike, values: Mapping[int, float] | None = None
    ) -> Ratings:
        """From long columns [n]. `values` tells where a label lies on a scale; without it, labels are such numbers."""
        categories, category = np.unique(np.asarray(label), return_inverse=True)
        places = categories.tolist() if values is None else [values[c] for c in categories.tolist()]
        row = np.unique(np.asarray(item), return_inverse=True)[1].ravel()
        person = np.unique(np.asarray(rater), return_inverse=True)[1].ravel()
        return cls(row, person, category.ravel(), np.asarray(places, dtype=float))

    @classmethod
    def of_matrix(cls, matrix: ArrayLike) -> Ratings:
        """From a matrix [raters, items] of labels, NaN where a rater did not rate an item."""
        labels = _table(matrix)
        rater, item = np.nonzero(~np.isnan(labels))
        return cls.of_columns(item, rater, labels[rater, item])

    @property
    def counts(self) -> Indices:
        """How many raters put each item into each category [items, q]."""
        items, q = int(self.item.max(initial=-1)) + 1, len(self.values)
        return np.bincount(self.item * q + self.category, minlength=items * q).reshape(items, q)


def coefficients(ratings: Ratings) -> dict[str, float]:
    """Every one of STATISTICS by name; NaN where it is undefined, as all are where no item was rated twice.

    `percent` is the chance that two ratings of an item are equal, averaged over items: every item counts alike,
    however many rated it (Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed., ch. 2). `cohen` is Conger's κ
    (1980), which of two raters is Cohen's (1960), `fleiss` the κ of Fleiss (1971), generalized to missing ratings,
    `krippendorff` the nominal α. `gwet_ac1` is Gwet's AC1 (2008, Brit. J. Math. Stat. Psych. 61, eq. 3), which does
    not collapse, as κ does, where one category is rare; `gwet_ac2` weighs disagreements by their squared distance.
    """
    once = np.ones((1, len(ratings.counts)))
    return {name: float(values[0]) for name, values in _coefficients(ratings, once).items()}


def _coefficients(ratings: Ratings, times: Array) -> dict[str, Array]:
    """STATISTICS [k] of samples in which each item is there so many times [k, items]."""
    if not len(ratings.values):
        return {name: np.full(len(times), np.nan) for name in STATISTICS}
    counts, weights = ratings.counts, quadratic_weights(ratings.values)
    sums, weighted = times @ item_sums(counts), times @ item_sums(counts, weights)
    observed = agreement_of(sums)
    return {
        "percent": observed,
        "cohen": beyond_chance(observed, _chance_by_habit(ratings, times)),
        "fleiss": beyond_chance(observed, chance_of_category(sums)),
        "krippendorff": alpha_of(sums),
        "gwet_ac1": beyond_chance(observed, chance_of_hard_items(sums)),
        "gwet_ac2": beyond_chance(agreement_of(weighted), chance_of_hard_items(weighted, weights)),
    }


def _chance_by_habit(ratings: Ratings, times: Array) -> Array:
    """Chance agreement of Conger's κ [k] of such samples, computed on several threads if they are large."""
    q, raters = len(ratings.values), int(ratings.rater.max()) + 1
    cells = ratings.rater * q + ratings.category

    def chances(part: Array) -> list[float]:
        habits = (np.bincount(cells, weights=t[ratings.item], minlength=raters * q).reshape(1, -1, q) for t in part)
        return [float(chance_by_habit(np.asarray(h, dtype=float))[0]) for h in habits]

    parts = np.array_split(times, min(_MOST_PARTS, 1 + len(ratings.item) * len(times) // _PART))
    return np.concatenate(side_by_side(chances, parts))


# ---- of one pool, with intervals -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreement:
    """One statistic of a pool: its value, how many tasks it rests on, and a 95 % bootstrap interval by task."""

    statistic: str
    value: float
    n: int
    low: float
    high: float


def interrater(task: Indices, worker: Indices, label: Indices, *, key: int, replicates: int = 200) -> list[Agreement]:
    """All of STATISTICS for labels in long form [n], each 1 (left), 2 (right) or 0 (undecided).

    Only tasks that several people judged count; of more than MOST_TASKS, those that hashes with `key` select. AC2
    counts undecided against decided as three quarters of an agreement. Empty if no task was shared.
    """
    task, worker, label = _shared(task, worker, label, key)
    if not len(task):
        return []
    ratings = Ratings.of_columns(task, worker, label, VALUES)
    n = len(ratings.counts)
    times = np.concatenate([np.ones((1, n)), times_drawn(key, replicates, n)])  # the first is the sample as it is
    found = _coefficients(ratings, times)
    return [Agreement(name, float(found[name][0]), n, *interval(found[name][1:])) for name in STATISTICS]


def _shared(task: Indices, worker: Indices, label: Indices, key: int) -> tuple[Indices, Indices, Indices]:
    """The labels of tasks that several people judged, of MOST_TASKS at most; of one person's on one task the last."""
    people, person = np.unique(worker, return_inverse=True)
    cell = np.unique(task, return_inverse=True)[1] * len(people) + person
    latest = np.sort(len(task) - 1 - np.unique(cell[::-1], return_index=True)[1])
    task, worker, label = task[latest], worker[latest], label[latest]
    tasks, place, count = np.unique(task, return_inverse=True, return_counts=True)
    kept = count >= 2
    if kept.sum() > MOST_TASKS:
        hashed = np.where(kept, hashes(key, tasks), np.iinfo(np.uint64).max)
        kept &= hashed <= np.partition(hashed, MOST_TASKS - 1)[MOST_TASKS - 1]
    rows = kept[place.ravel()]
    return task[rows], worker[rows], label[rows]


# ---- of published tables, in the forms they are printed in ---------------------------------------------------------


def category_counts(matrix: ArrayLike) -> Indices:
    """How many raters put each item into each category [items, categories], from ratings [raters, items], NaN where a
    rater did not rate an item. Categories are in ascending order; there is none if there is no rating at all."""
    labels = _table(matrix)
    categories = np.unique(labels[~np.isnan(labels)])
    return (
        np.array([np.sum(labels == category, axis=0) for category in categories], dtype=np.int64)
        .reshape(len(categories), labels.shape[1])
        .T
    )


def cohen_kappa(table: ArrayLike) -> float:
    """κ of two raters from how often one said i where the other said j [categories, categories] (Cohen 1960)."""
    cells = _table(table).astype(np.int64)
    one, other = (np.repeat(place.ravel(), cells.ravel()) for place in np.indices(cells.shape))
    return conger_kappa(np.stack([one, other]))


def conger_kappa(matrix: ArrayLike) -> float:
    """Cohen's κ for any number of raters, each with habits of their own (Conger 1980), from ratings [raters, items]."""
    return coefficients(Ratings.of_matrix(matrix))["cohen"]


def fleiss_kappa(counts: ArrayLike) -> float:
    """κ of many raters from category counts [items, categories] (Fleiss 1971), each item rated as often.

    Raises ValueError unless every item has the same number of ratings, at least two; see `krippendorff_alpha`.
    """
    rated = _table(counts).sum(axis=1)
    if len(rated) and (rated[0] < 2 or np.any(rated != rated[0])):
        raise ValueError("Fleiss' kappa needs the same number of ratings, two or more, of every item")
    sums = _total(counts)
    return float(beyond_chance(agreement_of(sums), chance_of_category(sums))[0])


def gwet_ac(counts: ArrayLike, weights: Array | None = None) -> float:
    """Gwet's AC1 of category counts [items, categories]; with agreement weights [categories, categories], his AC2."""
    sums = _total(counts, weights)
    return float(beyond_chance(agreement_of(sums), chance_of_hard_items(sums, weights))[0])


def krippendorff_alpha(matrix: ArrayLike, metric: Literal["nominal", "interval"] = "nominal") -> float:
    """α = 1 − D_o/D_e of ratings [raters, items] (Krippendorff 2011, "Computing Krippendorff's alpha-reliability");
    disagreement is 0 or 1 if nominal, the squared difference if interval. NaN where the ratings do not vary."""
    if metric == "nominal":
        return coefficients(Ratings.of_matrix(matrix))["krippendorff"]
    labels = _table(matrix)
    paired = labels[:, np.sum(~np.isnan(labels), axis=0) >= 2]
    together = paired[~np.isnan(paired)]
    if not len(together) or not together.std() > 0:
        return float("nan")
    within = sum(len(v) / (len(v) - 1) * 2 * np.sum((v - v.mean()) ** 2) for v in (c[~np.isnan(c)] for c in paired.T))
    return float(1 - within / (2 * len(together) / (len(together) - 1) * np.sum((together - together.mean()) ** 2)))


def _total(counts: ArrayLike, weights: Array | None = None) -> Array:
    """The sums over all items [1, 4 + 2q]."""
    return np.asarray(item_sums(_table(counts), weights).sum(axis=0)[None, :])


def _table(said: ArrayLike) -> Array:
    """A printed table as numbers [rows, columns]; one without anything in it has no rows. Raises ValueError for what
    is no table."""
    found = np.asarray(said, dtype=float)
    if found.ndim != 2 and found.size:
        raise ValueError(f"a table has rows and columns, and this has {found.ndim} dimensions")
    return found if found.ndim == 2 else np.zeros((0, 0))


# ---- functions of sums over items (Gwet 2014), so that items can be redrawn ----------------------------------------


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
