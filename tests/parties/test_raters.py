"""Raters on runs: who they are, what they are asked, how long they work, and what a label is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simlab.components.cohort import Cohort
from simlab.parties.raters import Raters
from tests.small_world import AUDIT, LEARN, Played, play


def pool(run: Played) -> Raters:
    """The raters of a run, as they ended."""
    found = run.context.parties["pool"]
    assert isinstance(found, Raters)
    return found


def people(run: Played) -> Cohort:
    cohort = pool(run).cohort
    return cohort


def within(share: float, expected: float, n: int) -> bool:
    """Whether a share of n independent trials is within four standard errors."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


# ---- who they are -------------------------------------------------------------------------------------------------

GUIDELINE = {"helpful": 3, "truthful": 4}  # of length 5


@pytest.mark.slow
@pytest.mark.parametrize("above", [0.0, 2.0])
@pytest.mark.parametrize("misreading", [0.3, 1.0])
def test_misreadings_are_sized_in_norms_of_the_guideline_as_written(
    above: float, misreading: float, tmp_path: Path
) -> None:
    """However far acme's own practice has strayed from it."""
    changes = {
        "world.dimensions": 256,
        "parties.acme": {"kind": "corporation", "misreading": above, "guideline": {"operative": GUIDELINE}},
        "parties.pool.count": 50,
        "parties.pool.misreading": misreading,
        f"{LEARN}.sample": 900,
    }
    run = play(tmp_path, changes)
    told = run.context.parties["acme"].standard()
    assert told.unit == 5
    errors = people(run).vector - told.vector
    squares = np.sum(errors**2, axis=1) / 5**2 / misreading**2  # chi-square over its 256 degrees of freedom
    assert abs(squares.mean() - 1) < 4 * np.sqrt(2 / 256 / 50)
    between = np.corrcoef(errors)[np.triu_indices(50, 1)]
    assert abs(between.mean()) < 4 / np.sqrt(256 * len(between))


@pytest.mark.parametrize("compliance", [0.0, 0.4, 1.0])
def test_compliance_weighs_the_guideline_against_own_values(compliance: float, tmp_path: Path) -> None:
    changes = {"parties.pool.compliance": compliance, "parties.pool.values": {"brief": 2}}
    run = play(tmp_path, changes)
    game, told = run.context.game, run.context.parties["acme"].standard()
    expected = compliance * told.vector + (1 - compliance) * game.value({"brief": 2})
    np.testing.assert_allclose(people(run).vector, np.tile(expected, (8, 1)), atol=1e-12)


def test_traits_spread_as_told_and_stay_possible(tmp_path: Path) -> None:
    changes = {
        "parties.pool.count": 400,
        "parties.pool.skill": 0.8,
        "parties.pool.skill_spread": 0.3,
        "parties.pool.seconds": 40,
        "parties.pool.seconds_spread": 0.5,
    }
    cohort = people(play(tmp_path, changes))
    assert cohort.skill.shape == (400, 8)
    assert 0 <= cohort.skill.min() < 0.3
    assert cohort.skill.max() == 1
    assert abs(np.median(cohort.skill) - 0.8) < 0.02
    pace = np.log(cohort.seconds / 40)
    assert abs(pace.mean()) < 4 * 0.5 / 20
    assert abs(pace.std() - 0.5) < 4 * 0.5 / np.sqrt(800)


def test_a_pool_without_a_guideline_goes_by_its_own_values(tmp_path: Path) -> None:
    """Nobody employs these raters, so nobody pays, audits or fires them."""
    run = play(tmp_path, {"relations.1": {"principal": "users", "agent": "acme2", "every": 1, "sample": 5},
                          "parties.acme2": {"kind": "corporation", "guideline": {"operative": {"brief": 1}}},
                          "parties.pool.values": {"sincere": 2}})  # fmt: skip
    np.testing.assert_array_equal(people(run).vector[0], run.context.game.value({"sincere": 2}))
    assert set(run.employment.employer) == {""}
    assert "pay" not in set(run.consequences.kind)
    assert len(run.comparisons) == 200


# ---- what they are asked ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("options", "overlap"), [(2, 1), (2, 3), (4, 2), (5, 1)])
def test_rankings_and_overlap(options: int, overlap: int, tmp_path: Path) -> None:
    changes = {"parties.pool.ranking": options, "parties.pool.overlap": overlap, f"{LEARN}.sample": 240}
    run = play(tmp_path, changes)
    rows, pairs = run.comparisons, options * (options - 1) // 2
    assert rows.ranking.nunique() == 240 // pairs
    assert len(rows) == 240 // pairs * pairs * overlap
    for _, ranking in rows.groupby("ranking"):
        assert ranking.worker.nunique() == overlap
        assert ranking.task.nunique() == pairs
        assert len(set(ranking.left) | set(ranking.right)) == options
        assert ranking.held_out.nunique() == 1
        assert ranking.groupby("task")[["left", "right", "gold"]].nunique().eq(1).all(axis=None)
    assert (rows.left < rows.right).all()
    shown = run.candidates
    assert sorted(shown.response) == sorted(set(rows.left) | set(rows.right))
    asked = shown.set_index("response").prompt
    assert (asked[rows.left].to_numpy() == asked[rows.right].to_numpy()).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6])
def test_the_share_held_out(share: float, tmp_path: Path) -> None:
    run = play(tmp_path, {"parties.pool.held_out": share, f"{LEARN}.sample": 1500, "parties.pool.count": 30})
    held = run.comparisons.groupby("ranking").held_out.first()
    assert held.mean() == 0 if share == 0 else within(held.mean(), share, len(held))
    assert run.reward_model.pairs.item() == (~run.comparisons.held_out).sum()
    assert run.reward_model.gold_pairs.item() == run.comparisons.held_out.sum()


def test_work_is_spread_evenly_by_lot(tmp_path: Path) -> None:
    run = play(tmp_path, {f"{LEARN}.sample": 1600, "parties.pool.count": 8})
    done = run.comparisons.worker.value_counts()
    assert len(done) == 8
    assert np.sum((done - 200) ** 2 / 200) < 30  # chi-square of 7 degrees of freedom


# ---- how long they work -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("every", "hours"), [(1, 0.5), (0.5, 0.5), (3, 0.25)])
def test_nobody_works_longer_than_a_shift_and_what_is_left_over_waits(
    every: float, hours: float, tmp_path: Path
) -> None:
    """More is asked than eight people can do: they carry tasks over within the window, and label fewer."""
    days, wanted = 3, 3000
    changes = {
        "days": days,
        "parties.pool.hours": hours,
        "parties.pool.overlap": 2,
        f"{LEARN}.every": every,
        f"{LEARN}.sample": wanted,
    }
    run = play(tmp_path, changes)
    rows, shift = run.comparisons, min(1.0, every)
    worked = rows.groupby(["worker", "time"]).duration.sum()
    assert worked.max() <= hours * shift * 3600 + 1e-6
    assert worked.median() > 0.7 * hours * shift * 3600
    assert sorted(rows.time.unique()) == [pytest.approx((n + 0.375) * shift) for n in range(round(days / shift))]
    assert len(rows) < wanted * days / every
    assert run.candidates.response.nunique() == 2 * wanted * days / every
    assert not rows.duplicated(["worker", "task"]).any()
    if every == 3:  # one window of three shifts
        first = [rows[rows.time == time].ranking.min() for time in sorted(rows.time.unique())]
        late = rows[(rows.time > 1) & (rows.ranking < wanted / 3)]  # due on the first day
        assert len(late) > 0, first


def test_a_pool_with_time_for_it_does_all_at_once(tmp_path: Path) -> None:
    run = play(tmp_path, {f"{LEARN}.sample": 300, "parties.pool.hours": 8})
    assert len(run.comparisons) == 300
    assert run.comparisons.time.unique().tolist() == [0.375]


@pytest.mark.parametrize(("options", "overlap"), [(2, 1), (4, 1), (2, 2)])
def test_a_share_of_the_working_time(options: int, overlap: int, tmp_path: Path) -> None:
    """A sample of .1 takes about a tenth of the pool's hours, whatever is ranked and however often."""
    changes = {
        "parties.pool": {
            "kind": "raters", "count": 8, "ranking": options, "overlap": overlap, "seconds_spread": 0, "hours": 5,
            "policy": {"kind": "mistaken", "flip": 0.2},
        },
        f"{LEARN}.sample": 0.1,
    }  # fmt: skip
    spent = play(tmp_path, changes).comparisons.duration.sum() / 3600
    assert spent == pytest.approx(0.1 * 8 * 5, rel=0.05)


def test_each_comparison_takes_its_time(tmp_path: Path) -> None:
    changes = {"parties.pool.seconds": 20, "parties.pool.seconds_spread": 0.4, "parties.pool.ranking": 4}
    run = play(tmp_path, {**changes, f"{LEARN}.sample": 1200})
    spent = run.comparisons.groupby(["ranking", "worker"]).duration.sum().reset_index()
    own = people(run).seconds[spent.worker.str.rpartition(":")[2].astype(int)]
    more = np.log(spent.duration / own / 3)  # K − 1 comparisons rank K responses
    assert abs(more.mean()) < 4 * 0.4 / np.sqrt(len(more))
    assert abs(more.std() - 0.4) < 4 * 0.4 / np.sqrt(2 * len(more))
    np.testing.assert_allclose(people(run).hours.sum(), spent.duration.sum() / 3600)
    assert people(run).tasks.sum() == len(spent)


# ---- what a label is made of --------------------------------------------------------------------------------------


def test_without_noise_labels_are_what_is_perceived_and_gold_is_what_the_guideline_says(tmp_path: Path) -> None:
    exact = {"parties.pool.policy": {"kind": "mistaken", "flip": 0}, f"{LEARN}.sample": 400}
    rows = play(tmp_path, {**exact, "parties.pool.misreading": 0.7}).comparisons
    assert (rows.label == np.where(rows.perceived > 0, 1, 2)).all()
    assert 0.6 < (rows.label == rows.gold).mean() < 1
    rows = play(tmp_path, exact).comparisons
    assert (rows.label == rows.gold).all()


@pytest.mark.parametrize("skill", [0.5, 0.8])
def test_unskilled_eyes_blur_what_they_see(skill: float, tmp_path: Path) -> None:
    """ŝ = skill·s + (1 − skill)·z in this world, so gold and perception correlate by skill over its root."""
    changes = {"parties.pool.skill": skill, f"{LEARN}.sample": 1500, "parties.pool.count": 30}
    sharp = play(tmp_path, {**changes, "parties.pool.skill": 1}).comparisons
    blurred = play(tmp_path, changes).comparisons
    pd.testing.assert_series_equal(sharp.gold, blurred.gold)
    expected = skill / np.hypot(skill, 1 - skill)
    found = np.corrcoef(sharp.perceived, blurred.perceived)[0, 1]
    assert abs(np.arctanh(found) - np.arctanh(expected)) < 4 / np.sqrt(len(sharp))
    assert blurred.perceived.var() / sharp.perceived.var() == pytest.approx(skill**2 + (1 - skill) ** 2, rel=0.15)


def test_two_raters_see_the_same_response_each_in_their_own_way_and_always_alike(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"parties.pool.skill": 0.5, "parties.pool.ranking": 3, f"{LEARN}.sample": 300}
    rows = play(tmp_path, {**changes, "parties.pool.overlap": 2}).comparisons
    seen = rows.groupby(["ranking", "worker"]).perceived.apply(list)
    for gap in seen:  # of three responses: 1 − 2, 1 − 3, 2 − 3
        assert gap[1] - gap[0] == pytest.approx(gap[2])
    pairs = rows.groupby("task").perceived.nunique()
    assert (pairs == 2).all()


def test_the_pool_prefers_what_its_members_prefer_on_average(tmp_path: Path) -> None:
    run = play(tmp_path, {"parties.pool.misreading": 1.0, "parties.pool.count": 5}, measured=True)
    game, cohort = run.context.game, people(run)
    mean = np.mean(cohort.vector / np.linalg.norm(cohort.vector, axis=1, keepdims=True), axis=0)
    goal = run.context.parties["acme"].standard().vector
    cosine = mean @ goal / np.linalg.norm(mean) / np.linalg.norm(goal)
    rows = run.alignment
    found = rows[(rows.a == "acme") & (rows.b == "pool") & (rows.order == 1)].rho
    assert len(game.dimensions) == 8
    np.testing.assert_allclose(found, cosine, atol=0.05)
    own = cohort.vector @ goal / np.linalg.norm(cohort.vector, axis=1) / np.linalg.norm(goal)
    np.testing.assert_allclose(run.raters.groupby("worker").rho_guideline.last(), own, atol=0.08)


def test_a_pool_without_raters_prefers_nothing_and_does_nothing(tmp_path: Path) -> None:
    changes = {"days": 4, f"{AUDIT}.sample": 1.0, f"{AUDIT}.consequence": {"kind": "fire", "below": 1}}
    run = play(tmp_path, changes, measured=True)
    assert run.employment.ended.notna().all()
    assert run.comparisons.time.max() < run.employment.ended.max()
    rows = run.alignment
    last = rows[(rows["round"] == rows["round"].max()) & (rows.b == "pool") & (rows.order == 1)]
    assert last.rho.isna().all()
    assert (last.why_nan != "").all()
    assert run.candidates.time.max() > run.comparisons.time.max()  # nobody there to compare them
