"""The statistics behind the measures: correlation and order within groups, and their intervals.

A group is what may be compared: the responses to one prompt, or all agents of one principal. Used by
`measures.alignment`, the analyzers and the theory checks. Plain numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.rng import uniforms

Groups = NDArray[np.int64]

Z95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
REPLICATES = 200  # of a bootstrap, unless told
LARGE = 2000  # members of a group above which pairs are counted in n log n steps instead of n²/2
_FEW = 256  # members of a group whose pairs are all made at once
_TIE = 1e-9  # differences below this share of the largest value are rounding, hence ties


def centre(values: Array, groups: Groups) -> Array:
    """Values [n] or [n, many] less the mean of their group [n]."""
    values, groups = np.asarray(values, dtype=float), np.asarray(groups)
    if size := _common_size(groups):
        apart = values.reshape(-1, size, *values.shape[1:])
        return np.asarray((apart - apart.sum(axis=1, keepdims=True) / size).reshape(values.shape))
    order = np.argsort(groups, kind="stable")
    starts, sizes = _runs(groups[order])
    ordered = values[order]
    sums = np.add.reduceat(ordered, starts, axis=0) if len(order) else ordered
    out = np.empty_like(ordered)
    out[order] = ordered - np.repeat((sums.T / sizes).T, sizes, axis=0)
    return out


def ranks(values: Array, groups: Groups) -> Array:
    """The rank [n] of each value [n] within its group, from 1 for the lowest; equal ones share the mean of theirs.

    Differences at rounding level are none, as in counting pairs.
    """
    grid = _TIE * max(float(np.max(np.abs(values), initial=0.0)), 1e-300)
    level = np.round(np.asarray(values, dtype=float) / grid)
    order = np.lexsort((level, groups))
    starts, sizes = _runs(np.asarray(groups)[order])
    begins = np.repeat(starts, sizes)
    new = np.concatenate([[True], (np.diff(level[order]) != 0) | (np.diff(begins) != 0)])[: len(order)]
    first = np.flatnonzero(new)
    many = np.diff(np.append(first, len(order)))
    out = np.empty(len(order))
    out[order] = np.repeat(first + (many + 1) / 2, many) - begins
    return out


def pearson(a: Array, b: Array) -> float:
    """The correlation of two variables [n]; NaN if one of them does not vary."""
    x, y = a - np.mean(a), b - np.mean(b)
    flat = any(np.max(np.abs(c), initial=0.0) <= 1e-12 * np.max(np.abs(v), initial=1.0) for c, v in ((x, a), (y, b)))
    return float("nan") if flat else float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


def lengthened(reliability: float, factor: float) -> float:
    """The reliability of a measure `factor` times as long, from that of one (Spearman 1910; Brown 1910)."""
    return factor * reliability / (1 + (factor - 1) * reliability)


def portions(pieces: Sequence[float] | Array) -> Array:
    """How a cost that several things share is divided among them [n]: by how many pieces each has, and evenly where
    none has any. Sums to 1."""
    each = np.asarray(pieces, dtype=float)
    return each / each.sum() if each.sum() > 0 else np.full(len(each), 1 / max(1, len(each)))


@dataclass(frozen=True, slots=True)
class Pairs:
    """How two variables order the pairs within groups: numbers of pairs ordered alike, ordered oppositely, tied in
    the first variable, tied in the second, and of all pairs."""

    alike: float
    opposed: float
    tied_a: float
    tied_b: float
    total: float

    @property
    def accuracy(self) -> float:
        """The share that both variables order alike; a pair tied in either counts one half.

        For normal variables with correlation ρ it is ½ + asin(ρ)/π (Sheppard 1899). NaN if there are no pairs.
        """
        in_two = 0.5 * (self.total - self.alike - self.opposed)
        return (self.alike + in_two) / self.total if self.total else float("nan")

    @property
    def tau(self) -> float:
        """Kendall's tau-b (Kendall 1945); NaN if one variable ties all of them."""
        untied = (self.total - self.tied_a) * (self.total - self.tied_b)
        return (self.alike - self.opposed) / float(np.sqrt(untied)) if untied else float("nan")


def pairs(a: Array, b: Array, groups: Groups | None = None) -> Pairs:
    """Count the pairs of members of one group by how variables `a` and `b` [n] order them; no groups is one group."""
    return pair_counts(np.stack([a, b], axis=1), groups).of(0, 1)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """How each two of k variables order the pairs within groups, and how many pairs each of them ties."""

    alike: Array  # [k, k]
    opposed: Array  # [k, k]
    tied: Array  # [k]
    total: float

    def of(self, a: int, b: int) -> Pairs:
        """Those of two of the variables."""
        tied = float(self.tied[a]), float(self.tied[b])
        return Pairs(float(self.alike[a, b]), float(self.opposed[a, b]), *tied, self.total)


def pair_counts(variables: Array, groups: Groups | None = None) -> PairCounts:
    """Count the pairs of members of one group by how every two of the variables [n, k] order them."""
    groups = np.zeros(len(variables), dtype=np.int64) if groups is None else np.asarray(groups)
    order = _order(groups)
    starts, sizes = _runs(groups[order])
    ordered = np.asarray(variables, dtype=float)[order]
    few = sizes <= LARGE
    rows = np.repeat(few, sizes)
    k = ordered.shape[1]
    net, both, tied, total = np.zeros((k, k)), np.zeros((k, k)), np.zeros(k), 0
    for signs in _signs_of_pairs(ordered[rows], groups[order][rows], int(sizes[few].max(initial=0))):
        untied = np.abs(signs)
        net, both, tied = net + signs.T @ signs, both + untied.T @ untied, tied + len(signs) - untied.sum(axis=0)
        total += len(signs)
    for start, size in zip(starts[~few].tolist(), sizes[~few].tolist(), strict=True):
        many = ordered[start : start + size]
        ties = np.array([_ties(column) for column in many.T])
        for i, j in combinations(range(k), 2):
            excess, decided = _order_of_many(many[:, i], many[:, j], ties[i], ties[j])
            net[i, j] += excess
            both[i, j] += decided
        tied, total = tied + ties, total + size * (size - 1) // 2
    return PairCounts((both + net) / 2, (both - net) / 2, tied, float(total))


def bootstrap(
    a: Array, b: Array, groups: Groups, *, key: int, replicates: int = REPLICATES, level: float = 0.95
) -> tuple[float, float]:
    """An interval for the correlation of `a` and `b` [n]: whole groups are drawn with replacement.

    Percentile method (Efron & Tibshirani 1993, ch. 13), draws keyed by `key`. NaN if no replicate is defined.
    """
    both = np.stack([a, b], axis=1)
    return bootstrap_of_columns(both, [(0, 1)], groups, key=key, replicates=replicates, level=level)[0]


def bootstrap_of_columns(
    variables: Array,
    which: Sequence[tuple[int, int]],
    groups: Groups,
    *,
    key: int,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """The same intervals for the correlations of some twos of the variables [n, k], of the same replicates."""
    order = _order(groups)
    starts, _ = _runs(np.asarray(groups)[order])
    left, right = np.array(which, dtype=np.int64).reshape(-1, 2).T
    products = variables[:, left] * variables[:, right]
    parts = np.concatenate([np.ones((len(variables), 1)), variables, variables * variables, products], axis=1)
    sums = times_drawn(key, replicates, len(starts)) @ np.add.reduceat(parts[order], starts)
    n, (mean, square, product) = (
        sums[:, :1],
        np.split(sums[:, 1:], [variables.shape[1], 2 * variables.shape[1]], axis=1),
    )
    a, b = mean[:, left], mean[:, right]
    return intervals(_correlation(n, a, b, square[:, left], square[:, right], product), level=level)


def resample(
    sums: Array, statistic: Callable[[Array], Array], *, key: int, replicates: int = REPLICATES, level: float = 0.95
) -> tuple[float, float]:
    """A bootstrap interval for any statistic of sums over groups, from each group's sums [groups, S].

    `statistic` maps sums of resampled groups [replicates, S] to values [replicates]; values that are NaN are left out.
    """
    return interval(statistic(times_drawn(key, replicates, len(sums)) @ sums), level=level)


def times_drawn(key: int, replicates: int, groups: int) -> Array:
    """How often each group is in each bootstrap replicate [replicates, groups]; every row sums to `groups`.

    Many statistics of the same groups may be asked of the same replicates: small ones are drawn once.
    """
    return (_few_times_drawn if replicates * groups <= 1 << 17 else _times_drawn)(key, replicates, groups)


@lru_cache(maxsize=4)
def _few_times_drawn(key: int, replicates: int, groups: int) -> Array:
    times = _times_drawn(key, replicates, groups)
    times.flags.writeable = False
    return times


def _times_drawn(key: int, replicates: int, groups: int) -> Array:
    draws = (uniforms(key, np.arange(replicates)[:, None], np.arange(groups)[None, :]) * groups).astype(np.int64)
    times = np.bincount((draws + groups * np.arange(replicates)[:, None]).ravel(), minlength=groups * replicates)
    return times.reshape(replicates, groups).astype(float)


def interval(values: Array, *, level: float = 0.95) -> tuple[float, float]:
    """The middle of a statistic's bootstrap replicates [replicates], those that are NaN left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = _middle(values, level)
    return float(low), float(high)


def intervals(values: Array, *, level: float = 0.95) -> list[tuple[float, float]]:
    """The same of several statistics' replicates [replicates, k]."""
    if np.isnan(values).any():
        return [interval(column, level=level) for column in values.T]
    low, high = _middle(values, level)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _middle(values: Array, level: float) -> tuple[Array, Array]:
    """Where the middle of replicates [replicates] or [replicates, k] begins and ends, each [] or [k]; none is NaN."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def wilson(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), 95 % unless told; NaN if n is 0. Half successes are fine."""
    if n == 0:
        return float("nan"), float("nan")
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _common_size(groups: Groups) -> int:
    """The size of every group, if all are of one size and stand in ascending order, as on a panel; else 0."""
    if not len(groups):
        return 0
    size = int((groups != groups[0]).argmax()) or len(groups)
    if len(groups) % size:
        return 0
    each = groups.reshape(-1, size)
    first = each[:, 0]
    return size if (first[1:] > first[:-1]).all() and (each == first[:, None]).all() else 0


def _order(groups: Groups) -> Groups | slice:
    """What sorts values by group, those of one group as they stand: of a panel nothing need be moved."""
    groups = np.asarray(groups)
    return slice(None) if (groups[1:] >= groups[:-1]).all() else np.argsort(groups, kind="stable")


def _runs(ordered: Groups) -> tuple[Groups, Groups]:
    """Where each run of equal values begins, and how long it is."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    return starts, np.diff(np.append(starts, len(ordered)))


def _correlation(n: Array, a: Array, b: Array, aa: Array, bb: Array, ab: Array) -> Array:
    """Correlations [replicates, k] from how many there are, and sums, sums of squares and of products."""
    spread = (n * aa - a * a) * (n * bb - b * b)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 0, (n * ab - a * b) / np.sqrt(spread), np.nan))


def _signs_of_pairs(variables: Array, groups: Groups, largest: int) -> Iterator[Array]:
    """The signs [m, k] of the differences of variables [n, k], sorted by group, within all pairs of members of one
    group: −1, 0 or 1; differences that can only be rounding are 0."""
    slack = _TIE * np.max(np.abs(variables), axis=0, initial=0.0)
    if largest == len(variables) <= _FEW:  # one small group
        left, right = np.triu_indices(largest, 1)
        yield _signs(variables[right] - variables[left], slack)
        return
    for d in range(1, largest):  # all pairs d places apart at once
        same = groups[d:] == groups[:-d]
        yield _signs((variables[d:] - variables[:-d])[same], slack)


def _signs(differences: Array, slack: Array) -> Array:
    return np.where(np.abs(differences) <= slack, 0.0, np.sign(differences))


def _ties(values: Array) -> float:
    """Pairs of equal values [n]; or of equal rows [n, 2]."""
    sizes = np.unique(values, axis=0, return_counts=True)[1].astype(float)
    return float(np.sum(sizes * (sizes - 1) / 2))


def _order_of_many(a: Array, b: Array, tied_a: float, tied_b: float) -> tuple[float, float]:
    """Of the pairs of one large group: how many more are ordered alike than oppositely, and how many either way; by
    Knight's (1966) algorithm in scipy; equal values only are ties."""
    from scipy.stats import kendalltau  # slow to import, and rarely needed

    total = len(a) * (len(a) - 1) / 2
    tau = float(kendalltau(a, b).statistic)
    excess = 0.0 if np.isnan(tau) else round(tau * float(np.sqrt((total - tied_a) * (total - tied_b))))
    return float(excess), total - tied_a - tied_b + _ties(np.stack([a, b], axis=1))
