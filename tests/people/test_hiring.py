"""Hiring: the exam, who passes it, and how much better those are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from simlab.people.hiring import best, marks, passed, retrained, set_exam
from simlab.rng import uniforms
from simlab.worlds.world import Items
from tests.situations import review


def test_an_exam_has_no_ties() -> None:
    items = Items(np.arange(10), np.arange(10.0)[:, None])
    exam = set_exam(items, np.array([0.0, 0, 1, 2, 3, 1, 5, 5, 0, 1]), 2)
    assert exam.gold.tolist() == [2, 1]
    assert exam.items.prompt.tolist() == [2, 3, 4, 5]
    assert len(set_exam(items, np.zeros(10), 2)) == 0


def test_marks() -> None:
    np.testing.assert_array_equal(
        marks(np.array([[1, 2, 0], [2, 2, 2]]), np.array([1, 1, 1])), [[1, 0, 0.5], [0, 0, 0]]
    )


@pytest.mark.parametrize(("accuracy", "chance"), [(0.9, 0.92981), (0.7, 0.38278), (0.5, 0.05469)])
def test_at_least_eight_of_ten(accuracy: float, chance: float) -> None:
    """Candidates' own answers; with gold wrong at .1, the chance is that of p(1−η) + (1−p)η."""
    n = 40_000
    right = uniforms(1, np.arange(n)[:, None], np.arange(10)[None, :], 0) < accuracy
    test = review("gold_test", items=10, right=8)
    assert binom.sf(7, 10, accuracy) == pytest.approx(chance, abs=5e-6)
    share = passed(right.astype(float), test).mean()
    assert abs(share - chance) < 4 * np.sqrt(chance * (1 - chance) / n)
    gold_wrong = uniforms(1, np.arange(n)[:, None], np.arange(10)[None, :], 1) < 0.1
    share = passed((right ^ gold_wrong).astype(float), test).mean()
    observed = binom.sf(7, 10, accuracy * 0.9 + (1 - accuracy) * 0.1)
    assert abs(share - observed) < 4 * np.sqrt(observed * (1 - observed) / n)
    assert accuracy == 0.5 or abs(share - chance) > 4 * np.sqrt(chance * (1 - chance) / n)


def test_the_best_share() -> None:
    assert best(np.array([3.0, 9, 1, 9, 4]), 0.4).tolist() == [False, True, False, True, False]
    assert best(np.ones(5), 0.4).tolist() == [True, True, False, False, False]
    assert best(np.ones(3), 0).sum() == 0


def test_training_shrinks_the_errors_of_those_trained() -> None:
    before = np.arange(6.0).reshape(3, 2)
    after = retrained(before, np.array([1]), 0.5)
    np.testing.assert_allclose(after, [[0, 1], [1, 1.5], [4, 5]])
    assert before[1, 0] == 2
