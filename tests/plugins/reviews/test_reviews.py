"""Review rules: whom they dismiss, and that what people reckon with is what happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simlab.components.review import PerformanceRecord, Review, lined_up
from simlab.rng import uniforms
from tests.situations import PLUGINS, review

NAN = np.nan


def record(rows: list[list[float]], **more: Any) -> PerformanceRecord:
    """The record of people with these answers."""
    longest = max(map(len, rows))
    return PerformanceRecord.of(np.array([row + [NAN] * (longest - len(row)) for row in rows]), **more)


def test_all_built_in_rules_are_there() -> None:
    assert PLUGINS.names("review") == ["gold_test", "rank", "sequential", "threshold"]


def test_answers_are_lined_up_in_the_order_given() -> None:
    answers = lined_up(np.array([2, 0, 2, 2]), np.array([1.0, 0.5, 0.0, 1.0]), 3)
    np.testing.assert_array_equal(answers, [[0.5, NAN, NAN], [NAN, NAN, NAN], [1, 0, 1]])
    found = PerformanceRecord.of(answers)
    assert found.audited.tolist() == [1, 0, 3]
    assert found.agreed.tolist() == [0.5, 0, 2]
    np.testing.assert_array_equal(found.score, [0.5, NAN, 2 / 3])
    assert lined_up(np.array([], dtype=np.int64), np.array([]), 2).shape == (2, 0)
    assert len(found[[2]]) == 1


def test_threshold() -> None:
    known = record([[1, 1, 0, 0], [1, 1, 1, 0], [0], []], warnings=np.array([1, 0, 1, 0]))
    assert review("threshold", below=0.6).decide(known).tolist() == [True, False, True, False]
    assert review("threshold", below=0.6, min_sample=2).decide(known).tolist() == [True, False, False, False]
    assert review("threshold", below=1, after_warnings=1).decide(known).tolist() == [True, False, True, False]


def test_rank_takes_the_lowest_however_good() -> None:
    known = record([[1, 1], [1, 0], [0, 0], [1], [1, 1, 1], []])
    assert review("rank", share=0.4).decide(known).tolist() == [False, True, True, False, False, False]
    assert review("rank", share=0.6, min_sample=2).decide(known).tolist() == [False, True, True, False, False, False]
    assert review("rank", share=0.8).decide(known).tolist() == [True, True, True, True, False, False]  # longest stays
    assert review("rank", share=0.1).decide(known).sum() == 0
    assert review("rank", share=1).decide(known).sum() == 5


def test_gold_test_looks_at_the_last_answers_only() -> None:
    rule = review("gold_test", items=3, right=2)
    known = record([[0, 0, 1, 1, 0], [1, 1, 1, 0, 0], [0, 0], [0, 0.5, 1], [1, 0.5, 0.5]])
    assert rule.decide(known).tolist() == [False, True, False, True, False]


def test_sequential_is_walds_test() -> None:
    known = record([[0, 0, 0], [1, 1, 1], [1] * 9 + [0] * 3])
    assert review("sequential").decide(known).tolist() == [True, False, True]
    assert review("sequential", again=False).decide(known).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("sequential", {"good": 0.6, "bad": 0.7}), ("gold_test", {"items": 3, "right": 4}), ("rank", {"share": 1.2})],
)
def test_rules_that_make_no_sense_are_refused(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        review(name, **parameters)


ALONE = [
    ("threshold", {"below": 0.7}), ("threshold", {"below": 0.8, "min_sample": 10}), ("gold_test", {}),
    ("sequential", {"again": False}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters"), ALONE)
def test_formulas_are_what_happens_to_people_alike(name: str, parameters: dict[str, Any]) -> None:
    """The contract's own way of finding a chance is to let the rule decide of a thousand records."""
    rule = review(name, **parameters)
    accuracy, audits = np.array([0.5, 0.7, 0.9, 0.9]), np.array([10.0, 12.0, 20.0, 8.0])
    formula = rule.chance(accuracy, audits, accuracy)
    counted = Review.chance(rule, accuracy, audits, accuracy)
    assert np.all(np.abs(formula - counted) <= 4 * np.sqrt(np.maximum(formula * (1 - formula), 1e-3) / 1000))
    assert np.any(formula > 0.1)
    other = Review.chance(rule, accuracy - 0.15, audits, accuracy)
    assert np.any(np.abs(formula - other) > 4 * np.sqrt(np.maximum(formula * (1 - formula), 1e-3) / 1000))


@pytest.mark.parametrize("accuracy", [0.83, 0.87, 0.9])
def test_tests_that_follow_one_another(accuracy: float) -> None:
    """Three thousand people, thirty looks at six answers each: as many are left as the chance per look says, to .04."""
    rule, looks, audits, people = review("sequential"), 30, 6, 3000
    draws = uniforms(8, np.arange(people)[:, None], np.arange(looks * audits)[None, :])
    left = 1 - rule.decide(PerformanceRecord.of((draws < accuracy).astype(float))).mean()
    chance = rule.chance(np.array([accuracy]), np.array([float(audits)]), np.ones(1))[0]
    assert abs((1 - chance) ** looks - left) < 0.04
    fresh = review("sequential", again=False).chance(np.array([accuracy]), np.array([float(audits)]), np.ones(1))[0]
    assert abs((1 - fresh) ** looks - left) > 0.08


@pytest.mark.parametrize(("share", "audits"), [(0.1, 40), (0.25, 60), (0.5, 40)])
def test_the_chance_to_be_among_the_lowest(share: float, audits: int) -> None:
    """Two hundred looks at a hundred people of differing accuracy; the normal formula is good to .03."""
    rule, people = review("rank", share=share), 100
    accuracy = np.linspace(0.6, 0.9, people)
    answers = uniforms(3, np.arange(200)[:, None, None], np.arange(people)[None, :, None], np.arange(audits))
    fired = np.mean(
        [rule.decide(PerformanceRecord.of((look < accuracy[:, None]).astype(float))) for look in answers], axis=0
    )
    formula = rule.chance(accuracy, np.full(people, float(audits)), accuracy)
    assert formula.mean() == pytest.approx(share, abs=0.01)
    assert np.max(np.abs(fired - formula)[10:-10]) < 4 * 0.5 / np.sqrt(200)
    assert np.abs(fired - formula).mean() < 0.03
    assert np.abs(fired - share).mean() > 0.03


def test_what_nobody_checks_nobody_is_dismissed_for() -> None:
    none = np.zeros(2)
    for name in PLUGINS.names("review"):
        assert review(name).chance(np.array([0.2, 0.9]), none, np.array([0.5])).tolist() == [0, 0]
