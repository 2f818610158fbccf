"""Effort plugins against the economics they come from. (The laws themselves are also records of `simlab theory`.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simlab.components.pay import DoubleOrNothingSpec, HourlySpec, LinearSpec, PieceSpec, TournamentSpec
from tests.situations import PLUGINS, effort, review, situation

STRICT = review("threshold", below=1)


def switching(works: Callable[[float], bool], high: float) -> float:
    """The value at which people begin to work, by bisection."""
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def test_all_built_in_efforts_are_there() -> None:
    assert PLUGINS.names("effort") == ["diligent", "gold_bonus", "linear", "no_shirking", "tournament"]


@pytest.mark.parametrize("name", ["diligent", "gold_bonus", "linear", "no_shirking", "tournament"])
@pytest.mark.parametrize("pay", [HourlySpec(), PieceSpec(), TournamentSpec(bonus=1), DoubleOrNothingSpec()])
def test_care_is_a_share_for_everybody(name: str, pay: Any) -> None:
    """Whatever the situation, also with nobody checking, with no cost of care, and with nobody there."""
    here = situation(
        4, cost=[0.0, 1.0, 3.0, 30.0], pairs=[0, 10, 10, 10], audited=[0.5, 0, 0.1, 1], pay=pay, review=STRICT
    )
    plugin = effort(name)
    for part in (here, here[[1]], here[np.zeros(0, dtype=int)]):
        care, pace = plugin.choose(part), plugin.hurry(part)
        assert care.shape == pace.shape == (len(part),)
        assert np.all((care >= 0) & (care <= 1))
        assert np.all((pace >= 0) & np.isfinite(pace))
        np.testing.assert_array_equal(care, plugin.choose(part))


def test_the_diligent_always_care() -> None:
    assert effort("diligent").choose(situation(3, wage=0.0, cost=9.0)).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("false_alarm", "p", "wage"), [(0.0, 0.5, 2.21607), (0.05, 0.5, 2.35118), (0.0, 0.2, 2.54017), (0.1, 0.4, 2.69344)]
)
def test_no_shirking_wage(false_alarm: float, p: float, wage: float) -> None:
    here: dict[str, Any] = {"quality": 1 - false_alarm, "careless": 1 - p, "review": STRICT}
    plugin = effort("no_shirking")
    found = switching(lambda w: plugin.choose(situation(wage=w, **here))[0] == 1, 20)
    keep = 0.95 * 0.95
    formula = 2 + (1 - keep * (1 - false_alarm)) / (keep * (p - false_alarm))
    assert formula == pytest.approx(wage, abs=5e-6)
    assert found == pytest.approx(formula, abs=1e-9)
    assert abs(found - (2 + (1 - keep) / (keep * p))) > 1e-3 or not false_alarm


def test_nobody_works_where_nothing_is_lost_by_shirking() -> None:
    plugin = effort("no_shirking")
    assert plugin.choose(situation(wage=1e5, audited=0, review=STRICT)).tolist() == [0]
    assert plugin.choose(situation(wage=1e5)).tolist() == [0]  # nobody is ever dismissed
    assert plugin.choose(situation(wage=0, cost=0)).tolist() == [1]  # and where care costs nothing, all work


def test_linear_care_is_the_slope_of_pay_over_its_cost() -> None:
    here = situation(2, cost=[4.0, 8.0], careless=0.5, quality=0.9, gold_error=0.1, pay=LinearSpec(bonus=5))
    np.testing.assert_allclose(effort("linear").choose(here), 5 * 0.4 * 0.8 / np.array([4, 8]))
    assert effort("linear").hurry(here).tolist() == [0, 0]


def test_a_piece_rate_buys_pace_and_no_care() -> None:
    """And where the two are rivals, care that was free goes, too: it would be negative if it could."""
    here = situation(cost=10.0, pairs=20, pay=PieceSpec(rate=0.25))
    plugin: Any = effort("linear")
    assert (plugin.choose(here)[0], plugin.hurry(here)[0]) == (0, 0.5)
    rival: Any = effort("linear", rivalry=0.5)
    assert rival.choose(here)[0] == 0
    assert rival.efforts(here)[0, 0] == pytest.approx(-0.5 * 0.5 / 0.75)
    assert plugin.efforts(situation(cost=0.0, pairs=20, pay=PieceSpec())).tolist() == [[0, np.inf]]
    with pytest.raises(ValidationError, match="convex"):
        effort("linear", rivalry=2.0)


def test_tournament_care() -> None:
    plugin = effort("tournament", noise=1)
    here = situation(2, pay=TournamentSpec(bonus=2))
    np.testing.assert_allclose(plugin.choose(here), 0.56419, atol=5e-6)
    many = situation(8, pay=TournamentSpec(bonus=2))
    np.testing.assert_allclose(plugin.choose(many), 2 * 1.4236 / 8, atol=5e-5)
    assert plugin.choose(situation(2)).tolist() == [0, 0]  # no prize
    with pytest.raises(ValueError, match="no equilibrium"):
        plugin.choose(situation(2, pay=TournamentSpec(bonus=20)))


def test_the_noise_of_a_tournament_is_that_of_its_audits() -> None:
    """σ in care: sampling error of a share at half care, over what full care adds to it."""
    here = situation(6, pairs=50, audited=0.5, quality=0.9, careless=0.5, cost=4.0, pay=TournamentSpec(bonus=1))
    sigma = np.sqrt(0.7 * 0.3 / 25) / 0.4
    np.testing.assert_allclose(effort("tournament").choose(here), effort("tournament", noise=sigma).choose(here))
    unchecked = situation(6, pairs=50, audited=0.0, pay=TournamentSpec(bonus=1))
    assert effort("tournament").choose(unchecked).tolist() == [0] * 6


@pytest.mark.parametrize(("wage", "gold"), [(10.0, 1), (20.0, 3), (7.0, 5)])
def test_gold_bonus_switches_where_the_gain_is_the_cost(wage: float, gold: int) -> None:
    pay = DoubleOrNothingSpec(gold=gold)
    here: dict[str, Any] = {"wage": wage, "pairs": 10, "quality": 0.95, "careless": 0.6, "pay": pay}
    plugin = effort("gold_bonus")
    found = switching(lambda cost: plugin.choose(situation(cost=cost, **here))[0] == 0, 1e3)
    assert found == pytest.approx(2 * wage * (0.95**gold - 0.6**gold))
