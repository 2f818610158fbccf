"""Fidelity and validity against their closed forms, and how often the interval of a validity holds the true value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from simlab.measures.fidelity import (
    Change,
    Losses,
    auc,
    change,
    expected_score,
    expected_validity,
    fidelity,
    fisher_interval,
    is_worst,
    of_judges,
    of_pairs,
    reliability,
    validity,
)
from simlab.measures.statistics import lengthened

PAIRS = 200_000


def normal_pairs(rho: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The signs by which two standards of correlation ρ order pairs."""
    x, e = np.random.default_rng(seed).normal(size=(2, PAIRS))
    return np.sign(x), np.sign(rho * x + math.sqrt(1 - rho**2) * e)


# ---- fidelity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [0.2, 0.6, 0.9, -0.5])
def test_of_who_goes_by_another_direction_it_is_sheppards_arcsine(rho: float) -> None:
    gold, said = normal_pairs(rho)
    expected = 2 / math.pi * math.asin(rho)
    assert fidelity(said, gold) == pytest.approx(expected, abs=4 / math.sqrt(PAIRS))
    assert abs(fidelity(said, gold) - rho) > 0.02  # a correlation is another number


@pytest.mark.parametrize(("care", "flip", "rho"), [(1.0, 0.1, 0.9), (0.5, 0.2, 0.7), (0.25, 0.0, 0.5)])
def test_care_and_flips_multiply_and_losses_add_up(care: float, flip: float, rho: float) -> None:
    gold, felt = normal_pairs(rho)
    careful = (1 - 2 * flip) * felt
    done = care * fidelity(careful, gold)
    direction = 2 / math.pi * math.asin(rho)
    assert done == pytest.approx(care * (1 - 2 * flip) * direction, abs=4 / math.sqrt(PAIRS))
    lost = Losses.of(fidelity(felt, gold), fidelity(felt, gold), fidelity(careful, gold), done, done)
    assert lost.direction + lost.perception + lost.choice + lost.care == pytest.approx(1 - done)
    assert lost.perception == 0
    assert lost.choice == pytest.approx(2 * flip * direction, abs=4 / math.sqrt(PAIRS))
    assert lost.care == pytest.approx((1 - care) * (1 - 2 * flip) * direction, abs=4 / math.sqrt(PAIRS))


def test_pairs_that_the_standard_finds_equal_do_not_count() -> None:
    said, gold = np.array([[1.0, -1.0, 0.5], [1.0, 1.0, 0.0]]), np.array([1.0, 0.0, -1.0])
    np.testing.assert_allclose(fidelity(said, gold), [0.25, 0.5])
    assert np.isnan(fidelity(said, np.zeros(3))).all()


def test_one_judge_is_worth_its_fidelity_and_several_their_mean() -> None:
    gold = np.array([1.0, -1.0, 1.0, 0.0])
    one = of_pairs(np.array([1.0, -1.0, -1.0, 1.0]), gold)
    assert (one.rho, one.n, one.auc) == (pytest.approx(1 / 3), 3, pytest.approx(2 / 3))
    assert one.low < one.rho < one.high
    several = of_judges(np.array([0.2, 0.4, 0.6]))
    assert several.rho == pytest.approx(0.4)
    assert several.high - several.rho == pytest.approx(4.302653 * 0.2 / math.sqrt(3))
    assert math.isnan(of_judges(np.zeros(0)).rho)
    assert of_judges(np.zeros(0)).why_nan


# ---- validity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [4, 16, 64])
@pytest.mark.parametrize("judge", [1.0, 0.5])
def test_of_a_test_with_finite_looks_it_is_the_root_of_the_reliability(looks: int, judge: float) -> None:
    """Scores are shares of so many independent looks by a judge of known fidelity."""
    rng, agents = np.random.default_rng(looks), 20_000
    worth = rng.uniform(0.1, 0.9, agents)
    expected = (1 + judge * worth) / 2
    scores = rng.binomial(looks, expected) / looks
    predicted = expected_validity(worth, expected, np.full(agents, float(looks)))
    found = validity(scores, worth)
    assert found.rho == pytest.approx(predicted, abs=4 * (1 - predicted**2) / math.sqrt(agents))
    assert found.low < predicted < found.high or abs(found.rho - predicted) < 4 / math.sqrt(agents)
    one = reliability(expected, np.ones(agents))
    assert reliability(expected, np.full(agents, float(looks))) == pytest.approx(lengthened(one, looks))
    assert predicted == pytest.approx(math.sqrt(lengthened(one, looks)))
    assert abs(found.rho - lengthened(one, looks)) > 0.01  # the reliability itself is another number


def test_the_chance_to_agree_is_that_of_two_labels_drawn_apart() -> None:
    agent, judge = np.array([[1.0, 0.0, -0.5], [-1.0, 1.0, 0.0]]), np.array([0.5, 1.0, -1.0])
    draws = 100_000
    for i in range(2):
        a, j = (
            np.where(np.random.default_rng(s).random((draws, 3)) < (1 + v) / 2, 1, -1)
            for s, v in ((i, agent[i]), (9 + i, judge))
        )
        assert expected_score(agent, judge)[i] == pytest.approx(float((a == j).mean()), abs=4 / math.sqrt(draws))


def test_it_is_not_given_where_it_means_nothing() -> None:
    some = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    assert "fewer than 5" in validity(some[:4], some[:4]).why_nan
    assert "fewer than 5" in validity(np.array([np.nan, 0.2, 0.3, 0.4, 0.5]), some).why_nan
    assert validity(some, np.ones(5)).why_nan == "all agents are alike"
    assert validity(np.ones(5), some).why_nan == "all agents have the same score"
    assert math.isnan(validity(np.ones(5), some).rho)
    whole = validity(some, some)
    assert (whole.rho, whole.rank, whole.auc, whole.why_nan) == (pytest.approx(1), pytest.approx(1), 1.0, "")


def test_the_rank_correlation_asks_for_the_order_alone() -> None:
    worth = np.linspace(0.1, 0.9, 12)
    bent = validity(np.exp(9 * worth), worth)
    assert bent.rank == pytest.approx(1)
    assert bent.rho < 0.9
    x, y = np.random.default_rng(2).normal(size=(2, 40))
    assert validity(x, y).rank == pytest.approx(spearmanr(x, y).statistic)


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(4)
    marks, wanted = np.round(rng.normal(size=60), 1), rng.random(60) < 0.3
    yes, no = marks[wanted][:, None], marks[~wanted][None, :]
    assert auc(marks, wanted) == pytest.approx(float(((yes > no) + 0.5 * (yes == no)).mean()))
    assert math.isnan(auc(marks, np.zeros(60, dtype=bool)))


def test_the_worst_tenth_are_as_many_and_nobody_where_all_are_alike() -> None:
    assert is_worst(np.arange(20.0)).sum() == 2
    assert is_worst(np.arange(21.0)).sum() == 3
    assert is_worst(np.array([0.0, 0.0, 0.0, 1.0, 1.0])).tolist() == [True, True, True, False, False]
    assert not is_worst(np.ones(10)).any()
    assert len(is_worst(np.zeros(0))) == 0


@pytest.mark.parametrize("agents", [5, 10, 40])
def test_the_interval_holds_the_true_validity_as_often_as_it_says(agents: int) -> None:
    """Over populations of agents whose fidelity is normal, judged on 20 pairs each."""
    rng, runs, looks = np.random.default_rng(agents), 4_000, 20
    worth = np.clip(rng.normal(0.5, 0.2, (runs, agents)), -1, 1)
    scores = rng.binomial(looks, (1 + worth) / 2) / looks
    many = np.clip(rng.normal(0.5, 0.2, 400_000), -1, 1)
    true = float(np.corrcoef(rng.binomial(looks, (1 + many) / 2) / looks, many)[0, 1])
    found = [validity(s, w) for s, w in zip(scores, worth, strict=True)]
    held = np.array([v.low <= true <= v.high for v in found if not v.why_nan])
    sampling = 4 * math.sqrt(0.95 * 0.05 / len(held))
    assert held.mean() == pytest.approx(0.95, abs=0.02 + sampling)
    narrow = np.array([abs(v.rho - true) <= (v.high - v.low) / 6 for v in found if not v.why_nan])
    assert narrow.mean() < 0.8  # a third of the width is too little


@pytest.mark.parametrize("n", [5, 10, 40])
def test_the_interval_is_scipys(n: int) -> None:
    x, y = np.random.default_rng(n).normal(size=(2, n))
    peer = pearsonr(x, x + y)
    assert fisher_interval(peer.statistic, n) == pytest.approx(tuple(peer.confidence_interval()))
    assert all(math.isnan(end) for end in fisher_interval(0.5, 3))


# ---- change --------------------------------------------------------------------------------------------------------


def test_change_is_divided_without_remainder() -> None:
    before = {0: (1.0, 0.5, 0.0), 1: (0.5, 0.6, 0.0), 2: (1.0, -0.2, 0.0)}
    now = {0: (1.0, 0.7, 0.0), 1: (1.0, 0.6, 0.0), 3: (1.0, 0.4, 0.0)}
    found = change(before, now)
    assert found.teaching == pytest.approx(0.2 / 3)
    assert found.deterrence == pytest.approx(0.6 * 0.5 / 3)
    whole = np.mean([0.7, 0.6, 0.4]) - np.mean([0.5, 0.3, -0.2])
    assert found.selection + found.deterrence + found.teaching == pytest.approx(whole)
    assert found.selection == pytest.approx(
        (0.4 - np.mean([0.5, 0.3, -0.2])) / 3 + (np.mean([0.5, 0.3]) - np.mean([0.5, 0.3, -0.2])) * 2 / 3
    )


def test_where_nobody_leaves_nothing_is_selected_and_where_nothing_changes_nothing_is() -> None:
    state = {0: (1.0, 0.5, 0.0), 1: (0.5, 0.6, 0.0)}
    assert change(state, state) == Change()
    assert change({}, state) == Change()
    assert change(state, {0: (1.0, 0.5, 0.0), 1: (1.0, 0.3, 0.0)}).selection == pytest.approx(0)


def test_who_waves_through_changes_with_those_below() -> None:
    """F = c·G + (1 − c)·B: care that replaces good answers is worth less, and what those below learn shows."""
    found = change({0: (0.2, 0.8, 0.4)}, {0: (0.6, 0.8, 0.6)})
    assert found.deterrence == pytest.approx((0.8 - 0.5) * 0.4)
    assert found.teaching == pytest.approx(0.6 * 0.2)
    assert found.deterrence + found.teaching == pytest.approx(0.6 * 0.8 + 0.4 * 0.6 - (0.2 * 0.8 + 0.8 * 0.4))
