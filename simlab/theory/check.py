"""Holding laws against the simulator: observe, compare, and say whether each came out as expected.

A law that knows no chance holds if prediction and observation differ by no more than its margin. A law that holds on
average holds if the mean over replications lies within four standard errors of the prediction *and* the interval of
two standard errors around it within the margin, so that a wide interval cannot pass. A control is as expected if it
is clearly refused by the same test: beyond four standard errors, and beyond the margin.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from simlab.errors import InvalidInput, Problem, SimlabError
from simlab.names import suggestion
from simlab.theory.catalogue import LAWS, families
from simlab.theory.law import FEWEST, Law

CONTROL = -1  # in place of a point's index
_Z = 4.0  # standard errors that are too many
Task = tuple[str, int, bool]  # id of a law, index of a point or CONTROL, quick or not
Progress = Callable[[int, int], None]  # checks done, checks in all


@dataclass(frozen=True, slots=True)
class Verdict:
    """A prediction and what was observed: a mean and its standard error (0 where there is no chance)."""

    predicted: float
    observed: float
    error: float
    margin: float
    slack: float = 0.0

    @property
    def z(self) -> float:
        """How many standard errors the observation is beyond what the formula's own slack explains."""
        beyond = max(0.0, abs(self.observed - self.predicted) - self.slack)
        return beyond / max(self.error, 1e-300)

    @property
    def holds(self) -> bool:
        """Whether the law stands: not refuted, and known well enough to say so."""
        distance = abs(self.observed - self.predicted)
        if not self.error:
            return distance <= self.margin
        return self.z < _Z and distance + 2 * self.error < self.margin

    @property
    def refused(self) -> bool:
        """Whether the law is clearly wrong here; more than not `holds`, which a wide interval can also cause."""
        return self.z >= _Z and not abs(self.observed - self.predicted) <= self.margin


def judge(law: Law, index: int, *, quick: bool = False) -> Verdict:
    """What comes of a law at its point of this index, or at its control."""
    at_control = index == CONTROL
    control = law.control
    params = control.params if at_control else law.points[index]
    predicted = (at_control and control.predicted) or law.predicted
    observe = (at_control and control.observe) or law.observe
    expected = float(predicted(**params))
    if not law.replications:
        return Verdict(expected, float(observe(0, **params)), 0.0, law.margin)
    first = 1000 * (index + 1)  # seeds of their own for every point
    seeds = range(first, first + (min(FEWEST, law.replications) if quick else law.replications))
    values = np.array([float(observe(seed, **params)) for seed in seeds])
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return Verdict(expected, float(values.mean()), error, law.margin, law.slack)


def check(
    families: Iterable[str] | None = None, quick: bool = False, jobs: int = 1, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Hold every law (or those of some families) to its points and its control; one record each, in a fixed order.

    A record has id, family, source, path (the code of a run that is observed), regime, params, predicted, observed,
    margin, control (whether it is one) and ok (whether it came out as expected: a control that fails as it should is
    ok). `quick`: no slow laws, twenty
    replications, and laws that hold on average at their first point only. `jobs` processes share the work; the
    records do not depend on how many. Raises InvalidInput for an unknown family.
    """
    tasks = _tasks(families, quick)
    done: list[dict[str, Any]] = []
    for record in _records(tasks, jobs):
        done.append(record)
        if progress is not None:
            progress(len(done), len(tasks))
    return done


def at(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a law at any other parameters. Raises InvalidInput for an unknown law, for parameters that are not
    its own, and for those at which, as it says itself, it is no law."""
    if name not in LAWS:
        relatives = [law for law in LAWS if law.partition(".")[0] == name.partition(".")[0]]
        raise InvalidInput(Problem(f"there is no law {name!r}", suggestion(name, relatives or families())))
    law = LAWS[name]
    known = list(dict.fromkeys(word for point in law.points for word in point))
    unknown = [word for word in params if not any(word in point for point in law.points)]
    if unknown:
        raise InvalidInput(*(Problem(f"{name} has no parameter {word!r}", suggestion(word, known)) for word in unknown))
    said = {**law.points[0], **params}
    try:
        why = law.refuses(**said)
    except (ValueError, ArithmeticError, TypeError) as error:
        why = str(error)
    if why:
        raise InvalidInput(Problem(f"{name} says nothing here: {why}"))
    elsewhere = replace(law, points=[said] * 3)
    try:
        return _record(elsewhere, 1, judge(elsewhere, 1))
    except (ValueError, ArithmeticError, TypeError, SimlabError) as error:
        why = " ".join(str(error).split())[:200]
        raise InvalidInput(Problem(f"{name} cannot be asked about this: {why}")) from error


def _tasks(chosen: Iterable[str] | None, quick: bool) -> list[Task]:
    known = families()
    wanted = list(known if chosen is None else chosen)
    problems = [Problem(f"there is no family {name!r} of laws", suggestion(name, known)) for name in wanted]
    if unknown := [problem for name, problem in zip(wanted, problems, strict=True) if name not in known]:
        raise InvalidInput(*unknown)
    tasks: list[Task] = []
    for law in (law for law in LAWS.values() if law.family in wanted and not (quick and law.slow)):
        points = 1 if quick and law.replications else len(law.points)
        tasks += [(law.id, index, quick) for index in (*range(points), CONTROL)]
    return tasks


def _records(tasks: Sequence[Task], jobs: int) -> Iterable[dict[str, Any]]:
    if jobs <= 1:
        yield from map(record, tasks)
        return
    context = get_context("spawn")  # torch and fork do not go together
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts_to_the_parent) as pool:
        parts = _together(tasks)
        longest_first = sorted(parts, key=lambda part: -len(part))
        promised = {id(part): pool.submit(_records_of, part) for part in longest_first}
        for part in parts:
            yield from promised[id(part)].result()


def _together(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks in parts [parts][tasks], in order: neighbours that are observed from the same runs are one part, since a
    process remembers the runs that it has played."""
    parts: list[list[Task]] = []
    before = ""
    for task in tasks:
        runs = LAWS[task[0]].shares
        if runs and runs == before:
            parts[-1].append(task)
        else:
            parts.append([task])
        before = runs
    return parts


def _records_of(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    return [record(task) for task in tasks]


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def record(task: Task) -> dict[str, Any]:
    """The record of one check."""
    from threadpoolctl import threadpool_limits

    name, index, quick = task
    law = LAWS[name]
    with threadpool_limits(limits=1):  # sums depend on how many threads share them
        verdict = judge(law, index, quick=quick)
    return _record(law, index, verdict)


def _record(law: Law, index: int, verdict: Verdict) -> dict[str, Any]:
    control = index == CONTROL
    return {
        "id": law.id,
        "family": law.family,
        "source": f"{law.source}; control: {law.control.wrong}" if control else law.source,
        "path": law.path,
        "regime": law.regime,
        "params": dict(law.control.params if control else law.points[index]),
        "predicted": verdict.predicted,
        "observed": verdict.observed,
        "margin": verdict.margin,
        "control": control,
        "ok": verdict.refused if control else verdict.holds,
    }
