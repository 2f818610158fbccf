"""Pay schemes: what is owed for what was done, and that people expect what they get."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from simlab.components.pay import (
    AnyPay,
    DoubleOrNothingSpec,
    Earned,
    HourlySpec,
    LinearSpec,
    PayScheme,
    PieceSpec,
    TournamentSpec,
    shared_prizes,
)
from simlab.rng import uniforms
from tests.situations import situation

NAN = np.nan
ANSWERS = np.array([[1, 1, 1, 0], [1, 0.5, 1, NAN], [1, 0, NAN, NAN], [NAN, NAN, NAN, NAN]])
EARNED = Earned(np.full(4, 20.0), np.array([1.0, 2.0, 1.0, 1.0]), np.array([10, 20, 30, 40]), ANSWERS, np.ones(4, bool))


def test_every_kind_by_name() -> None:
    read = TypeAdapter(AnyPay)
    for kind in ("hourly", "piece", "linear", "double_or_nothing"):
        assert read.validate_python(kind).kind == kind
    assert read.validate_python({"kind": "tournament", "bonus": 5.0}).winners == 1
    with pytest.raises(ValidationError):
        read.validate_python("tournament")  # a prize must be named
    with pytest.raises(ValidationError):
        read.validate_python({"kind": "hourly", "rate": 1.0})


def test_what_is_owed() -> None:
    assert HourlySpec().owed(EARNED).tolist() == [20, 40, 20, 20]
    assert PieceSpec(rate=0.5).owed(EARNED).tolist() == [5, 10, 15, 20]
    np.testing.assert_allclose(LinearSpec(bonus=12).owed(EARNED), [29, 50, 26, 20])
    assert TournamentSpec(bonus=9).owed(EARNED).tolist() == [20, 49, 20, 20]


def test_double_or_nothing() -> None:
    """Three gold answers count: all right, twice the wage; one left open, half of that; one wrong, nothing."""
    scheme = DoubleOrNothingSpec()
    assert scheme.multiple(ANSWERS).tolist() == [2, 1, 0, 1]
    assert scheme.owed(EARNED).tolist() == [40, 40, 0, 20]
    assert DoubleOrNothingSpec(gold=4).multiple(ANSWERS).tolist() == [0, 1, 0, 1]
    assert scheme.multiple(np.empty((2, 0))).tolist() == [1, 1]


@pytest.mark.parametrize("confidence", [0.3, 0.5, 0.8])
def test_double_or_nothing_pays_for_answering_just_where_one_is_surer(confidence: float) -> None:
    """Shah & Zhou's claim: with belief p, answering is expected to pay more than leaving open if and only if p > T."""
    scheme = DoubleOrNothingSpec(times=1, confidence=confidence, gold=2)
    right, wrong, left_open = (scheme.multiple(np.array([[a, 1.0]]))[0] for a in (1.0, 0.0, 0.5))
    for p in (confidence - 0.05, confidence + 0.05):
        assert (p * right + (1 - p) * wrong > left_open) == (p > confidence)


def test_prizes_are_shared_by_those_who_tie_for_the_last() -> None:
    scores = np.array([0.9, 0.8, NAN, 0.8, 0.8, 0.1])
    np.testing.assert_allclose(shared_prizes(scores, 2), [1, 1 / 3, 0, 1 / 3, 1 / 3, 0])
    np.testing.assert_allclose(shared_prizes(scores, 9), [1, 1, 0, 1, 1, 1])
    assert shared_prizes(np.full(3, NAN), 1).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "scheme", [HourlySpec(), PieceSpec(), LinearSpec(bonus=6), TournamentSpec(bonus=30), DoubleOrNothingSpec()]
)
def test_people_expect_what_they_get(scheme: PayScheme) -> None:
    """Two thousand paydays of ten people alike; each answer is checked with chance .2."""
    n, pairs, care = 2000, 20, np.full(10, 0.6)
    here = situation(10, hours=3, pairs=pairs, audited=0.2, quality=0.9, gold_error=0.05, pay=scheme)
    expected = here.income(care).mean()
    right = here.observed(care)[0]
    draws = uniforms(9, np.arange(n * 10)[:, None], np.arange(pairs)[None, :], 0)
    checked = uniforms(9, np.arange(n * 10)[:, None], np.arange(pairs)[None, :], 1) < 0.2
    answers = np.where(checked, (draws < right).astype(float), NAN).reshape(n, 10, pairs)
    paid = np.array(
        [scheme.owed(Earned(here.wage, here.hours, here.pairs, look, np.ones(10, bool))).mean() for look in answers]
    )
    unchecked = (1 - 0.2) ** pairs  # who is not checked gets no bonus, which `linear` leaves out of account
    slack = 6 * unchecked if scheme.kind == "linear" else 1e-9  # type: ignore[attr-defined]
    assert abs(paid.mean() - expected) < 4 * paid.std() / np.sqrt(n) + slack
