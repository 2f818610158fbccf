"""Statistics against hand calculations, scipy, and the laws of the normal distribution."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import binomtest, kendalltau

from simlab.measures import statistics
from simlab.measures.statistics import (
    bootstrap,
    bootstrap_of_columns,
    centre,
    interval,
    intervals,
    pair_counts,
    pairs,
    pearson,
    ranks,
    resample,
    wilson,
)
from simlab.rng import Streams, normals


def correlated(rho: float, n: int, *names: str | int) -> tuple[np.ndarray, np.ndarray]:
    key = Streams(2).key(*names)
    x, e = normals(key, np.arange(n), 0), normals(key, np.arange(n), 1)
    return x, rho * x + np.sqrt(1 - rho**2) * e


def test_centre_takes_off_the_mean_of_each_group() -> None:
    groups = np.array([7, 3, 7, 3, 5])
    values = np.array([1.0, 2.0, 3.0, 6.0, 9.0])
    assert centre(values, groups).tolist() == [-1, -2, 1, 2, 0]
    assert np.array_equal(centre(np.stack([values, 2 * values], 1), groups)[:, 1], [-2, -4, 2, 4, 0])


@pytest.mark.parametrize("size", [1, 2, 3, 12])
@pytest.mark.parametrize("shape", [(), (4,)])
def test_centre_of_a_panel_is_that_of_the_same_groups_in_any_order(size: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(size)
    groups, values = np.repeat([2, 3, 9, 11], size), rng.normal(size=(4 * size, *shape))
    order = rng.permutation(4 * size)
    np.testing.assert_allclose(centre(values, groups)[order], centre(values[order], groups[order]), rtol=0, atol=1e-15)
    other = np.append(groups[:-1], 12)  # the last one stands alone
    assert (centre(values, other)[-1] == 0).all()


def test_measures_of_several_variables_are_those_of_every_two() -> None:
    rng = np.random.default_rng(1)
    variables, groups = np.round(rng.normal(size=(60, 4)), 1), np.repeat(np.arange(20), 3)
    variables[:, 3] = 1.0
    which = [(0, 1), (2, 0), (1, 3)]
    counts = pair_counts(variables, groups)
    bounds = bootstrap_of_columns(variables, which, groups, key=4)
    for (a, b), found in zip(which, bounds, strict=True):
        x, y = variables[:, a], variables[:, b]
        assert counts.of(a, b) == pairs(x, y, groups)
        assert found == pytest.approx(bootstrap(x, y, groups, key=4), abs=1e-12, nan_ok=True)
    assert np.isnan(bounds[2]).all()
    assert counts.of(0, 1) != counts.of(0, 2)


def test_pearson() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 5.0])
    assert pearson(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert pearson(a, 3 - 2 * a) == -1
    assert np.isnan(pearson(a, np.full(4, 0.1)))
    assert np.isnan(pearson(a, 0.1 + np.array([0, 0, 0, 2e-17])))


def test_pairs_by_hand() -> None:
    groups = np.array([0, 1, 0, 1, 0])
    a, b = np.array([1.0, 5.0, 2.0, 5.0, 3.0]), np.array([1.0, 1.0, 3.0, 2.0, 2.0])
    found = pairs(a, b, groups)
    assert (found.alike, found.opposed, found.tied_a, found.tied_b, found.total) == (2, 1, 1, 0, 4)
    assert pairs(a, b, groups).accuracy == (2 + 0.5) / 4
    assert pairs(a, b, groups).tau == pytest.approx(1 / np.sqrt(3 * 4))


@pytest.mark.parametrize("levels", [3, 20, 10_000])
@pytest.mark.parametrize("large", [10, 10_000])
def test_kendall_tau_is_scipys_for_one_group(levels: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "LARGE", large)
    x, y = correlated(0.5, 500, "tau")
    a, b = (np.floor(v * levels / 4) for v in (x, y))
    assert pairs(a, b).tau == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)
    by_hand = np.sign(a[:, None] - a) * np.sign(b[:, None] - b)
    wanted = (np.sum(0.5 * (1 + by_hand)) - 0.5 * len(a)) / (len(a) * (len(a) - 1))
    assert pairs(a, b).accuracy == pytest.approx(wanted, abs=1e-12)


def test_large_and_small_groups_together(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = correlated(0.3, 300, "mixed")
    groups = np.array([0] * 100 + list(range(1, 51)) * 4)
    whole = pairs(a, b, groups)
    monkeypatch.setattr(statistics, "LARGE", 50)
    assert pairs(a, b, groups) == whole


def test_rounding_is_a_tie_and_nothing_is_nan() -> None:
    a = np.array([0.1 + 0.2, 0.3, 1.0])
    assert pairs(a, a).tied_a == 1
    assert np.isnan(pairs(a, a, np.arange(3)).accuracy)
    assert np.isnan(pairs(a, np.zeros(3)).tau)


@pytest.mark.parametrize("rho", [-0.4, 0.2, 0.8])
def test_accuracy_and_tau_of_normal_utilities(rho: float) -> None:
    """Pairs under one prompt are ordered alike with chance ½ + asin(ρ)/π; tau is 2·asin(ρ)/π."""
    n, size = 40_000, 2
    a, b = correlated(rho, n, "law")
    groups = np.arange(n) // size
    predicted = 0.5 + np.arcsin(rho) / np.pi
    margin = 4 * np.sqrt(predicted * (1 - predicted) / (n / size))
    assert pairs(a, b, groups).accuracy == pytest.approx(predicted, abs=margin)
    assert pairs(a, b, groups).tau == pytest.approx(2 * np.arcsin(rho) / np.pi, abs=2 * margin)
    assert abs(pairs(a, b, groups).accuracy - (1 + rho) / 2) > margin  # a plausible law that is wrong


def test_the_bootstrap_interval_covers_as_often_as_it_says() -> None:
    """Over 300 samples of 60 prompts with 4 responses; 93 % ± 4 standard errors, as percentile intervals run short."""
    rho, prompts, samples = 0.6, 60, 300
    groups = np.repeat(np.arange(prompts), 4)
    inside = 0
    for i in range(samples):
        a, b = (centre(v, groups) for v in correlated(rho, 4 * prompts, "cover", i))
        low, high = bootstrap(a, b, groups, key=i)
        inside += low < rho < high
    assert abs(inside / samples - 0.93) < 4 * np.sqrt(0.93 * 0.07 / samples)


def test_the_bootstrap_respects_groups_and_keys() -> None:
    a, b = correlated(0.5, 200, "grouped")
    groups = np.repeat(np.arange(50), 4)
    many = np.tile(a, 4), np.tile(b, 4)  # the same data four times over, in the same groups: no news
    assert bootstrap(*many, np.tile(groups, 4), key=1) == pytest.approx(bootstrap(a, b, groups, key=1))
    assert bootstrap(a, b, groups, key=1) == bootstrap(a, b, groups, key=1) != bootstrap(a, b, groups, key=2)
    narrow, wide = bootstrap(*many, np.arange(800), key=1), bootstrap(a, b, groups, key=1)
    assert narrow[1] - narrow[0] < 0.7 * (wide[1] - wide[0])  # taken for independent, copies look like evidence
    assert np.isnan(bootstrap(np.zeros(8), np.arange(8.0), np.arange(8) // 2, key=1)).all()


def test_resample_takes_any_statistic() -> None:
    x = normals(3, np.arange(400))
    low, high = resample(np.stack([np.ones(400), x], 1), lambda s: s[:, 1] / s[:, 0], key=5, replicates=2000)
    half = 1.96 * x.std() / 20
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.15 * half)


def test_an_interval_holds_95_of_100_replicates_of_each_statistic() -> None:
    values = np.stack([np.arange(2001.0), np.arange(2001.0)[::-1] / 10], axis=1)
    assert intervals(values) == [interval(values[:, 0]), interval(values[:, 1])]
    assert intervals(values) == [pytest.approx((50, 1950)), pytest.approx((5, 195))]
    values[:1000, 1] = np.nan  # what is not defined is left out, of that one
    assert intervals(values) == [pytest.approx((50, 1950)), pytest.approx((2.5, 97.5))]
    assert np.isnan(intervals(np.full((3, 1), np.nan))).all()


def test_bootstrap_of_a_usual_panel_takes_milliseconds() -> None:
    a, b = correlated(0.5, 2400, "speed")
    groups = np.repeat(np.arange(600), 4)
    took = []
    for _ in range(5):
        start = time.process_time()
        bootstrap(a, b, groups, key=1)
        took.append(time.process_time() - start)
    assert min(took) < 0.1  # about .01 s; the margin is for slow machines


@pytest.mark.parametrize(("successes", "n"), [(8, 10), (0, 10), (10, 10), (1, 3), (500, 1200)])
def test_wilson_is_scipys(successes: int, n: int) -> None:
    wanted = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_wilson_as_published() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_of_nothing() -> None:
    assert np.isnan(wilson(0, 0)).all()


def test_ranks_within_groups_share_ties() -> None:
    values = np.array([5.0, 1.0, 5.0 + 1e-12, 7.0, -2.0, -2.0, 0.0])
    groups = np.array([1, 1, 1, 1, 0, 0, 0])
    assert ranks(values, groups).tolist() == [2.5, 1.0, 2.5, 4.0, 1.5, 1.5, 3.0]
    assert ranks(np.zeros(0), np.zeros(0, dtype=np.int64)).tolist() == []
