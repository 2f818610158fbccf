"""The mathematics of effort: tournaments, linear contracts, audits in number, and what carelessness does to labels."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.components.effort import spent, tossed
from simlab.components.incentives import prize_slope, responses, tournament_effort, win_chance
from simlab.people.effort import situation_of
from simlab.rng import normals, uniforms
from tests.situations import review, situation
from tests.small_world import LEARN, play


@pytest.mark.parametrize(("players", "highest"), [(2, 0.5642), (4, 1.0294), (8, 1.4236), (16, 1.7660), (64, 2.3437)])
def test_the_slope_for_one_prize_is_the_expected_highest_of_n(players: int, highest: float) -> None:
    assert prize_slope(players) * players == pytest.approx(highest, abs=5e-5)


def test_prizes_for_all_but_one_are_prizes_upside_down() -> None:
    assert prize_slope(9, 8) == pytest.approx(prize_slope(9, 1))
    assert prize_slope(9, 4) > prize_slope(9, 1)
    assert prize_slope(9, 9) == prize_slope(9, 0) == prize_slope(1, 1) == 0


@pytest.mark.parametrize(("players", "winners", "lead"), [(2, 1, 0.5), (6, 2, -0.4), (10, 1, 1.0)])
def test_chances_of_a_prize_against_draws(players: int, winners: int, lead: float) -> None:
    n = 40_000
    noise = normals(5, np.arange(n)[:, None], np.arange(players)[None, :])
    noise[:, 0] += lead
    won = np.mean((noise[:, :1] < noise[:, 1:]).sum(axis=1) < winners)
    predicted = float(win_chance(np.array([lead]), players, winners)[0])
    error = np.sqrt(predicted * (1 - predicted) / n)
    assert abs(won - predicted) < 4 * error
    assert abs(won - winners / players) > 4 * error


def test_lazear_and_rosen() -> None:
    assert tournament_effort(2, 2, 1, 1, 1) == pytest.approx(0.56419, abs=5e-6)
    assert tournament_effort(3, 2, 1, 2, 0.5) == pytest.approx(3 / (2 * 2 * 0.5 * np.sqrt(np.pi)))


@pytest.mark.parametrize(("prize", "cost", "noise"), [(2, 0.2, 1), (10, 1, 1), (2, 1, 0.4)])
def test_without_an_equilibrium_there_is_no_effort_to_name(prize: float, cost: float, noise: float) -> None:
    assert prize * 0.12099 / noise**2 >= cost
    with pytest.raises(ValueError, match="no equilibrium"):
        tournament_effort(prize, 2, 1, cost, noise)


def test_the_condition_of_two_players_is_lazear_and_rosens() -> None:
    bar = 1 / 0.12099
    assert tournament_effort(bar * 0.99, 2, 1, 1, 1) > 0
    with pytest.raises(ValueError, match="no equilibrium"):
        tournament_effort(bar * 1.01, 2, 1, 1, 1)


def test_linear_responses_solve_the_first_order_condition() -> None:
    cost = np.array([[1.0, 0.5], [0.5, 1.0]])
    slopes = np.array([[0.470588, 0.294118], [1.0, 1.0], [0.0, 1.0]])
    effort = responses(slopes, cost)
    np.testing.assert_allclose(effort @ cost, slopes)
    assert effort[2, 0] < 0  # paying for one of two rival tasks takes effort from the other


@pytest.mark.parametrize(("pairs", "share"), [(5, 0.3), (40, 0.1), (300, 0.5), (7, 1.0), (0, 0.5)])
def test_the_number_of_audits_is_binomial(pairs: int, share: float) -> None:
    found = situation(2, pairs=pairs, audited=share).over_audits(lambda rows, audits: 0.8**audits)
    np.testing.assert_allclose(found, (1 - share * 0.2) ** pairs)


def test_a_single_wrong_answer_dismisses_as_science_has_it() -> None:
    """p = 1 − (1 − a·d)^n, with d the chance that a careless answer is wrong."""
    rule = review("threshold", below=1)
    here = situation(3, pairs=np.array([1, 5, 20]), audited=0.3, careless=0.6, review=rule)
    np.testing.assert_allclose(here.dismissal(np.zeros(3)), 1 - (1 - 0.3 * 0.4) ** np.array([1, 5, 20]))
    np.testing.assert_allclose(here.dismissal(np.ones(3)), 0, atol=1e-12)
    half = 1 - (1 - 0.3 * 0.2) ** np.array([1, 5, 20])
    np.testing.assert_allclose(here.dismissal(np.full(3, 0.5)), half)


def test_a_rule_that_needs_several_looks_is_spread_over_them() -> None:
    rule = review("threshold", below=0.7, min_sample=20)
    short, long = (situation(pairs=pairs, audited=1.0, careless=0.5, review=rule) for pairs in (5, 25))
    none = np.zeros(1)
    per_look, whole = short.dismissal(none)[0], rule.chance(np.array([0.5]), np.array([20.0]), none)[0]
    assert 1 - (1 - per_look) ** 4 == pytest.approx(whole)
    assert long.dismissal(none)[0] == pytest.approx(rule.chance(np.array([0.5]), np.array([25.0]), none)[0])
    assert situation(pairs=50, audited=0.0, review=rule).dismissal(none)[0] == 0


def test_wrong_gold_falls_on_the_careful_too() -> None:
    here = situation(quality=0.9, careless=0.5, gold_error=0.1)
    assert here.observed(np.ones(1))[0] == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)
    assert here.observed(np.zeros(1))[0] == pytest.approx(0.5)


def test_a_coin_toss_ranks_in_any_order_alike() -> None:
    n = 24_000
    labels = tossed(uniforms(1, np.arange(n)[:, None], np.arange(3)[None, :]))
    assert labels.shape == (n, 3)
    for order in permutations(range(3)):
        place = np.argsort(order)
        wanted = [1 if place[i] < place[j] else 2 for i, j in ((0, 1), (0, 2), (1, 2))]
        share = np.all(labels == wanted, axis=1).mean()
        assert abs(share - 1 / 6) < 4 * np.sqrt(5 / 36 / n)


def test_time_spent() -> None:
    assert spent(np.array([10.0, 10.0]), np.array([True, False]), 0.3).tolist() == [10, 3]


# ---- who is known to judge ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
def test_who_knows_that_nobody_looks_does_not_look_either(tmp_path: Path, guarded: bool) -> None:
    """Care goes down the line: managers make leads look, who make raters look, who know how often leads are right."""
    toil = {"kind": "no_shirking", "cost": 3, "careless_seconds": 0.33, "outside": 4}
    fire = {"kind": "fire", "below": 0.6, "min_sample": 10}
    lead = {"kind": "auditors", "count": 6, "wage": 12, "policy": {"kind": "mistaken", "flip": 0.05}, "effort": toil}
    changes: dict[str, Any] = {
        "days": 4, "parties.pool.count": 20, "parties.pool.wage": 12, f"{LEARN}.sample": 2000,
        "parties.pool.policy": {"kind": "mistaken", "flip": 0.05}, "parties.leads": lead,
        "parties.managers": {"kind": "auditors", "count": 2, "policy": "oracle"},
        "relations.1": {"principal": "acme", "agent": "pool", "every": 1, "sample": 1, "consequence": "hire"},
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5, "consequence": fire},
        "relations.5": {
            "principal": "managers", "agent": "leads", "every": 1, "sample": 0.5,
            "consequence": [fire, "hire"] if guarded else [],
        },
    }  # fmt: skip
    care, first = {}, {}
    for know in (True, False):
        run = play(tmp_path, {**changes, "parties.pool.effort": {**toil, "know_judges": know}}, measured=True)
        last = run.raters[(run.raters["round"] == run.raters["round"].max()) & run.raters.employed]
        care[know] = last[last.worker.str.startswith("pool:")].care.mean()
        first[know] = run.raters[run.raters["round"] == 0].set_index("worker").care.filter(like="pool:").mean()
    assert care[True] == (1.0 if guarded else 0.0)
    assert first[True] == care[True]  # from the first day, though raters are hired before those who judge them
    assert care[False] == 1.0  # who takes leads to be right always looks, guarded or not


@pytest.mark.slow
@pytest.mark.parametrize("told", [0.5, 0.2])
def test_who_was_told_of_checks_learns_how_many_there_are(tmp_path: Path, told: float) -> None:
    """Told of many checks, people look at first; having seen that there are hardly any, they no longer do."""
    toil = {"kind": "no_shirking", "cost": 3, "careless_seconds": 0.33, "outside": 4, "told": told, "trust": 5}
    changes: dict[str, Any] = {
        "days": 10, "parties.pool.count": 10, "parties.pool.wage": 12, f"{LEARN}.sample": 1000,
        "parties.pool.policy": {"kind": "mistaken", "flip": 0.05}, "parties.pool.effort": toil,
        "relations.1": {
            "principal": "acme", "agent": "pool", "every": 1, "sample": 0.001,
            "consequence": {"kind": "fire", "below": 0.6, "min_sample": 5},
        },
    }  # fmt: skip
    care = play(tmp_path, changes, measured=True).raters.groupby("round").care.mean()
    assert care[0] == 1
    assert care.iloc[-1] == 0
    assert care.is_monotonic_decreasing
    never = play(tmp_path, {**changes, "parties.pool.effort": {**toil, "trust": 1e8}}, measured=True)
    assert (never.raters.care == 1).all()  # whom experience teaches nothing


def test_people_reckon_with_how_well_they_can_do_and_with_gold_that_errs(tmp_path: Path) -> None:
    """Who is wrong a fifth of the time however careful knows it, how often their firm's gold is wrong, and how much of
    what they say it looks at."""
    changes = {
        "parties.pool.effort": {"kind": "no_shirking", "cost": 1},
        "parties.pool.policy.flip": 0.2,
        "parties.acme.gold_error": 0.07,
    }
    pool = play(tmp_path, changes).context.parties["pool"]
    here = situation_of(pool, np.arange(pool.spec.count))
    assert abs(here.quality.mean() - 0.8) < 4 * np.sqrt(0.16 / 8 / 200)  # of 8 people, tried on hundreds of pairs
    np.testing.assert_allclose(here.gold_error, 0.07)
    np.testing.assert_allclose(here.audited, 0.2)
