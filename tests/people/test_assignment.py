"""Consistent hashing: who comes or goes moves no task of anybody else's, and nobody gets more than a fair share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from simlab.people.assignment import Indices, assigned

TASKS = np.arange(20_000)


def strangers(before: Indices, after: Indices, newcomer: int) -> NDArray[np.bool_]:
    """Where somebody else than the newcomer has a task [n, many] that was not theirs before."""
    return np.asarray((after[:, :, None] != before[:, None, :]).all(axis=2) & (after != newcomer))


def everybody(count: int) -> NDArray[np.bool_]:
    return np.ones(count, dtype=bool)


@pytest.mark.parametrize("people", [1, 2, 3, 7, 8, 9, 30, 64, 100])
def test_loads_are_even(people: int) -> None:
    loads = np.bincount(assigned(7, TASKS, everybody(people), 1)[:, 0], minlength=people)
    expected = len(TASKS) / people
    statistic = ((loads - expected) ** 2 / expected).sum()
    assert people == 1 or chi2.sf(statistic, people - 1) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("people", [2, 7, 15, 16, 17, 31, 32, 33, 200, 1024])
@pytest.mark.parametrize("many", [1, 2])
def test_who_comes_only_takes_over(people: int, many: int) -> None:
    before = assigned(7, TASKS, everybody(people), many)
    after = assigned(7, TASKS, everybody(people + 1), many)
    assert not strangers(before, after, people).any()
    taken = (after == people).any(axis=1).mean()
    expected = many / (people + 1)
    assert abs(taken - expected) < 4 * np.sqrt(expected * (1 - expected) / len(TASKS))
    assert (before != after).any(axis=1).mean() == taken or many > 1  # of several, the order may shift


@pytest.mark.slow
@pytest.mark.parametrize(("people", "many"), [(64, 60), (200, 20), (4096, 100), (5000, 100)])
def test_crowds_share_a_task_by_the_same_rule(people: int, many: int) -> None:
    tasks = TASKS[:2000]
    before = assigned(7, tasks, everybody(people), many)
    after = assigned(7, tasks, everybody(people + 1), many)
    assert not strangers(before, after, people).any()
    assert (np.diff(np.sort(after, axis=1), axis=1) > 0).all()  # all different
    loads, expected = np.bincount(after.ravel(), minlength=people + 1), many * len(tasks) / (people + 1)
    statistic = ((loads - expected) ** 2 / expected / (1 - many / (people + 1))).sum()
    assert chi2.sf(statistic, people) > 1e-4


def test_every_two_people_meet_equally_often() -> None:
    pairs = np.sort(assigned(7, TASKS, everybody(40), 2), axis=1)
    met = np.bincount(pairs[:, 0] * 40 + pairs[:, 1], minlength=1600).reshape(40, 40)[np.triu_indices(40, 1)]
    expected = len(TASKS) / len(met)
    assert chi2.sf(((met - expected) ** 2 / expected).sum(), len(met) - 1) > 1e-4


def test_drawing_again_whom_one_has_already_lets_strangers_in() -> None:
    """A negative control: a task's people as the first different ones of its sequence of single draws."""

    def in_sequence(people: int) -> Indices:
        draws = np.concatenate([assigned(key, TASKS, everybody(people), 1) for key in range(12)], axis=1)
        firsts = [np.array(list(dict.fromkeys(row))[:3]) for row in draws.tolist()]
        return np.stack(firsts)

    assert strangers(in_sequence(20), in_sequence(21), 20).any()


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
