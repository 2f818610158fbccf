"""Voice: who can appeal, what a second look does, and whom wrong gold then harms less."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.parties.appeals import appealed, decide_appeals, fresh_gold
from simlab.rng import uniforms


def test_only_a_decided_difference_can_be_appealed() -> None:
    said, opinion = np.array([1, 1, 0, 2, 2]), np.array([2, 1, 1, 0, 1])
    perceived, lots = np.array([0.3, 0.3, 0.3, 0.3, -0.05]), np.zeros(5)
    assert appealed(said, opinion, perceived, 1.0, 0.0, lots).tolist() == [True, False, False, False, True]
    assert appealed(said, opinion, perceived, 1.0, 0.1, lots).tolist() == [True, False, False, False, False]
    assert appealed(said, opinion, perceived, 0.0, 0.0, lots).sum() == 0


def test_an_appeal_is_upheld_if_the_second_look_says_so() -> None:
    said, opinion = np.array([1, 2, 1]), np.array([2, 1, 2])
    made = np.array([True, True, False])
    found = decide_appeals(said, opinion, made, lambda rows: np.array([1, 1])[: len(rows)])
    assert found.upheld.tolist() == [True, False, False]
    assert found.opinion.tolist() == [1, 1, 2]
    assert opinion.tolist() == [2, 1, 2]
    nothing = decide_appeals(said, opinion, np.zeros(3, dtype=bool), lambda rows: pytest.fail("nobody asked"))
    assert nothing.opinion.tolist() == opinion.tolist()


@pytest.mark.parametrize(("accuracy", "error", "chance"), [(0.9, 0.1, 1.0), (0.7, 0.2, 0.5), (0.8, 0.05, 1.0)])
def test_observed_accuracy_with_voice(accuracy: float, error: float, chance: float) -> None:
    """Observed accuracy o = p(1−η) + (1−p)η gains the appeals upheld, a·[p·η(1−η) + (1−p)(1−η)η] = a·η(1−η)."""
    n = 60_000
    number = np.arange(n).astype(np.uint64)
    truth = np.ones(n, dtype=np.int64)
    said = np.where(uniforms(1, number) < accuracy, 1, 2)
    gold = fresh_gold(truth, error, 2, number)
    made = appealed(said, gold, np.ones(n), chance, 0.0, uniforms(3, number))
    found = decide_appeals(said, gold, made, lambda rows: fresh_gold(truth[rows], error, 4, number[rows]))
    before, after = np.mean(said == gold), np.mean(said == found.opinion)
    plain = accuracy * (1 - error) + (1 - accuracy) * error
    predicted = plain + chance * error * (1 - error)
    assert abs(before - plain) < 4 * np.sqrt(plain * (1 - plain) / n)
    assert abs(after - predicted) < 4 * np.sqrt(predicted * (1 - predicted) / n)
    assert abs(after - plain) > 4 * np.sqrt(plain * (1 - plain) / n)
    assert np.all(found.upheld <= made)
