"""Searches: the point of the levers' ranges at which one outcome is least while others reach a target.

By Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization",
NeurIPS 24; Akiba et al. 2019, "Optuna", KDD), an extra. A point is run under a few seeds at a time, and given up as
soon as it cannot be the answer, as in a race (Maron & Moore 1994, "Hoeffding races", NeurIPS 6; Birattari et al. 2002,
"A racing algorithm for configuring metaheuristics", GECCO, with t-tests of paired differences). All of it follows from
the search's seed and what runs give, so the same command again repeats it, and runs what is missing.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simlab.errors import InvalidInput, Problem
from simlab.measures.paired import effect
from simlab.paths import given
from simlab.runs.loading import StudyRuns, load
from simlab.runs.study_folder import STUDY, Cell, row_of, write_json
from simlab.scenario import Overrides
from simlab.studies.design import key_of_settings
from simlab.studies.executors import Executor
from simlab.studies.plan import planned
from simlab.studies.study import Tell, opened, performing
from simlab.studies.study_file import RangeSpec, SearchSpec, VarySpec

COMPLETE, PRUNED, FAILED = "complete", "given up", "failed"
Perform = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Trial:
    """A point that was tried: its arm, what its runs gave [seeds so far] by outcome, and what became of it."""

    arm: dict[str, Any]
    outcomes: dict[str, list[float]] = field(default_factory=dict)
    state: str = COMPLETE

    def mean(self, outcome: str) -> float:
        """The mean of an outcome over its seeds so far."""
        values = self.outcomes.get(outcome) or [math.nan]
        return math.fsum(values) / len(values)

    def shortfalls(self, search: SearchSpec) -> list[float]:
        """By how much each outcome misses its target; no more than 0 where it does not."""
        return [least - self.mean(name) for name, least in search.target.items()]

    def reaches(self, search: SearchSpec) -> bool:
        """Whether it has been run under all seeds, and every target is reached."""
        return self.state == COMPLETE and max(self.shortfalls(search)) <= 0


def poor(trial: Trial, search: SearchSpec, best: Trial | None) -> bool:
    """Whether a point cannot be the answer, by what is known: the 95 % interval of some outcome lies below its target,
    or that of what it costs more than the best so far, seed by seed, above 0."""
    for name, least in search.target.items():
        if effect(np.array(trial.outcomes[name]) - least).high < 0:
            return True
    if best is None:
        return False
    mine, other = trial.outcomes[search.minimize], best.outcomes[search.minimize]
    return effect(np.array(mine) - np.array(other[: len(mine)])).low > 0


def run_search(
    path: Path | str,
    *,
    out: Path | str | None = None,
    jobs: int | None = 1,
    executor: str | Executor = "local",
    overrides: Overrides = (),
    plugins: Sequence[Path | str] = (),
    local: bool = True,
    tell: Tell | None = None,
) -> StudyRuns:
    """Search as the study file's `search:` says, and return all runs as a study whose arms are the points tried.

    Arguments are those of `run_study`; `jobs` share out the seeds of a point. Raises InvalidInput as it does, if the
    file has no `search:`, and without Optuna.
    """
    plan = planned(path, overrides=overrides, plugins=plugins, local=local)
    search = plan.spec.search
    if search is None:
        fix = "add search: {minimize: labor, target: {OUTCOME: 0.8}}"
        raise InvalidInput(Problem("says nothing to search for", fix, plan.file))
    with _optuna() as optuna:
        folder = given(out) if out is not None else Path("studies") / plan.spec.name
        study = opened(plan, folder)
        with performing(folder, executor, jobs, tell) as perform:
            trials = _search(optuna, _Tried(study, folder.absolute(), perform), search, plan.spec.vary)
    _kept(study, folder.absolute(), search, trials)
    found = load(folder)
    assert isinstance(found, StudyRuns)
    found.write_outcomes()
    return found


def _search(optuna: Any, tried: _Tried, search: SearchSpec, vary: VarySpec) -> list[Trial]:
    """Every trial, in order."""
    sampler = optuna.samplers.TPESampler(
        seed=search.seed, constraints_func=lambda trial: trial.user_attrs.get("shortfalls", [math.inf])
    )
    asked = optuna.create_study(sampler=sampler, direction="minimize")
    found: list[Trial] = []
    for _ in range(search.trials):
        ask = asked.ask()
        point = {key: _suggested(ask, key, values) for key, values in vary.levers.items()}
        reached = [trial for trial in found if trial.reaches(search)]
        best = min(reached, key=lambda trial: trial.mean(search.minimize), default=None)
        trial = tried.at(point, search, best)
        found.append(trial)
        if trial.state == FAILED:
            asked.tell(ask, state=optuna.trial.TrialState.FAIL)
            continue
        ask.set_user_attr("shortfalls", trial.shortfalls(search))
        cost = trial.mean(search.minimize)
        if trial.state == PRUNED:
            ask.report(cost, len(trial.outcomes[search.minimize]))
            asked.tell(ask, state=optuna.trial.TrialState.PRUNED)
        else:
            asked.tell(ask, cost)
    return found


def _suggested(ask: Any, key: str, values: RangeSpec | list[Any]) -> Any:
    """The value of a lever that Optuna suggests."""
    if not isinstance(values, RangeSpec):
        return values[ask.suggest_categorical(key, list(range(len(values))))]
    log = values.scale == "log"
    if values.whole:
        return ask.suggest_int(key, math.ceil(values.low), math.floor(values.high), log=log)
    return ask.suggest_float(key, values.low, values.high, log=log)


@dataclass(slots=True)
class _Tried:
    """The study's folder, in which points are tried."""

    study: dict[str, Any]
    folder: Path
    perform: Perform

    def at(self, point: Mapping[str, Any], search: SearchSpec, best: Trial | None) -> Trial:
        """A point under one batch of seeds after another, as long as it may be the answer."""
        trial = Trial(self._arm(point))
        seeds = list(self.study["seeds"])
        for begin in range(0, len(seeds), search.after):
            batch = seeds[begin : begin + search.after]
            rows = self._rows(trial.arm, batch)
            for name in self.study["outcomes"]:
                values = [_number(row, name) for row in rows]
                trial.outcomes.setdefault(name, []).extend(values)
            asked = [search.minimize, *search.target]
            if any(math.isnan(value) for name in asked for value in trial.outcomes[name]):
                trial.state = FAILED
                return trial
            if begin + search.after < len(seeds) and poor(trial, search, best):
                trial.state = PRUNED
                return trial
        return trial

    def _arm(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """The point as an arm, in a folder that is called by its settings."""
        (base,) = self.study["search"]["arms"]
        settings = {**base["settings"], **point}
        digest = hashlib.sha256(key_of_settings(settings, base["without"]).encode()).hexdigest()[:12]
        folder = f"{base['folder']}/{digest}"
        return {**base, "name": digest, "folder": folder, "settings": settings, "levers": dict(point)}

    def _rows(self, arm: Mapping[str, Any], seeds: Sequence[int]) -> list[dict[str, Any]]:
        """What came of it under some seeds."""
        part = {**self.study, "arms": [arm], "seeds": list(seeds)}
        cells = [Cell(self.folder, 0, arm["name"], arm["folder"], seed) for seed in seeds]
        for cell in cells:
            if (row_of(cell, self.study["asked"]) or {}).get("status") == PRUNED:
                cell.row.unlink(missing_ok=True)
        self.perform(part)
        return [row_of(cell, self.study["asked"]) or {} for cell in cells]


def _number(row: Mapping[str, Any], outcome: str) -> float:
    value = row.get("outcomes", {}).get(outcome)
    return math.nan if value is None else float(value)


def _kept(study: dict[str, Any], folder: Path, search: SearchSpec, trials: Sequence[Trial]) -> None:
    """Leave in the folder which points were tried, what became of each, and which is best."""
    arms: dict[str, dict[str, Any]] = {}
    for trial in trials:
        arms.setdefault(trial.arm["folder"], {**trial.arm, "name": f"point {len(arms) + 1:03d}"})
        for seed in study["seeds"]:
            cell = Cell(folder, 0, trial.arm["name"], trial.arm["folder"], seed)
            if trial.state != COMPLETE and row_of(cell, study["asked"]) is None:
                row = {"arm": arms[trial.arm["folder"]]["name"], "seed": seed, "asked": study["asked"]}
                write_json(cell.row, {**row, "status": PRUNED, "outcomes": {}})
    reached = [trial for trial in trials if trial.reaches(search)]
    best = min(reached, key=lambda trial: trial.mean(search.minimize), default=None)
    study["arms"] = list(arms.values())
    study["search"]["trials"] = [{"arm": arms[t.arm["folder"]]["name"], "state": t.state} for t in trials]
    study["search"]["best"] = arms[best.arm["folder"]]["name"] if best is not None else None
    write_json(folder / STUDY, study)


@contextmanager
def _optuna() -> Iterator[Any]:
    """Optuna, silent."""
    try:
        import optuna
    except ImportError:
        raise InvalidInput(
            Problem("a search needs Optuna, which is not installed", "pip install 'simlab[search]'")
        ) from None
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield optuna
    finally:
        optuna.logging.set_verbosity(level)
