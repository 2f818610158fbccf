"""Auditors who, where they take no care, confirm what stands there: what that does to scores, fidelity and care."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.people.effort import situation_of, thinking
from simlab.theory.inspection import accuracies, equilibrium, gains
from tests.small_world import LEARN, Played, play

FLIP, ERR = 0.3, 0.1  # of raters, of auditors
GAP = FLIP - ERR  # by which care makes an auditor more often right who else waves through
BONUS = 4.0


def world(care: float, careless: str = "wave_through") -> dict[str, Any]:
    """Leads who choose this care: a bonus for agreement, of which care brings the gap, and costs of care to match."""
    gain = GAP if careless == "wave_through" else 0.5 - ERR
    effort = {"kind": "linear", "cost": BONUS * gain / 24 / care, "careless": careless, "pace_cost": 1e6}
    return {
        "days": 2,
        "parties.pool": {"kind": "raters", "count": 20, "policy": {"kind": "mistaken", "flip": FLIP}},
        "parties.leads": {
            "kind": "auditors", "count": 8, "hours": 24, "policy": {"kind": "mistaken", "flip": ERR}, "effort": effort,
            "pay": {"kind": "linear", "bonus": BONUS},
        },
        "parties.managers": {"kind": "auditors", "count": 4, "hours": 24, "policy": "oracle"},
        f"{LEARN}.sample": 4000,
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 1.0},
        "relations.5": {"principal": "managers", "agent": "leads", "every": 1, "sample": 1.0},
    }  # fmt: skip


def last(run: Played, principal: str) -> Any:
    rows = run.orders[(run.orders.principal == principal) & (run.orders.agent != "rm")]
    return rows[rows["round"] == rows["round"].max()].iloc[0]


def shares(run: Played, by: str) -> tuple[float, int]:
    rows = run.judgements[run.judgements.principal == by]
    return float(np.average(rows.score, weights=rows["sample"])), int(rows["sample"].sum())


@pytest.mark.slow
@pytest.mark.parametrize("care", [0.25, 0.5, 0.8])
def test_careless_auditors_are_worth_what_those_are_whom_they_judge(tmp_path: Path, care: float) -> None:
    """Fidelity c·(1 − 2η) + (1 − c)·(1 − 2ε), scores 1 − c + c·h, and of wrong answers c·(1 − η) are found."""
    run = play(tmp_path, world(care), measured=True)
    leads = run.raters[run.raters.worker.str.startswith("leads") & (run.raters["round"] == run.raters["round"].max())]
    c = float(leads.care.mean())
    assert c == pytest.approx(care, abs=0.12)  # raters' accuracy is measured on some hundred pairs
    order = last(run, "managers")
    assert order.fidelity_guideline == pytest.approx(c * (1 - 2 * ERR) + (1 - c) * (1 - 2 * FLIP))
    parts = [order[f"lost_{part}"] for part in ("direction", "perception", "choice", "care", "silence")]
    assert sum(parts) == pytest.approx(1 - order.fidelity_guideline)
    assert order.lost_care == pytest.approx(2 * (1 - c) * GAP)
    honest = (1 - FLIP) * (1 - ERR) + FLIP * ERR
    for by, expected in (("leads", 1 - c + c * honest), ("managers", 1 - c * ERR - (1 - c) * FLIP)):
        score, n = shares(run, by)
        assert score == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))
    found, wrong = last(run, "leads"), FLIP * 4000
    assert found.detection == pytest.approx(c * (1 - ERR), abs=4 * math.sqrt(0.25 / wrong))
    assert found.false_alarm == pytest.approx(c * ERR, abs=4 * math.sqrt(c * ERR / (4000 - wrong)))


@pytest.mark.slow
def test_auditors_who_toss_coins_are_worth_less_and_find_more(tmp_path: Path) -> None:
    run = play(tmp_path, world(0.5, "coin"), measured=True)
    c = float(run.raters[run.raters.worker.str.startswith("leads")].care.iloc[-1])
    assert last(run, "managers").fidelity_guideline == pytest.approx(c * (1 - 2 * ERR), abs=0.05)
    assert last(run, "leads").detection == pytest.approx(c * (1 - ERR) + (1 - c) / 2, abs=0.07)


def test_who_is_judged_reckons_with_it(tmp_path: Path) -> None:
    """observed = m + (1 − m)·(a(1 − η) + (1 − a)η), with what the judge does now; and the judge's own accuracy without
    care is that of those judged."""
    toil = {"kind": "gold_bonus", "cost": 1.0, "know_judges": True}
    changes = {**world(0.5), "days": 1, "parties.pool.effort": toil, f"{LEARN}.sample": 200, "parties.pool.pay": {
        "kind": "double_or_nothing", "times": 1, "gold": 1}, "relations.4.consequence": {
            "kind": "fire", "below": 1e-9, "min_sample": 10_000}}  # fmt: skip
    parties = play(tmp_path, changes).context.parties
    pool, leads = parties["pool"], parties["leads"]
    rows = np.arange(20)
    for care in (0.0, 0.3, 1.0):
        leads.work_state.care[:], pool.work_state.care[:] = care, 0.5
        situation = situation_of(pool, rows)
        right, judge = situation.quality, 1 - float(leads.quality[1].mean()) if care else 0.5
        expected = 1 - care + care * (right * (1 - judge) + (1 - right) * judge)
        np.testing.assert_allclose(situation.observed(np.ones(20)), expected, atol=1e-12)
        above = situation_of(leads, np.arange(8))
        np.testing.assert_allclose(above.careless, 0.5 + 0.5 * (pool.quality[1].mean() - 0.5))
    leads.work_state.care[:] = 0.0
    unknowing = {**changes, "parties.pool.effort": {**toil, "know_judges": False}}
    naive = situation_of(play(tmp_path, unknowing).context.parties["pool"], rows)
    np.testing.assert_allclose(naive.observed(np.ones(20)), naive.quality)  # judges taken to look, and to be right


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_so_many_think_again_at_a_look_and_others_the_next_day(tmp_path: Path, share: float) -> None:
    effort = {"kind": "gold_bonus", "revise": share}
    pool = play(tmp_path, {"parties.pool.count": 2000, "parties.pool.effort": effort}).context.parties["pool"]
    first, same, other = thinking(pool, "acme"), thinking(pool, "acme"), thinking(pool, "leads")
    assert first is not None
    assert len(first) == pytest.approx(2000 * share, abs=4 * math.sqrt(2000 * share * (1 - share)))
    np.testing.assert_array_equal(first, same)
    assert len(np.intersect1d(first, other)) == pytest.approx(
        2000 * share**2, abs=4 * math.sqrt(2000 * share**2 * (1 - share**2))
    )
    assert thinking(play(tmp_path).context.parties["pool"], "acme") is None  # by default, everybody


# ---- the closed form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orders", [2, 3, 4])
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_at_equilibrium_nobody_does_better_otherwise(orders: int, spread: float) -> None:
    """Indifferent where all are alike; else those take care to whom it costs less than it brings, and only those."""
    right, stakes = [0.9, 0.95, 0.98, 0.99][:orders], [20.0, 30.0, 50.0, 80.0][:orders]
    costs = [3.6, 4.3, 6.0, 6.4] if orders == 4 else [3.6, 4.3, 7.7]
    costs = [3.6, 4.5] if orders == 2 else costs
    care = equilibrium(right, stakes, costs, 0.97, spread)
    assert all(0.02 < x < 0.98 for x in care)
    worth = np.array(stakes) * gains(care, right, 0.97) / np.array(costs)
    if spread:
        costs_of_people = np.exp(spread * np.random.default_rng(1).normal(size=(400_000, 1)))
        np.testing.assert_allclose((costs_of_people <= worth).mean(axis=0), care, atol=0.004)
    else:
        np.testing.assert_allclose(worth, 1.0)
    assert accuracies(care, right)[-1] < right[-1]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [([3.6, 14.0], [0, 0]), ([9.0, 4.5], [0, 1]), ([3.6, 0.5], [1, 1]), ([3.6, 4.5], [0.75, 0.5])],
    ids=["not even coins are found", "looks are too few", "always worth a look", "mixed"],
)
def test_two_orders_and_their_corners(costs: list[float], expected: list[float]) -> None:
    assert equilibrium([0.9, 0.95], [20.0, 30.0], costs) == pytest.approx(expected)


def test_three_who_are_alike_may_have_no_mixed_equilibrium() -> None:
    with pytest.raises(ValueError, match="no equilibrium in which all orders mix"):
        equilibrium([0.9, 0.95, 0.98], [20.0, 30.0, 50.0], [3.6, 4.3, 0.1])
