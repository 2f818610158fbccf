"""Differences between arms, matched by seed: means with intervals, tests of several at once, seeds still needed.

Arms of a study share their random draws, so that a difference under one seed is due to what the arms differ in, and
the differences of several seeds are independent of one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from simlab.arrays import Array

RESAMPLES = 9999
MOST_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Effect:
    """A mean over n replicates: standard error, 95 % interval of Student's t, bootstrap interval (bias-corrected and
    accelerated; Efron 1987, JASA 82), and the two-sided p-value of a mean of 0. NaN where n is below 2. The bootstrap
    is computed when it is asked for: most often it is not, and scipy's takes a second to import."""

    mean: float
    se: float
    low: float
    high: float
    p: float
    n: int
    resampled: tuple[float, ...] = ()  # the numbers themselves, if they vary
    seed: int = 0

    @property
    def boot_low(self) -> float:
        """The lower end of the bootstrap interval."""
        return _bootstrapped(self.resampled, self.seed)[0] if self.resampled else self.low

    @property
    def boot_high(self) -> float:
        """The upper end of it."""
        return _bootstrapped(self.resampled, self.seed)[1] if self.resampled else self.high


def effect(values: ArrayLike, seed: int = 0) -> Effect:
    """The mean of these numbers [n] with its intervals; missing ones (NaN) are left out. `seed` is of the bootstrap."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    n, nan = len(known), math.nan
    mean = float(known.mean()) if n else nan
    if n < 2:
        return Effect(mean, nan, nan, nan, nan, n)
    se = float(known.std(ddof=1) / math.sqrt(n))
    if se <= 1e-15 * max(1.0, abs(mean)):  # the same under every seed
        return Effect(mean, 0.0, mean, mean, 0.0 if mean else 1.0, n)
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(n - 1, 0.975)) * se
    p = float(2 * stdtr(n - 1, -abs(mean) / se))
    return Effect(mean, se, mean - half, mean + half, p, n, tuple(known.tolist()), seed)


def student(values: Array) -> tuple[float, float, float]:
    """The mean of numbers [n], none of them missing, and its 95 % interval by Student's t; NaN if n is below 2."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, math.nan, math.nan
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


@lru_cache(maxsize=64)
def _bootstrapped(values: tuple[float, ...], seed: int) -> tuple[float, float]:
    from inspect import signature

    from scipy.stats import bootstrap

    drawn_by = "rng" if "rng" in signature(bootstrap).parameters else "random_state"  # before scipy 1.15
    options = {"n_resamples": RESAMPLES, "method": "BCa", drawn_by: np.random.default_rng(seed)}
    found = bootstrap((np.array(values),), np.mean, **options).confidence_interval
    return float(found.low), float(found.high)


def adjusted(p: Sequence[float]) -> list[float]:
    """p-values [m] of several hypotheses, adjusted so that the chance of any false rejection stays below the level
    (Holm 1979, Scandinavian Journal of Statistics 6); those that are NaN count for nothing and stay NaN."""
    known = sorted((value, place) for place, value in enumerate(p) if not math.isnan(value))
    found, least = list(p), 0.0
    for rank, (value, place) in enumerate(known):
        least = max(least, min(1.0, value * (len(known) - rank)))
        found[place] = least
    return found


def seeds_needed(se: float, n: int, half_width: float) -> int:
    """How many seeds it takes for a 95 % interval of this half width, if differences go on varying as they did in n of
    them: the least m with t(m − 1)·s/√m ≤ half_width (Neyman 1934's sample size, by Student's t). Raises ValueError
    unless half_width is above 0, and n at least 2."""
    if not half_width > 0 or n < 2:
        raise ValueError("it takes a half width above 0 and two seeds to go by")
    from scipy.special import stdtrit

    spread = se * math.sqrt(n)
    low, high = 2, MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        if stdtrit(middle - 1, 0.975) * spread / math.sqrt(middle) <= half_width:
            high = middle
        else:
            low = middle + 1
    return low
