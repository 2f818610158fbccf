"""Verdicts on claims, from tables that are made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.stats import t

from simlab.claims import number, verdict
from simlab.errors import InvalidInput
from simlab.runs.loading import Run
from simlab.scenario.expectations import ClaimSpec

VALUES = [1.0, 2.0, 9.0]


def claim(**said: Any) -> ClaimSpec:
    return ClaimSpec(**{"says": "so", "table": "labor", "column": "pay", "between": (0.0, 1.0), **said})


def runs(values: list[float]) -> list[Run]:
    """Runs whose labor table has one row each, of this pay."""
    return [cast("Run", SimpleNamespace(labor=pd.DataFrame({"round": [1], "pay": [value]}))) for value in values]


@pytest.mark.parametrize(
    ("between", "holds", "surely"),
    [
        ((3.9, 4.1), True, False),
        ((-100.0, 100.0), True, True),
        ((1.9, 2.1), False, False),
        ((4.5, 100.0), False, False),
    ],
)
def test_the_mean_decides_and_its_interval_says_how_surely(
    between: tuple[float, float], holds: bool, surely: bool
) -> None:
    """The mean of 1, 2 and 9 is 4, and their median 2."""
    found = verdict(claim(between=between), runs(VALUES))
    assert (found.holds, found.surely) == (holds, surely)
    assert found.mean == pytest.approx(4)
    half = t.ppf(0.975, 2) * np.std(VALUES, ddof=1) / np.sqrt(3)
    assert (found.low, found.high) == (pytest.approx(4 - half), pytest.approx(4 + half))


def test_a_difference_is_taken_seed_by_seed() -> None:
    found = verdict(claim(less={}), runs(VALUES), runs([0.0, 1.0, 8.0]))
    assert found.values == (1.0, 1.0, 1.0)
    assert (found.low, found.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("by", "expected"), [("mean", 4), ("sum", 12), ("min", 1), ("max", 9), ("first", 2), ("last", 1), ("count", 3)]
)
def test_what_is_made_of_the_rows(by: str, expected: float) -> None:
    pay = pd.DataFrame({"round": [0, 1, 2, 2], "pay": [2.0, np.nan, 9.0, 1.0]})
    run = cast("Run", SimpleNamespace(labor=pay))
    assert number(run, claim(by=by)) == expected
    assert number(run, claim(by=by, where="round == @last")) == number(
        cast("Run", SimpleNamespace(labor=pay[pay["round"] == 2])), claim(by=by)
    )


def test_of_nothing_there_is_a_sum_and_a_count_and_no_mean() -> None:
    run = cast("Run", SimpleNamespace(labor=pd.DataFrame({"round": [1], "pay": [np.nan]})))
    assert number(run, claim(by="sum")) == number(run, claim(by="count")) == 0
    found = verdict(claim(), [run])
    assert np.isnan(found.mean)
    assert not found.holds


@pytest.mark.parametrize("where", ["`round`", "`round` + 1", "~`round`", "@last", "-`round`"])
def test_numbers_are_no_condition_on_rows(where: str) -> None:
    """pandas would take them for the labels of rows, and give a number of other rows."""
    run = cast("Run", SimpleNamespace(labor=pd.DataFrame({"round": [0, 1, 1], "pay": VALUES})))
    with pytest.raises(InvalidInput, match="it is not true or false of each row"):
        number(run, cast("ClaimSpec", SimpleNamespace(says="so", table="labor", column="pay", by="mean", where=where)))


@pytest.mark.parametrize(
    "where", ["(round == 1) | (round == 2)", "round == 1 | round == 2", "(round > 0) & ~(round > 2)", "round in [1, 2]"]
)
def test_conditions_may_be_joined(where: str) -> None:
    pay = pd.DataFrame({"round": [0, 1, 2, 3], "pay": [1.0, 2.0, 4.0, 8.0]})
    assert number(cast("Run", SimpleNamespace(labor=pay)), claim(by="sum", where=where)) == 6


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("round == '1'", "the column 'round' of labor holds numbers, and never '1' (leave out the quotes)"),
        ("'@last' == round", "the column 'round' of labor holds numbers, and never 'last'"),
        (
            "party in ['pool', 7]",
            "the column 'party' of labor holds texts, and never 7 (texts stand in quotes, as '7')",
        ),
        ("round == 1 and not party != 3.5", "the column 'party' of labor holds texts, and never 3.5"),
    ],
)
def test_a_column_is_held_against_values_of_its_kind(where: str, said: str) -> None:
    """pandas finds no row whose text is a number, which would be counted as none."""
    with pytest.raises(ValidationError) as caught:
        claim(by="count", where=where)
    (error,) = caught.value.errors()
    assert said.partition(" (")[0] in error["msg"]
    assert said.partition(" (")[2].rstrip(")") in error["ctx"]["fix"]


@pytest.mark.parametrize(
    "where", ["party == 'pool'", "0 < round <= 3", "round == @last", "party == kind", "(party == 'a') | (order == 1)"]
)
def test_such_values_may_stand_on_either_side(where: str) -> None:
    assert claim(where=where).where == where
