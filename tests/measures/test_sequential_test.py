"""The sequential test: its exact lengths and errors against streams of answers, and Wald's approximation refused."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.sequential_test import SequentialTest
from simlab.rng import uniforms

POINTS = [(0.9, 0.7, 0.05, 0.1), (0.8, 0.6, 0.1, 0.1), (0.95, 0.85, 0.02, 0.2)]


def test_worked_example() -> None:
    test = SequentialTest(0.9, 0.7, 0.05, 0.10)
    length, dismissed, cleared = test.exact(0.9)
    assert length == pytest.approx(18.527, abs=5e-4)
    assert dismissed == pytest.approx(0.03295, abs=5e-6)
    assert dismissed + cleared == pytest.approx(1, abs=1e-12)


def _wald_length(test: SequentialTest, accuracy: float) -> float:
    """Wald's approximation of the expected number of answers, which neglects the overshoot."""
    out, through = (1 - test.beta, test.beta) if accuracy == test.bad else (test.alpha, 1 - test.alpha)
    right, wrong = test.steps
    return (out * test.upper + through * test.lower) / (accuracy * right + (1 - accuracy) * wrong)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("who", ["good", "bad"])
def test_streams_of_answers_do_as_the_dynamic_program_says(point: tuple[float, float, float, float], who: str) -> None:
    """And not as Wald's approximation, nor with the errors aimed at."""
    test, people, most = SequentialTest(*point), 40_000, 400
    accuracy = getattr(test, who)
    answers = (uniforms(7, np.arange(people)[:, None], np.arange(most)[None, :]) < accuracy).astype(float)
    verdict, taken = test.verdicts(answers)
    length, dismissed, _ = test.exact(accuracy)
    assert np.all(verdict != 0)
    error = taken.std() / np.sqrt(people)
    assert abs(taken.mean() - length) < 4 * error
    assert abs(taken.mean() - _wald_length(test, accuracy)) > 4 * error
    share = np.mean(verdict == 1)
    assert abs(share - dismissed) < 4 * np.sqrt(dismissed * (1 - dismissed) / people)
    aim = test.alpha if who == "good" else 1 - test.beta
    assert abs(aim - dismissed) > 4 * np.sqrt(dismissed * (1 - dismissed) / people)


def test_a_test_cut_short_leaves_some_undecided() -> None:
    test = SequentialTest(0.9, 0.7, 0.05, 0.1)
    length, dismissed, cleared = test.exact(0.9, 5)
    assert length <= 5
    assert 0 < dismissed + cleared < 1
    answers = np.array([[1.0] * 5, [0.0] * 5, [1.0, 0.0, 1.0, 1.0, np.nan]])
    verdict, taken = test.verdicts(answers)
    assert verdict.tolist() == [0, 1, 0]
    assert taken.tolist() == [5, 3, 4]  # three wrong answers are too many


def test_who_is_cleared_can_be_tested_anew() -> None:
    """Nine right answers clear; what is wrong afterwards counts only if the test begins again."""
    test = SequentialTest(0.9, 0.7, 0.05, 0.1)
    answers = np.array([[1.0] * 9 + [0.0] * 3, [1.0] * 12])
    verdict, taken = test.verdicts(answers)
    assert (verdict.tolist(), taken.tolist()) == ([-1, -1], [9, 9])
    verdict, taken = test.verdicts(answers, again=True)
    assert (verdict.tolist(), taken.tolist()) == ([1, 0], [12, 12])


def test_an_undecided_answer_counts_half_of_each() -> None:
    test = SequentialTest(0.9, 0.7, 0.05, 0.1)
    right, wrong = test.steps
    enough = int(np.ceil(test.upper / ((right + wrong) / 2)))
    answers = np.full((1, enough), 0.5)
    assert test.verdicts(answers)[0].tolist() == [1]
    assert test.verdicts(answers[:, 1:])[0].tolist() == [0]
