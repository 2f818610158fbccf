"""Consistent hashing: who comes or goes moves no task of anybody else's, and nobody gets more than a fair share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from simlab.parties.assignment import assigned

TASKS = np.arange(20_000)


def everybody(count: int) -> NDArray[np.bool_]:
    return np.ones(count, dtype=bool)


@pytest.mark.parametrize("people", [1, 2, 3, 7, 8, 9, 30, 64, 100])
def test_loads_are_even(people: int) -> None:
    loads = np.bincount(assigned(7, TASKS, everybody(people), 1)[:, 0], minlength=people)
    expected = len(TASKS) / people
    statistic = ((loads - expected) ** 2 / expected).sum()
    assert people == 1 or chi2.sf(statistic, people - 1) > 1e-4


@pytest.mark.parametrize("people", [2, 7, 8, 31, 32, 33, 200])
@pytest.mark.parametrize("many", [1, 2])
def test_who_comes_only_takes_over(people: int, many: int) -> None:
    before = assigned(7, TASKS, everybody(people), many)
    after = assigned(7, TASKS, everybody(people + 1), many)
    strangers = ((after[:, :, None] != before[:, None, :]).all(axis=2) & (after != people)).sum()
    assert strangers == 0
    moved = (before != after).any(axis=1)
    taken = (after == people).any(axis=1).mean()
    assert abs(taken - many / (people + 1)) < 4 * np.sqrt(many / (people + 1) / len(TASKS))
    assert moved.mean() < many * taken + 1 / people


def test_in_a_large_pool_hardly_any_shared_task_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.parties.assignment.SMALL", 0)
    before, after = (assigned(7, TASKS, everybody(people), 2) for people in (60, 61))
    strangers = ((after[:, :, None] != before[:, None, :]).all(axis=2) & (after != 60)).sum()
    assert strangers <= 3 * len(TASKS) / 60**2
    loads = np.bincount(after.ravel(), minlength=61)
    assert abs(loads / loads.mean() - 1).max() < 5 * np.sqrt(61 / 2 / len(TASKS))


@pytest.mark.parametrize("many", [1, 3])
def test_who_leaves_hands_over_only_own_tasks(many: int) -> None:
    here = everybody(40)
    before = assigned(7, TASKS, here, many)
    here[[3, 17]] = False
    after = assigned(7, TASKS, here, many)
    untouched = ~np.isin(before, [3, 17]).any(axis=1)
    np.testing.assert_array_equal(before[untouched], after[untouched])
    assert not np.isin(after, [3, 17]).any()
    for old, new in zip(before[:2000].tolist(), after[:2000].tolist(), strict=True):
        assert set(old) - set(new) <= {3, 17}


def test_dealing_out_in_turn_would_move_nearly_all() -> None:
    """The negative control: tasks modulo people."""
    moved = (TASKS % 40 != TASKS % 41).mean()
    assert moved > 0.9
    before, after = assigned(7, TASKS, everybody(40), 1), assigned(7, TASKS, everybody(41), 1)
    assert (before != after).mean() < 0.05


def test_different_people_and_no_more_than_there_are() -> None:
    chosen = assigned(7, TASKS[:500], everybody(5), 5)
    assert (np.sort(chosen, axis=1) == np.arange(5)).all()
    with pytest.raises(ValueError, match="only 5 are employed"):
        assigned(7, TASKS, everybody(5), 6)


def test_other_keys_and_tasks_are_independent() -> None:
    one, two = assigned(7, TASKS, everybody(50), 1)[:, 0], assigned(8, TASKS, everybody(50), 1)[:, 0]
    assert abs((one == two).mean() - 1 / 50) < 4 * np.sqrt(1 / 50 / len(TASKS))
    np.testing.assert_array_equal(one[100:200], assigned(7, TASKS[100:200], everybody(50), 1)[:, 0])
