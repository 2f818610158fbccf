"""What one number cannot say of many: closed forms, and what has no meaning."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.flattening import conflicts, flattening
from simlab.rng import Streams, normals


def standard(n: int, criteria: int, seed: int = 0) -> np.ndarray:
    return normals(Streams(seed).key("criteria", criteria), np.arange(n)[:, None], np.arange(criteria))


def grouped(n: int, size: int) -> np.ndarray:
    return np.arange(n) // size


WEIGHTS = [(1.0, 1.0), (3.0, 1.0, 0.5), (1.0, -2.0, 0.0, 0.3, 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("weights", WEIGHTS)
def test_one_direction_of_many_is_seen(weights: tuple[float, ...]) -> None:
    """Independent criteria of equal variance: the loss is 1 − 1/C whatever the weights, and 1 − 2^(1−C) conflict."""
    count, n, size = len(weights), 40_000, 4
    losses, shares = [], []
    for seed in range(20):
        criteria = standard(n, count, seed) + 5 * standard(n // size, count, 99)[grouped(n, size)]  # easy prompts
        found = flattening(criteria, criteria @ np.array(weights), grouped(n, size))
        losses.append(found.loss)
        shares.append(found.conflict)
    for values, expected, wrong in (
        (losses, 1 - 1 / count, 1 - max(np.abs(weights)) / np.abs(weights).sum()),
        (shares, 1 - 2.0 ** (1 - count), 0.5 if count != 2 else 0.4),
    ):
        error = np.std(values, ddof=1) / np.sqrt(20)
        assert abs(np.mean(values) - expected) < 4 * error + 1e-9
        assert error < 0.002
        if abs(wrong - expected) > 0.01:
            assert abs(np.mean(values) - wrong) > 4 * error  # the control


def test_prompts_are_compared_with_themselves_only() -> None:
    """What differs between prompts is no flattening: without groups it would look as if nothing were lost."""
    criteria = standard(4000, 2) * 0.1 + 5 * standard(1000, 1, 3)[grouped(4000, 4)]
    scalar = criteria.sum(axis=1)
    assert flattening(criteria, scalar, grouped(4000, 4)).loss == pytest.approx(0.5, abs=0.03)
    assert flattening(criteria, scalar, np.zeros(4000, dtype=int)).loss < 0.01


def test_scale_does_not_matter() -> None:
    criteria, group = standard(2000, 3), grouped(2000, 2)
    scalar = criteria @ np.array([1.0, 2.0, 0.5])
    plain = flattening(criteria, scalar, group)
    other = flattening(criteria * np.array([10.0, 0.01, 3.0]) + 7, -4 * scalar + 2, group)
    assert other.loss == pytest.approx(plain.loss)
    assert other.conflict == plain.conflict


def test_a_single_criterion_is_not_flattened() -> None:
    criteria = standard(100, 1)
    found = flattening(criteria, 2 * criteria[:, 0], grouped(100, 2))
    assert found.loss == pytest.approx(0)
    assert found.conflict == 0


def test_criteria_that_agree_leave_nothing_out() -> None:
    one = standard(500, 1)
    found = flattening(np.hstack([one, 3 * one, one + 1]), one[:, 0], grouped(500, 5))
    assert found.loss == pytest.approx(0)
    assert found.conflict == 0
    opposed = flattening(np.hstack([one, -one]), one[:, 0], grouped(500, 5))
    assert opposed.loss == pytest.approx(0)  # either tells the other
    assert opposed.conflict == 1


def test_ties_are_no_conflict() -> None:
    criteria = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    assert conflicts(criteria, np.zeros(3, dtype=int)) == pytest.approx(1 / 3)  # only the first and the last
    assert np.isnan(conflicts(criteria, np.arange(3)))


def test_what_has_no_meaning_says_why() -> None:
    criteria, group = standard(60, 2), grouped(60, 2)
    flat = flattening(criteria, np.zeros(60), group)
    assert np.isnan(flat.loss)
    assert flat.why_nan == "all items are scored alike"
    assert 0 < flat.conflict < 1
    nothing = flattening(np.ones((60, 2)), criteria[:, 0], group)
    assert np.isnan(nothing.loss)
    assert nothing.why_nan == "no criterion varies"
    constant = np.hstack([criteria, np.full((60, 1), 0.7)])
    assert flattening(constant, criteria.sum(axis=1), group).loss == flattening(criteria, criteria.sum(1), group).loss
