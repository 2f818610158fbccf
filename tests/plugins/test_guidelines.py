"""The built-in guideline policies, by hand and over many meetings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simlab.components.guideline_policy import GuidelinePolicy, GuidelineReview, Term
from simlab.rng import Streams, branch, normals
from tests.plugins.conftest import PLUGINS, imported

FIRST = {"helpful": 3.0, "truthful": 4.0}  # of length 5
NAMES = ("static", "scheduled", "walk", "respond_to_incidents", "follow_revenue")
SOME: dict[str, dict[str, Any]] = {  # parameters of those that cannot do without
    "scheduled": {"switches": [{"day": 20, "weights": {"harmless": 1}}]},
    "walk": {"to": {"brand": 1}},
}


def policy(name: str, **parameters: Any) -> GuidelinePolicy:
    module = imported(PLUGINS / "guidelines" / f"{name}.py")
    (cls,) = (c for c in vars(module).values() if getattr(c, "name", "") == name)
    made: GuidelinePolicy = cls(**parameters)
    return made


def situation(
    day: float = 30.0,
    turn: int = 0,
    weights: Mapping[str, float] = FIRST,
    history: tuple[Term, ...] = (),
    seed: int = 0,
) -> GuidelineReview:
    key = Streams(seed).key("meeting", turn)
    return GuidelineReview(day, turn + 1, turn, weights, FIRST, history, float("nan"), key)


def term(weights: Mapping[str, float], revenue: float = 0.0, incidents: Mapping[str, int] | None = None) -> Term:
    return Term(0.0, 10.0, weights, revenue, 0.0, float("nan"), incidents or {})


def meetings(
    asked: GuidelinePolicy, earns: Callable[[Mapping[str, float], int], float], count: int, seed: int = 0
) -> list[Mapping[str, float]]:
    """The weights in force during each of `count` terms, if revenue depends on them so."""
    weights: Mapping[str, float] = FIRST
    history: tuple[Term, ...] = ()
    known = []
    for turn in range(count):
        known.append(weights)
        history += (term(weights, earns(weights, turn)),)
        weights = asked.revise(situation(10.0 * turn, turn, weights, history, seed)) or weights
    return known


def length(weights: Mapping[str, float]) -> float:
    return math.sqrt(sum(w * w for w in weights.values()))


# ---- contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_contract(name: str) -> None:
    asked = policy(name, **SOME.get(name, {}))
    assert asked.kind == "guideline"
    assert type(asked).__doc__
    allowed = {*FIRST, *asked.criteria(), "lawful"}
    history = (term(FIRST, 5.0, {"lawful": 2}), term(FIRST, 6.0, {"helpful": 1}))
    here = situation(history=history)
    said = asked.revise(here)
    assert said == asked.revise(here)  # the same situation, the same answer
    if said is not None:
        assert set(said) <= allowed
        assert any(said.values())
        assert all(math.isfinite(weight) for weight in said.values())
    assert dict(here.weights) == FIRST  # left as it was


def test_static_stays() -> None:
    assert policy("static").revise(situation()) is None


# ---- scheduled ----------------------------------------------------------------------------------------------------


def test_scheduled_switches_on_its_days() -> None:
    first, second = {"helpful": 1.0}, {"truthful": 1.0, "harmless": 2.0}
    asked = policy("scheduled", switches=[{"day": 20, "weights": first}, {"day": 40, "weights": second}])
    said = [asked.revise(situation(day)) for day in (0, 19.9, 20, 39, 40, 400)]
    assert said == [None, None, first, first, second, second]
    assert set(asked.criteria()) == {"helpful", "truthful", "harmless"}


@pytest.mark.parametrize("days", [(20, 20), (30, 20)])
def test_a_schedule_is_in_order(days: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="days must rise"):
        policy("scheduled", switches=[{"day": day, "weights": {"helpful": 1}} for day in days])


# ---- walk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_walk_takes_equal_steps_and_arrives(steps: int) -> None:
    asked = policy("walk", to={"brand": 10.0, "truthful": 2.0}, steps=steps)
    way = [asked.revise(situation(turn=turn)) for turn in range(steps + 2)]
    for turn, weights in enumerate(way[:steps], start=1):
        assert weights is not None
        share = turn / steps
        expected = {"helpful": 3 * (1 - share), "truthful": 4 - 2 * share, "brand": 10 * share}
        assert weights == pytest.approx(expected)
    assert way[steps - 1] == pytest.approx({"helpful": 0.0, "truthful": 2.0, "brand": 10.0})
    assert way[steps:] == [None, None]


# ---- incidents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rise", "decay"), [(0.2, 0.25), (1.0, 0.5), (0.05, 0.1)])
def test_incidents_that_keep_coming_hold_a_weight_up(rise: float, decay: float) -> None:
    """The excess goes to rise·|w|·p/decay, as (1 − (1 − decay)ᵗ) of it; what nobody complained of stays."""
    asked = policy("respond_to_incidents", rise=rise, decay=decay)
    weights: Mapping[str, float] = FIRST
    excess = 5 * rise * np.array([0.25, 0.75]) / decay
    for turn in range(40):
        history = (term(weights, incidents={"helpful": 2, "harmless": 6}),)
        weights = asked.revise(situation(turn=turn, weights=weights, history=history)) or {}
        share = 1 - (1 - decay) ** (turn + 1)
        assert weights["helpful"] == pytest.approx(3 + share * excess[0])
        assert weights["harmless"] == pytest.approx(share * excess[1])
        assert weights["truthful"] == 4
    for _ in range(10):  # and without any it is forgotten
        weights = asked.revise(situation(weights=weights, history=(term(weights),))) or {}
    assert weights["harmless"] == pytest.approx(share * excess[1] * (1 - decay) ** 10)


def test_too_few_incidents_are_none() -> None:
    asked = policy("respond_to_incidents", least=5)
    for count, moved in ((4, False), (5, True)):
        said = asked.revise(situation(history=(term(FIRST, incidents={"helpful": count}),)))
        assert said is not None
        assert (said["helpful"] > 3) == moved
    assert asked.revise(situation()) == FIRST


# ---- revenue ------------------------------------------------------------------------------------------------------

BEST = {"helpful": 1.0, "truthful": 1.0, "brand": 4.0}


def closeness(weights: Mapping[str, float], aim: Mapping[str, float] = BEST) -> float:
    """The cosine of two guidelines."""
    return sum(weights.get(n, 0) * w for n, w in aim.items()) / length(weights) / length(aim)


@pytest.mark.slow
def test_follow_revenue_climbs_to_what_pays() -> None:
    """Over seeds: from cos = .33 with what pays to nearly all of it; and nowhere if revenue has no part in it."""

    def noise(weights: Mapping[str, float], turn: int) -> float:
        return float(normals(Streams(1).key("noise"), turn))

    asked = policy("follow_revenue", also=["brand"], step=0.2, by="level")
    climbed, drifted = [], []
    for seed in range(20):
        climbed.append(closeness(meetings(asked, lambda w, turn: closeness(w), 80, seed)[-1]))
        drifted.append(closeness(meetings(asked, noise, 80, seed)[-1]))
    assert closeness(FIRST) < 0.35
    assert min(climbed) > 0.9
    assert np.mean(drifted) < 0.75


@pytest.mark.slow
def test_follow_revenue_sees_what_fills_a_stock() -> None:
    """Revenue that grows anyway, and faster under some weights: growth tells which, and the level does not."""
    ends: dict[str, list[float]] = {"growth": [], "level": []}
    for by, found in ends.items():
        for seed in range(20):
            stock = [100.0]

            def earns(weights: Mapping[str, float], turn: int, stock: list[float] = stock) -> float:
                stock[0] *= 1.1 + 0.1 * closeness(weights)
                return stock[0]

            asked = policy("follow_revenue", also=["brand"], step=0.2, by=by)
            found.append(closeness(meetings(asked, earns, 80, seed)[-1]))
    assert min(ends["growth"]) > 0.9
    assert np.mean(ends["level"]) < 0.8


def test_follow_revenue_keeps_what_paid_and_takes_back_what_did_not() -> None:
    asked = policy("follow_revenue", step=0.1, also=["brand"], by="level")
    before, last = {"helpful": 3.0, "truthful": 4.0}, {"helpful": 4.0, "truthful": 3.0}
    better = asked.revise(situation(weights=last, history=(term(before, 1.0), term(last, 2.0))))
    assert better is not None
    assert better["helpful"] - 4.0 > 0 > better["truthful"] - 3.0  # on in the same direction
    worse = asked.revise(situation(weights=last, history=(term(before, 2.0), term(last, 1.0))))
    assert worse is not None
    moved = [worse[n] - before.get(n, 0.0) for n in worse]
    assert math.sqrt(sum(m * m for m in moved)) < 0.1 * 5 * 1.5  # a step away from where it was
    for said in (better, worse):
        assert length(said) == pytest.approx(5)  # its length stays
        assert min(said.values()) >= 0


def worked(weights: Mapping[str, float], profit: float, lost: int, joined: int = 0) -> Term:
    """A term of ten days with a hundred users on each, who brought so much each a day."""
    cost = 50.0
    return Term(0.0, 10.0, weights, profit * 1000 + cost, cost, math.nan, {}, 1000.0, joined, lost)


@pytest.mark.parametrize(("patience", "expected"), [(10.0, 2 / 0.12), (100.0, 2 / 0.03), (1e6, 2 / 0.020001)])
def test_a_user_is_worth_profit_over_discount_and_attrition(patience: float, expected: float) -> None:
    assert worked(FIRST, 2.0, lost=25, joined=5).value(patience) == pytest.approx(expected)
    assert worked(FIRST, 2.0, lost=0, joined=1000).value(patience) == pytest.approx(200 * patience)  # a hundredfold
    assert math.isnan(term(FIRST, 5.0).value(patience))  # nobody was there


@pytest.mark.parametrize(("patience", "on"), [(5.0, True), (10.0, True), (1000.0, False)])
def test_patient_owners_weigh_those_who_leave(patience: float, on: bool) -> None:
    """A tenth more profit for twice the attrition: the horizon at which it no longer pays is 1/(.01·(2 − 1.1)/.1)."""
    asked = policy("follow_revenue", by="value", patience=patience, also=["brand"], step=0.1)
    last = {"helpful": 4.0, "truthful": 3.0}
    here = situation(weights=last, history=(worked(FIRST, 1.0, 10), worked(last, 1.1, 20)))
    said, verdict = asked.revise(here), asked.verdict(here)
    assert said is not None
    assert verdict is not None
    assert (said["helpful"] > 4.0 and said["truthful"] < 3.0) == on
    assert verdict.move == ("continued" if on else "taken back")
    assert (verdict.worth > verdict.best) == on
    assert "profit per user +10.0%" in verdict.why
    assert (1.1 / (1 / patience + 0.02) > 1 / (1 / patience + 0.01)) == on
    assert (patience < 0.1 / (0.01 * (2 - 1.1))) == on


@pytest.mark.parametrize(("patience", "joined", "on"), [(20.0, 87, True), (30.0, 87, False), (20.0, 86, False)])
def test_owners_who_count_newcomers_weigh_those_who_do_not_come(patience: float, joined: int, on: bool) -> None:
    """A tenth more profit for fewer newcomers than ten a day: of a hundred users it pays up to the horizon T at which
    1.1·(100 + 8.7·T) is 100 + 10·T, 23 days, and with 8.6 a day up to 19."""
    asked = policy("follow_revenue", by="equity", patience=patience, also=["brand"], step=0.1)
    last = {"helpful": 4.0, "truthful": 3.0}
    here = situation(weights=last, history=(worked(FIRST, 1.0, 10, 100), worked(last, 1.1, 10, joined)))
    said, verdict = asked.revise(here), asked.verdict(here)
    assert said is not None
    assert verdict is not None
    assert (said["helpful"] > 4.0 and said["truthful"] < 3.0) == on
    assert verdict.move == ("continued" if on else "taken back")
    assert verdict.worth / verdict.best == pytest.approx(1.1 * (100 + joined / 10 * patience) / (100 + 10 * patience))
    assert f"newcomers {joined / 100 - 1:+.1%}" in verdict.why
    assert "lifetime +0.0%" in verdict.why


def test_a_base_that_grew_meanwhile_is_worth_no_more_for_it() -> None:
    """Terms are held against each other at the number of users there are now, however many there were."""
    asked = policy("follow_revenue", by="equity", patience=50.0)
    few, many = (Term(0.0, 10.0, FIRST, 2.0 * n, 0.0, math.nan, {}, float(n), 80, n // 100) for n in (1000, 3000))
    verdict = asked.verdict(situation(history=(few, many)))
    assert verdict is not None
    assert verdict.worth == pytest.approx(verdict.best)
    assert verdict.worth == pytest.approx(2 / (0.02 + 0.01) * (300 + 8 * 50))


@pytest.mark.parametrize("by", ["growth", "level", "value", "equity"])
def test_what_it_says_is_what_it_does(by: str) -> None:
    asked = policy("follow_revenue", by=by, step=0.1)
    profits = (1.0, 1.2, 1.1, 1.5, 1.5)
    history = tuple(worked({"helpful": 3.0 + n / 10, "truthful": 4.0}, p, 10) for n, p in enumerate(profits))
    assert asked.verdict(situation(history=())) is None
    for n in range(2, len(history) + 1):
        here = situation(weights=history[n - 1].weights, history=history[:n])
        verdict = asked.verdict(here)
        assert verdict is not None
        assert verdict.move == ("begun" if math.isnan(verdict.best) else verdict.move)
        assert (verdict.worth > verdict.best) == (verdict.move == "continued")
    assert policy("static").verdict(situation()) is None


@pytest.mark.parametrize("also", [[], ["brand"], ["brand", "brief"]])
def test_directions_are_keyed_by_criterion(also: list[str]) -> None:
    """One more criterion to try leaves the direction among the others as it was."""
    here = situation()
    said = policy("follow_revenue", lowest=-100.0, step=0.3, also=also).revise(here)
    assert said is not None
    draws = np.array([float(normals(branch(here.key, name), 0)) for name in [*FIRST, *also]])
    new = np.array([3, 4, *(0 for _ in also)]) + 0.3 * 5 * draws / np.linalg.norm(draws)
    assert list(said.values()) == pytest.approx(new * 5 / np.linalg.norm(new))
    other = policy("follow_revenue", lowest=-100.0, step=0.3, also=also).revise(situation(seed=1))
    assert other != said
