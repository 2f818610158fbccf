"""Budgets: the value of a lever at which an outcome equals a number; and where there is none, that it is said."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.studies.solve import Aim, Missing, NoSolution, solution
from simlab.studies.study import run_study
from tests.studies.small_study import BUDGET, study_file


def found(response: Callable[[float], float], **aim: Any) -> tuple[float, int]:
    """The value, and how many were tried; the search begins anew whenever one more is known."""
    said = Aim(**{"outcome": "labor", "by": "wage", "tolerance": 0.001, "steps": 30, **aim})
    known: dict[float, float] = {}
    while True:
        try:
            return solution(said, known), len(known)
        except Missing as asked:
            again = known.keys() & set(asked.values)
            known |= {value: response(value) for value in asked.values}
        assert not again


@pytest.mark.parametrize(
    ("fixed", "hours", "budget"), [(0.0, 40.0, 2250.0), (300.0, 12.5, 900.0), (50.0, 400.0, 900.0)]
)
@pytest.mark.parametrize("bounds", [{"start": 10.0}, {"low": 1.0, "high": 90.0}])
def test_a_line_is_solved(fixed: float, hours: float, budget: float, bounds: dict[str, float]) -> None:
    """Labor of fixed + hours·wage costs a budget at (budget − fixed)/hours; Brent's method needs one secant for it."""
    value, tried = found(lambda wage: fixed + hours * wage, equals=budget, **bounds)
    assert fixed + hours * value == pytest.approx(budget, rel=0.001)
    assert value == pytest.approx((budget - fixed) / hours, rel=0.001 * budget / (budget - fixed))
    assert tried <= 6


@pytest.mark.parametrize(
    ("response", "budget", "value"),
    [(lambda x: 1000 / x, 40.0, 25.0), (lambda x: x**3, 8.0, 2.0), (lambda x: 5 * math.log1p(x), 12.0, 10.023)],
)
def test_a_bent_line_is_solved(response: Callable[[float], float], budget: float, value: float) -> None:
    assert found(response, equals=budget, start=10.0)[0] == pytest.approx(value, rel=0.01)


def test_whole_numbers_stay_whole() -> None:
    value, _ = found(lambda people: 30 * people, equals=1000.0, low=1, high=80, whole=True, tolerance=0.02)
    assert value == 33


@pytest.mark.parametrize(
    ("response", "aim", "said"),
    [
        (lambda x: 7.0, {"start": 3.0}, "always below 1000"),  # a lever that moves nothing
        (lambda x: 2000 + x, {"low": 1.0, "high": 5.0}, "labor is 2,001 at wage=1 and 2,005 at 5: always above 1000"),
        (lambda x: math.nan, {"start": 3.0}, "runs at wage=3 failed"),
        (lambda x: 0.0 if x < 2 else 3000.0, {"low": 1.0, "high": 5.0, "steps": 80}, "jumps past it"),
        (lambda x: 300 * x, {"low": 1, "high": 9, "whole": True}, "nearest is 900, at wage=3"),
        (lambda x: x**9, {"low": 1.0, "high": 90.0, "steps": 2}, "2 steps were not enough"),
    ],
)
def test_where_there_is_none_it_says_why(response: Callable[[float], float], aim: dict[str, Any], said: str) -> None:
    with pytest.raises(NoSolution, match=said):
        found(response, equals=1000.0, **aim)


def test_values_that_are_not_allowed_end_the_search_on_their_side() -> None:
    value, _ = found(lambda share: share * 50 if share <= 1 else math.nan, equals=10.0, start=0.9)
    assert value == pytest.approx(0.2, rel=0.001)


# ---- studies -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> simlab.StudyRuns:
    folder = tmp_path_factory.mktemp("budget")
    return run_study(study_file(folder, BUDGET), out=folder / "out", jobs=1, local=False)


@pytest.mark.slow
def test_arms_cost_the_same(done: simlab.StudyRuns) -> None:
    """Two people a pair cost twice as much at one wage; at half the wage they cost the same."""
    means = done.outcomes.groupby("arm").labor.mean()
    assert means.to_numpy() == pytest.approx([60, 60], rel=0.01)
    wages = done.outcomes.groupby("arm")["parties.pool.wage"].first()
    assert wages["wrong"] < 0.7 * wages["right"]
    for part, cell in zip(done.parts, done.cells, strict=True):
        assert part.runs.parameters.iloc[0].count(f'"wage": {wages[cell.arm]}') == 1


@pytest.mark.slow
def test_the_same_again_runs_nothing(done: simlab.StudyRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("a run was begun")

    monkeypatch.setattr("simlab.studies.task.execute", refuse)
    again = run_study(done.path / "study.yaml", out=done.path, jobs=1, local=False)
    assert again.outcomes.equals(done.outcomes)
    assert again.status == "finished"


@pytest.mark.slow
def test_an_arm_that_cannot_meet_it_is_a_row(tmp_path: Path) -> None:
    changes = {
        "solve": {"labor": 30, "by": "parties.pool.wage", "between": {"from": 1, "to": 2}},
        "seeds": 1,
        "vary": {},
    }
    changes["hypotheses"] = []
    file = study_file(tmp_path, changes)
    assert main(["study", str(file), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 3
    found = simlab.load(tmp_path / "out")
    assert isinstance(found, simlab.StudyRuns)
    assert list(found.outcomes.status) == ["failed"]
    row = found.failures.iloc[0]
    assert (row.stage, row.type, row.line) == (
        "meeting the budget",
        "NoSolution",
        1 + file.read_text().split('"solve"')[0].count("\n"),
    )
    assert "always below 30" in row.message


@pytest.mark.parametrize(
    ("solve", "said"),
    [
        ({"labour": 30, "by": "parties.pool.wage"}, "there is no outcome 'labour'"),
        (
            {"labor": 30, "by": "parties.pool.wag"},
            "wag has no number to start from (did you mean 'wage'?)",
        ),
        ({"labor": 30, "by": "parties.pol.wage"}, "has no number to start from (did you mean 'pool'?)"),
        ({"labor": 30, "by": "parties.pool.quits.rate"}, "has no number to start from (say between: {from: 1"),
        ({"labor": 30, "by": "parties.pool.wag", "between": {"from": 1, "to": 2}}, "unknown key 'wag'"),
        ({"labor": 30, "by": "parties.pool.wage", "between": {"from": -1, "to": 2}}, "greater than or equal to 0"),
        ({"labor": 30, "by": "parties.pool.policy"}, "varies already"),
        ({"labor": 30, "rho": 1, "by": "parties.pool.wage"}, "which outcome equals what"),
        ({"by": "parties.pool.wage"}, "which outcome equals what"),
    ],
)
def test_mistakes_are_told_with_their_line(solve: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = study_file(tmp_path, {"solve": solve})
    with pytest.raises(InvalidInput, match=re.escape(said)) as caught:
        run_study(file, out=tmp_path / "out", jobs=1, local=False)
    line = int(str(caught.value).split(":")[1])
    assert "solve" in "\n".join(file.read_text().splitlines()[max(0, line - 8) : line])
