"""Ratios of means: Fieller's interval, which holds the truth as often as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simlab.measures.ratio import ratio

N, TIMES = 6, 1000
BAND = 4 * math.sqrt(0.95 * 0.05 / TIMES)  # four standard errors of a share of 95 %


def drawn(slope: float, spread: float, together: float) -> tuple[np.ndarray, np.ndarray]:
    """[TIMES, N] of a denominator around 1 and a numerator around `slope`, which err together."""
    rng = np.random.default_rng(5)
    x, other = rng.normal(size=(2, TIMES, N))
    y = together * x + math.sqrt(1 - together**2) * other
    return slope + spread * y, 1 + spread * x


def held(y: np.ndarray, x: np.ndarray, truth: float) -> float:
    """The share of intervals that hold the truth."""
    found = [ratio(a, b) for a, b in zip(y, x, strict=True)]
    return sum(one.low <= truth <= one.high for one in found) / len(found)


@pytest.mark.parametrize(("slope", "spread", "together"), [(2.0, 0.3, 0.0), (0.5, 0.2, 0.8), (3.0, 0.25, -0.6)])
def test_intervals_hold_the_truth_nineteen_times_in_twenty(slope: float, spread: float, together: float) -> None:
    y, x = drawn(slope, spread, together)
    assert held(y, x, slope) == pytest.approx(0.95, abs=BAND)


def test_pairs_put_asunder_do_not() -> None:
    """The control: of means that err together, matched with others' denominators, which hides that they do."""
    y, x = drawn(1.0, 0.3, 0.9)
    assert held(y, np.roll(x, 1, axis=1), 1.0) > 0.95 + BAND


def test_it_is_students_where_the_denominator_is_known() -> None:
    found = ratio([2.0, 4.0, 9.0], [2.0, 2.0, 2.0])
    half = 4.302652730 * np.std([1.0, 2.0, 4.5], ddof=1) / math.sqrt(3)
    assert (found.value, found.low, found.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half))


def test_nothing_bounds_it_where_the_denominator_may_be_nought() -> None:
    found = ratio([1.0, 2.0, 3.0], [1.0, -1.0, 0.5])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert ratio([1.0, math.nan], [2.0, 1.0]).n == 1
