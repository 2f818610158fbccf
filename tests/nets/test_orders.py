"""Orders and strengths of preference, from labels of all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.nets.orders import strengths, wins


def test_wins_say_the_order() -> None:
    labels = np.array([[1, 1, 1], [2, 2, 2], [2, 1, 1], [0, 1, 1], [1, 2, 1], [0, 0, 0]])
    assert wins(labels).tolist() == [[2, 1, 0], [0, 1, 2], [1, 2, 0], [1.5, 1.5, 0], [1, 1, 1], [1, 1, 1]]
    with pytest.raises(ValueError, match="label of every pair"):
        wins(np.array([[1, -1, 2]]))


def test_by_places_the_ends_of_a_ranking_are_furthest_apart() -> None:
    order = np.array([[1, 1, 1, 1, 1, 1]])  # 0 before 1 before 2 before 3
    assert strengths("places", order)[0] == pytest.approx([1 / 3, 2 / 3, 1, 1 / 3, 2 / 3, 1 / 3])
    assert strengths("places", 3 - order) == pytest.approx(strengths("places", order))
    assert strengths("places", np.array([[1], [2], [0]])).ravel().tolist() == [1, 1, 0]
    assert strengths("places", np.array([[1, 2, 1]])).tolist() == [[0, 0, 0]]  # a circle has no places


def test_by_votes_it_is_how_far_they_agree() -> None:
    labels, shares = np.array([[1], [2], [1], [0]]), np.array([[1.0], [0.25], [0.6], [0.5]])
    assert strengths("votes", labels, shares).ravel() == pytest.approx([1, 0.5, 0.2, 0])
    assert strengths("votes", labels).ravel().tolist() == [1, 1, 1, 0]


def test_by_what_was_perceived_there_are_four_grades() -> None:
    seen = np.array([[0.1], [-0.9], [0.5], [-2.0], [0.7], [-0.3], [1.5], [-0.2], [9.0]])
    labels = np.where(seen > 0, 1, 2)
    labels[8] = 0  # undecided, however far apart
    found = strengths("perceived", labels, perceived=seen).ravel()
    assert found == pytest.approx([0, 2 / 3, 1 / 3, 1, 2 / 3, 1 / 3, 1, 0, 0])
    assert strengths("perceived", labels, perceived=100 * seen).ravel() == pytest.approx(found)  # units do not matter
    with pytest.raises(ValueError, match="perceived"):
        strengths("perceived", labels)
