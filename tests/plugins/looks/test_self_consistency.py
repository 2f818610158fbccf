"""The same pair again, with its sides swapped: accidents differ, habits of a side show, and the time is paid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.plugins.looks.work import hours, looked_at, scores
from tests.small_world import AUDIT, LEARN, payments


@pytest.mark.parametrize("flip", [0.1, 0.2, 0.4])
def test_people_who_err_by_accident_repeat_themselves_as_the_law_says(flip: float, tmp_path: Path) -> None:
    run = looked_at(tmp_path, "self_consistency", {"parties.pool.policy": {"kind": "mistaken", "flip": flip}})
    found, error, pieces = scores(run)
    assert pieces > 1000
    assert abs(found - (1 - 2 * flip * (1 - flip))) < 4 * error
    assert abs(found - (1 - flip)) > 4 * error or flip == 0.4  # the control: agreement with gold


def test_what_is_misread_in_the_same_way_every_time_is_consistent(tmp_path: Path) -> None:
    """People who go by something else than the guideline, and never slip, are perfectly consistent and often wrong."""
    changes = {"parties.pool.policy": "oracle", "parties.pool.misreading": 1.5}
    found, _, _ = scores(looked_at(tmp_path, "self_consistency", changes))
    right, _, _ = scores(looked_at(tmp_path, "gold", changes))
    assert found == 1.0
    assert right < 0.9


def test_a_habit_of_the_left_side_shows(tmp_path: Path) -> None:
    """Who nearly always marks the first says the opposite when sides are swapped."""
    habit = {"kind": "position_bias", "first": 0.999, "temperature": 2.0}
    found, error, _ = scores(looked_at(tmp_path, "self_consistency", {"parties.pool.policy": habit}))
    plain, _, _ = scores(looked_at(tmp_path, "self_consistency", {"parties.pool.policy": {**habit, "first": 0.5}}))
    assert found < 0.2
    assert plain > 0.5 - 4 * error


def test_the_second_answer_is_paid_work(tmp_path: Path) -> None:
    """Wages are those of all hours, those of the second answers among them, and these are the look's cost."""
    run = looked_at(tmp_path, "self_consistency")
    first = run.comparisons[run.comparisons.source != "again"]
    again, ranked = hours(run, "asking again"), first.duration.sum() / 3600
    _, _, pieces = scores(run)
    mean = float(first.duration.mean())
    assert again * 3600 / pieces == pytest.approx(mean, rel=4 * 1.0 / np.sqrt(pieces))
    paid = payments(run.ledger).query("reason == 'wages for ranking'").amount.sum()
    assert paid == pytest.approx(21.0 * (ranked + again))
    assert hours(run, "auditing") == 0
    labor = run.labor
    assert labor[labor.kind == "asking again"].pay.sum() == pytest.approx(21.0 * again)


def test_whoever_answers_again_has_less_time_for_what_comes_next(tmp_path: Path) -> None:
    """Pools that can just do what is asked of them in a day do less on the day after a look."""
    busy = {"days": 2, "parties.pool.hours": 1.0, "parties.pool.seconds_spread": 0.0, "parties.pool.count": 10}
    labels = {}
    for name, look in (("again", "self_consistency"), ("gold", "gold")):
        changes = {**busy, f"{AUDIT}.sample": 0.5, f"{LEARN}.sample": 1000}
        run = looked_at(tmp_path, look, changes)
        first = run.comparisons[run.comparisons.source != "again"]
        labels[name] = first.groupby(first.time > 1).size()
    assert labels["again"][True] < 0.7 * labels["gold"][True]
    assert labels["again"][False] > 0.9 * labels["gold"][False]


def test_second_answers_are_written_down_and_teach_nobody(tmp_path: Path) -> None:
    """Rows of their own, sides swapped, by the same people of the same pairs; of them the score is made, and of the
    labels without them the reward model."""
    run = looked_at(tmp_path, "self_consistency", {"days": 1})
    rows = run.comparisons
    first, second = rows[rows.source == "rater"], rows[rows.source == "again"]
    both = second.merge(first, on=["task", "worker"], validate="one_to_one")
    found, _, pieces = scores(run)
    assert len(both) == len(second) == pieces
    assert (both.left_x == both.right_y).all()
    assert (both.right_x == both.left_y).all()
    assert (both.gold_x + both.gold_y == 3).all()
    assert (both.label_x + both.label_y == 3).mean() == pytest.approx(found)
    assert set(second.principal) == set(second.agent) == {"pool"}
    assert second.pay.sum() == pytest.approx(run.labor[run.labor.kind == "asking again"].pay.sum())
    assert run.reward_model.labels.sum() == len(first)
    assert set(run.lessons.task) <= set(first[~first.held_out].task)
    assert len(run.lessons) == (~first.held_out).sum()
