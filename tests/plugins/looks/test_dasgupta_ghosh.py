"""Peer prediction of binary labels: the truth pays, coin tosses and constant labels do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.arrays import Array
from tests.plugins.looks.work import COIN, LEFT, Society, hours, look, looked_at, of, scores

TASKS = 6000


def payment(society: Society, name: str = "dasgupta_ghosh") -> Array:
    """What each person is paid on average, R, undoing the score (1 + R)/2."""
    work = society.work()
    found = 2 * look(name).score(work) - 1
    return np.array([of(work, found, person).mean() for person in range(len(society.people))])


@pytest.mark.parametrize(
    ("left", "first", "second"), [(0.5, 0.1, 0.2), (0.5, 0.2, 0.2), (0.8, 0.1, 0.3), (0.9, 0.0, 0.05)]
)
def test_the_truth_is_paid_what_the_formula_says(left: float, first: float, second: float) -> None:
    """2q(1 − q)(1 − 2ε₁)(1 − 2ε₂): of balanced pairs, and errors of .1 and .2, .24."""
    expected = 2 * left * (1 - left) * (1 - 2 * first) * (1 - 2 * second)
    if (left, first, second) == (0.5, 0.1, 0.2):
        assert expected == pytest.approx(0.24)
    paid = payment(Society([1 - first, 1 - second], TASKS, left))
    assert abs(paid[0] - expected) < 4 / np.sqrt(TASKS) * 0.5 * np.sqrt(2)
    assert paid[0] == pytest.approx(paid[1])  # the payment of two peers is mutual


@pytest.mark.parametrize("left", [0.5, 0.7, 0.9])
def test_the_truth_pays_more_than_coins_and_than_always_the_left(left: float) -> None:
    """Even where nearly every pair has a better left; agreement alone, the control, pays who always marks it."""
    people = [0.9, 0.9, 0.9, COIN, LEFT]
    society = Society(people, TASKS, left)
    careful, *_, coin, constant = payment(society)
    error = 4 * 0.5 / np.sqrt(TASKS)
    assert abs(coin) < error
    assert constant == pytest.approx(0, abs=1e-9)
    assert abs(careful - left * (1 - left) * 0.8**2) < error  # of four peers, two tell anything
    assert careful > error
    work = society.work()
    peers = look("peers").score(work)
    if left == 0.9:
        assert of(work, peers, 4).mean() > of(work, peers, 3).mean() + 0.2


def test_a_whole_pool_of_coins_or_of_constant_labels_is_paid_nothing() -> None:
    """The equilibria without work: agreement pays the constant ones in full."""
    assert np.abs(payment(Society([COIN] * 4, TASKS))).max() < 4 * 0.5 / np.sqrt(TASKS)
    assert payment(Society([LEFT] * 4, 50)).tolist() == [0.0] * 4
    work = Society([LEFT] * 4, 50).work()
    assert look("peers").score(work).tolist() == [1.0] * 200


def test_a_run_scores_people_as_the_formula_says(tmp_path: Path) -> None:
    """Twelve people wrong one time in five: R = ½·.6·.6, and the score (1 + .18)/2; it costs no hours."""
    run = looked_at(tmp_path, "dasgupta_ghosh")
    found, error, _ = scores(run)
    assert abs(found - 0.59) < 4 * error
    assert abs(found - 0.68) > 3 * error  # the control: agreement
    assert hours(run, "auditing") == hours(run, "asking again") == 0
