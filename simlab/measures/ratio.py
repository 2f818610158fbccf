"""A ratio of two means with its interval, as dollars per point: both are measured under the same seeds, and err
together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of means over n pairs, with its 95 % interval; from −∞ to ∞ where the denominator cannot be told from 0,
    so that the data bound no ratio. NaN where n is below 2."""

    value: float
    low: float
    high: float
    n: int


def ratio(above: ArrayLike, below: ArrayLike, level: float = 0.95) -> Ratio:
    """The mean of `above` [n] over that of `below` [n], which are matched; pairs of which one is NaN are left out.

    The interval holds every ρ for which the mean of above − ρ·below is not told from 0 by Student's t: the roots of
    (ȳ − ρx̄)² = t²(s_yy − 2ρs_xy + ρ²s_xx)/n (Fieller 1954, "Some problems in interval estimation", JRSS B 16, eq. 4).
    """
    y, x = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    known = np.isfinite(y) & np.isfinite(x)
    y, x = y[known], x[known]
    n = len(y)
    mean_y, mean_x = (float(v.mean()) if n else math.nan for v in (y, x))
    value = mean_y / mean_x if mean_x else math.nan
    if n < 2:
        return Ratio(value, math.nan, math.nan, n)
    from scipy.special import stdtrit

    (s_yy, s_xy), (_, s_xx) = np.cov(y, x)
    share = float(stdtrit(n - 1, (1 + level) / 2)) ** 2 / n
    a, b, c = mean_x**2 - share * s_xx, mean_y * mean_x - share * s_xy, mean_y**2 - share * s_yy
    if a <= 1e-14 * mean_x**2:
        return Ratio(value, -math.inf, math.inf, n)
    half = math.sqrt(max(0.0, b * b - a * c))
    return Ratio(value, float(b - half) / a, float(b + half) / a, n)
