"""Differences between arms: intervals that hold the truth as often as they say, and seeds that are needed."""

from __future__ import annotations

import math
import subprocess
import sys
from inspect import signature

import numpy as np
import pytest
from scipy import stats

from simlab.measures.paired import adjusted, effect, seeds_needed

PAIRS = ([1.2, 0.4, 0.9, 1.7, 0.1], [3.0, -1.0], [0.2, 0.21, 0.19, 0.2])


@pytest.mark.parametrize("values", PAIRS)
def test_it_is_students(values: list[float]) -> None:
    found = effect(values)
    said = stats.ttest_1samp(values, 0.0)
    low, high = said.confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(values), low, high))
    assert found.p == pytest.approx(said.pvalue)
    assert found.se == pytest.approx(stats.sem(values))


def test_missing_numbers_are_left_out() -> None:
    found = effect([1.0, math.nan, 2.0, 3.0])
    assert (found.n, found.mean) == (3, 2.0)
    assert math.isnan(effect([math.nan]).mean)
    assert math.isnan(effect([1.0]).low)


def test_what_never_varies_has_no_width() -> None:
    found = effect([0.5] * 4)
    assert (found.low, found.high, found.boot_low, found.p) == (0.5, 0.5, 0.5, 0.0)
    assert effect([0.0] * 4).p == 1.0


@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_hold_the_truth_nineteen_times_in_twenty(n: int) -> None:
    """2,000 samples of n: the share is uncertain by .0049."""
    draws = np.random.default_rng(n).normal(0.3, 1.0, (2000, n))
    half = stats.t.ppf(0.975, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)
    mine = [effect(row) for row in draws[:3]]
    assert [m.high - m.mean for m in mine] == pytest.approx(half[:3])
    held = np.mean(np.abs(draws.mean(axis=1) - 0.3) <= half)
    assert held == pytest.approx(0.95, abs=3.3 * 0.0049)
    normal = np.mean(np.abs(draws.mean(axis=1) - 0.3) <= half * 1.96 / stats.t.ppf(0.975, n - 1))
    assert normal < 0.95 - 3.3 * 0.0049  # with the normal's 1.96 in place of t they would not


def test_holm() -> None:
    """The example of Holm's procedure in Wright 1992, Biometrics 48, in R's p.adjust: .01, .04, .03, .005."""
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted([0.6, 0.9]) == [1.0, 1.0]
    found = adjusted([math.nan, 0.02])
    assert math.isnan(found[0])
    assert found[1] == 0.02


@pytest.mark.parametrize(("se", "n", "half"), [(0.1, 5, 0.1), (1.0, 10, 0.2), (0.02, 4, 0.5)])
def test_so_many_seeds_make_it_so_narrow(se: float, n: int, half: float) -> None:
    many = seeds_needed(se, n, half)
    spread = se * math.sqrt(n)
    assert stats.t.ppf(0.975, many - 1) * spread / math.sqrt(many) <= half
    assert many == 2 or stats.t.ppf(0.975, many - 2) * spread / math.sqrt(many - 1) > half
    with pytest.raises(ValueError, match="half width"):
        seeds_needed(se, n, 0.0)


@pytest.mark.parametrize("values", PAIRS)
def test_the_bootstrap_is_corrected_for_bias_and_skew(values: list[float]) -> None:
    found = effect(values, seed=5)
    drawn_by = "rng" if "rng" in signature(stats.bootstrap).parameters else "random_state"  # before scipy 1.15
    options = {"n_resamples": 9999, "method": "BCa", drawn_by: np.random.default_rng(5)}
    said = stats.bootstrap((values,), np.mean, **options).confidence_interval
    assert (found.boot_low, found.boot_high) == pytest.approx((said.low, said.high), nan_ok=True)
    assert found.boot_low != found.low


def test_the_bootstrap_is_computed_when_it_is_asked_for() -> None:
    code = "found = effect([1.0, 2.0, 4.0]); print(loaded()); found.boot_low; print(loaded())"
    begin = "import sys; from simlab.measures.paired import effect; loaded = lambda: 'scipy.stats' in sys.modules"
    done = subprocess.run([sys.executable, "-c", f"{begin}\n{code}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
