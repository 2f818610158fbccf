"""What gets lost when many values become one number.

A response is good or bad by several criteria; a reward model, a guideline, a person's verdict say one number. It
applies at every order: raters, too, are flattened to a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.measures.statistics import centre

_FLAT = 1e-12  # a spread below this share of the largest value is rounding
_LARGE = 512  # members of a group above which conflicts are counted among neighbours in a fixed order only


@dataclass(frozen=True, slots=True)
class Flattening:
    """What a scalar cannot say of n items' criteria; NaN, with the reason, where that has no meaning."""

    loss: float  # 1 − R², the share of the standardized criteria's variance that the scalar leaves unexplained
    conflict: float  # share of pairs within groups on which some criteria prefer the one, others the other
    n: int
    why_nan: str = ""


def flattening(criteria: Array, scalar: Array, group: NDArray[np.int64]) -> Flattening:
    """How much of the criteria vector [n, C] the scalar [n] fails to tell, among items of one group [n].

    Both are centred within groups, each criterion is given variance 1 (one that does not vary is left out), and all
    are regressed on the scalar: R² is the mean of its squared correlations with the criteria. For C independent
    criteria of equal variance and a scalar w·φ it is 1/C, whatever the weights: one direction of C is seen.
    The conflict does not depend on the scalar; of C independent criteria it is 1 − 2^(1−C).
    """
    return flattening_of_each(criteria, [scalar], group)[0]


def flattening_of_each(criteria: Array, scalars: Sequence[Array], group: NDArray[np.int64]) -> list[Flattening]:
    """The same of several scalars, each [n]."""
    spread, n = centre(criteria, group), len(criteria)
    varies = _varies(spread, criteria)
    conflict = conflicts(criteria[:, varies], group)
    if not varies.any():
        return [Flattening(float("nan"), conflict, n, "no criterion varies")] * len(scalars)
    kept = spread[:, varies]
    size = np.sum(kept * kept, axis=0)

    def of(scalar: Array) -> Flattening:
        one = centre(scalar, group)
        if not _varies(one[:, None], scalar[:, None])[0]:
            return Flattening(float("nan"), conflict, n, "all items are scored alike")
        shared = (kept.T @ one) ** 2 / (size * (one @ one))
        return Flattening(float(np.clip(1 - shared.mean(), 0.0, 1.0)), conflict, n)

    return [of(scalar) for scalar in scalars]


def conflicts(criteria: Array, group: NDArray[np.int64]) -> float:
    """Share of the pairs of items of one group [n] on which two criteria [n, C] disagree; NaN if there are no pairs."""
    order = np.argsort(group, kind="stable")
    values, groups = np.asarray(criteria, dtype=float)[order], np.asarray(group)[order]
    slack = 1e-9 * np.abs(values).max(axis=0, initial=0.0)
    largest = int(np.unique(groups, return_counts=True)[1].max(initial=0))
    disagree = total = 0
    for d in range(1, min(largest, _LARGE)):
        same = groups[d:] == groups[:-d]
        difference = (values[d:] - values[:-d])[same]
        better, worse = (difference > slack).any(axis=1), (difference < -slack).any(axis=1)
        disagree += int(np.sum(better & worse))
        total += len(difference)
    return disagree / total if total else float("nan")


def _varies(centred: Array, values: Array) -> NDArray[np.bool_]:
    """Which columns [C] differ within groups by more than rounding."""
    size = np.abs(values).max(axis=0, initial=0.0)
    return np.asarray(np.abs(centred).max(axis=0, initial=0.0) > _FLAT * np.maximum(size, 1.0))
