"""Budgets: the value of a lever at which an outcome equals a number, arm by arm, so that arms can be compared at equal
cost.

Of every value that is tried, all seeds are run, as an arm that is not shown; the last one's runs are the arm's own. A
search is not kept: it is replayed over what is known from the study's folder, and asks for the value that is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.runs.study_folder import STUDY, Cell, row_of, write_json
from simlab.studies.design import folder_name

FURTHEST = 6  # doublings of the lever's own value
Known = Mapping[float, float]  # by value of the lever: the outcome's mean over seeds; NaN where runs failed
Perform = Callable[[Mapping[str, Any]], None]  # all missing runs of a study


@dataclass(frozen=True, slots=True)
class Aim:
    """What is looked for: the lever's value at which the outcome `equals` a number, within a share `tolerance` of it.
    `low` and `high` bound it where they are known, else it is looked for around `start`."""

    outcome: str
    equals: float
    by: str
    tolerance: float
    steps: int
    start: float | None = None
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def near(self) -> float:
        """How far from the number is near enough, in the outcome's unit."""
        return self.tolerance * (abs(self.equals) or 1.0)

    def value(self, wanted: float) -> float:
        """The value nearest to a wanted one that is tried: in ten figures, or whole."""
        return float(round(wanted)) if self.whole else float(f"{wanted:.10g}")


class Missing(Exception):
    """These values must be tried first."""

    def __init__(self, *values: float) -> None:
        super().__init__(f"not tried: {values}")
        self.values = values


class NoSolution(Exception):
    """There is no such value, or it was not found; the message says why."""


def solution(aim: Aim, known: Known) -> float:
    """The value of the lever, from what is known. Raises Missing with the values that must be tried before it can be
    said, and NoSolution where there is none.

    Two values between which the outcome crosses the number are taken from `low` and `high`, or from the start doubled
    or halved again and again; between them by Brent's method (Brent 1973, Algorithms for Minimization without
    Derivatives, ch. 4), until one is near enough.
    """
    try:
        left, right = _bracket(aim, known)
    except _Near as found:
        return found.value
    from scipy.optimize import brentq

    try:
        brentq(lambda x: _miss(aim, known, aim.value(x)), left, right, xtol=_finest(aim, left, right), rtol=1e-9,
               maxiter=aim.steps)  # fmt: skip
    except _Near as found:
        return found.value
    except RuntimeError:
        raise NoSolution(f"{aim.steps} steps were not enough; {_nearest(aim, known)}") from None
    raise NoSolution(f"the outcome jumps past it: {_nearest(aim, known)}")


class _Near(Exception):
    def __init__(self, value: float) -> None:
        super().__init__(value)
        self.value = value


def _finest(aim: Aim, left: float, right: float) -> float:
    return 0.5 if aim.whole else 1e-9 * max(abs(left), abs(right))


def _miss(aim: Aim, known: Known, value: float) -> float:
    """By how much the outcome is above the number at a value. Raises Missing if that is not known, NoSolution if its
    runs failed, and _Near if it is near enough."""
    if value not in known:
        raise Missing(value)
    if math.isnan(known[value]):
        raise NoSolution(f"runs at {aim.by}={value:g} failed, or have no such outcome")
    if abs(known[value] - aim.equals) <= aim.near:
        raise _Near(value)
    return known[value] - aim.equals


def _bracket(aim: Aim, known: Known) -> tuple[float, float]:
    """Two values with the outcome below the number at one, and above it at the other."""
    if aim.low is not None and aim.high is not None:
        ends = aim.value(aim.low), aim.value(aim.high)
        _require_known(known, ends)
        misses = [_miss(aim, known, value) for value in ends]
        if misses[0] * misses[1] < 0:
            return ends
        raise NoSolution(_one_side(aim, known, ends))
    assert aim.start is not None
    return _outward(aim, known, aim.start)


def _outward(aim: Aim, known: Known, start: float) -> tuple[float, float]:
    """The same, from a start outward: each time on the side where the outcome is nearer to the number, until a value is
    not allowed (its runs failed), or the farthest is reached."""
    ends = dict.fromkeys((0.5, 2.0), aim.value(start))  # by the factor of a step
    steps = dict.fromkeys(ends, 0)
    _require_known(known, [aim.value(start)])
    _miss(aim, known, aim.value(start))
    _require_known(known, [aim.value(start * factor) for factor in ends])
    while going := [factor for factor in ends if steps[factor] < FURTHEST]:
        factor = min(going, key=lambda f: abs(known[ends[f]] - aim.equals))
        steps[factor] += 1
        outer = aim.value(start * factor ** steps[factor])
        _require_known(known, [outer])
        if math.isnan(known[outer]):
            steps[factor] = FURTHEST
            continue
        if _miss(aim, known, ends[factor]) * _miss(aim, known, outer) < 0:
            return ends[factor], outer
        ends[factor] = outer
    raise NoSolution(_one_side(aim, known, sorted(ends.values())))


def _require_known(known: Known, values: Sequence[float]) -> None:
    if missing := [value for value in dict.fromkeys(values) if value not in known]:
        raise Missing(*missing)


def _one_side(aim: Aim, known: Known, values: Sequence[float]) -> str:
    said = [known[value] for value in values]
    side = "above" if min(said) > aim.equals else "below"
    least, most = min(values), max(values)
    what = f"{aim.outcome} is {known[least]:,.6g} at {aim.by}={least:g} and {known[most]:,.6g} at {most:g}"
    return f"{what}: always {side} {aim.equals:g}"


def _nearest(aim: Aim, known: Known) -> str:
    found = min((v for v in known if not math.isnan(known[v])), key=lambda v: (abs(known[v] - aim.equals), v))
    return f"nearest is {known[found]:,.6g}, at {aim.by}={found:g}"


# ---- in a study's folder -------------------------------------------------------------------------------------------


def aim_of(solve: Mapping[str, Any]) -> Aim:
    """What a study's plan says of its budget."""
    return Aim(**{name: solve[name] for name in Aim.__dataclass_fields__})


def meet(study: dict[str, Any], folder: Path, perform: Perform) -> None:
    """Find the value for every arm, and make `study["arms"]` those that meet the budget, in the folder, too. Of an arm
    for which there is none, every run is a row that failed and says why."""
    solve = study["solve"]
    aim = aim_of(solve)
    known: list[dict[float, float]] = [{} for _ in solve["arms"]]
    while True:
        found = [_answer(aim, each) for each in known]
        asked = [
            (number, value)
            for number, answer in enumerate(found)
            if isinstance(answer, Missing)
            for value in answer.values
        ]
        if not asked:
            break
        study["arms"] = [_at(solve["arms"][number], aim, value) for number, value in asked]
        write_json(folder / STUDY, study)
        perform(study)
        for (number, value), arm in zip(asked, study["arms"], strict=True):
            known[number][value] = _mean(study, folder, arm, aim.outcome)
    study["arms"] = [
        _unsolved(study, folder, arm, answer) if isinstance(answer, Exception) else _at(arm, aim, answer)
        for arm, answer in zip(solve["arms"], found, strict=True)
    ]
    solve["solved"] = True
    write_json(folder / STUDY, study)


def _answer(aim: Aim, known: Known) -> float | Exception:
    try:
        return solution(aim, known)
    except (Missing, NoSolution) as answer:
        return answer


def _at(arm: Mapping[str, Any], aim: Aim, value: float) -> dict[str, Any]:
    """An arm with the lever at a value."""
    said: float | int = int(value) if aim.whole else value
    return {
        **arm,
        "folder": f"{arm['folder']}/{folder_name(f'{aim.by}={value:.10g}')}",
        "settings": {**arm["settings"], aim.by: said},
        "levers": {**arm["levers"], aim.by: said},
    }


def _cells(study: Mapping[str, Any], folder: Path, arm: Mapping[str, Any]) -> Iterator[Cell]:
    return (Cell(folder, 0, arm["name"], arm["folder"], seed) for seed in study["seeds"])


def _mean(study: Mapping[str, Any], folder: Path, arm: Mapping[str, Any], outcome: str) -> float:
    """The outcome, averaged over seeds; NaN if a run has none."""
    values = []
    for cell in _cells(study, folder, arm):
        row = row_of(cell, study["asked"]) or {}
        value = row.get("outcomes", {}).get(outcome)
        values.append(math.nan if value is None else float(value))
    return math.fsum(values) / len(values)


def _unsolved(study: Mapping[str, Any], folder: Path, arm: Mapping[str, Any], why: Exception) -> dict[str, Any]:
    """An arm that has no run, with a row for each seed that says why."""
    made = {**arm, "folder": f"{arm['folder']}/unsolved"}
    what = {"stage": "meeting the budget", "type": type(why).__name__, "message": str(why)}
    for cell in _cells(study, folder, made):
        row = {"arm": arm["name"], "seed": cell.seed, "asked": study["asked"], "status": "failed"}
        write_json(cell.row, {**row, "failure": {**what, "file": study["file"], "line": study["solve"]["line"]}})
    return made
