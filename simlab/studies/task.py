"""One run of a study, wherever it is executed: the same call in this process, in another, or on another machine.

A process that performs several keeps what it has imported, its plugins and what they have read.
"""

from __future__ import annotations

import json
import math
import shutil
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simlab.engine.jobs import Store
from simlab.errors import FAILURES, InvalidInput, SimlabError
from simlab.names import from_here
from simlab.plugins.registry import Registry, discover
from simlab.runner import execute, manifest_of
from simlab.runs.folder import is_held
from simlab.runs.loading import Run
from simlab.runs.loading import load as load_run
from simlab.runs.manifest import MANIFEST
from simlab.runs.study_folder import Cell, row_of, write_json
from simlab.scenario import Scenario, load
from simlab.studies.outcomes import outcome_of

HELD = "held"  # somebody else is at it


@dataclass(frozen=True, slots=True)
class Task:
    """All that it takes to perform one run of a study, as plain values that can be sent anywhere."""

    folder: str
    number: int
    arm: str
    place: str
    seed: int
    scenario: str
    small: bool
    settings: str  # JSON
    without: tuple[str, ...]
    plugins: tuple[str, ...]
    local: bool
    outcomes: str  # JSON
    asked: str
    begun: str  # when the study was: plugins are looked for once for all its runs, and anew for those of the next

    @property
    def cell(self) -> Cell:
        """Where it and its row are."""
        return Cell(Path(self.folder), self.number, self.arm, self.place, self.seed)


def perform(task: Task) -> dict[str, Any]:
    """Run it, unless that has been done, and leave its row, which is returned; of a run that somebody else is at, one
    whose status is "held", which is not kept. Never raises but for Ctrl-C: what fails is a row that says so."""
    cell = task.cell
    if (known := row_of(cell, task.asked)) is not None:
        return known
    began, stage = (time.monotonic(), time.process_time()), "reading the scenario"
    row: dict[str, Any] = {"arm": task.arm, "seed": task.seed, "asked": task.asked}
    try:
        registry = _plugins(task.scenario, task.plugins, task.local, task.begun)
        scenario = load(
            task.scenario, registry, overrides=json.loads(task.settings), small=task.small, seed=task.seed,
            without=task.without,
        )  # fmt: skip
        stage = "running it"
        if cell.run.is_dir() and is_held(cell.run):
            return {**row, "status": HELD}
        _clear(cell.run, scenario, registry)
        done = execute(scenario, registry, cell.run, None, Store.default())
        stage = "asking for outcomes"
        row |= _told(done, began, _outcomes(task, done, registry))
    except FAILURES as error:
        if stage == "running it" and isinstance(error, InvalidInput) and is_held(cell.run):
            return {**row, "status": HELD}
        row |= {"status": "failed", "failure": _failure(stage, error), **_spent(began)}
    write_json(cell.row, row)
    return row


def _clear(folder: Path, scenario: Scenario, registry: Registry) -> None:
    """Remove what is left of a run that came to no end, if it is another one by now: its plugin was mended, say."""
    if (folder / MANIFEST).is_file():
        left = load_run(folder)
        if left.status in ("failed", "interrupted") and left.manifest["run"] != manifest_of(scenario, registry)["run"]:
            shutil.rmtree(folder)


@lru_cache(maxsize=4)
def _plugins(scenario: str, places: tuple[str, ...], local: bool, begun: str) -> Registry:
    return discover(Path(scenario).parent, places, local)


def _outcomes(task: Task, run: Run, registry: Registry) -> dict[str, float | None]:
    found = {name: outcome_of(run, name, said, registry) for name, said in json.loads(task.outcomes).items()}
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def _spent(began: tuple[float, float]) -> dict[str, float]:
    """Seconds since then, by the clock and of computing."""
    wall, cpu = began
    return {"seconds": round(time.monotonic() - wall, 3), "cpu": round(time.process_time() - cpu, 3)}


def _told(run: Run, began: tuple[float, float], outcomes: Mapping[str, float | None]) -> dict[str, Any]:
    return {
        "status": run.status,
        "run": run.manifest["run"],
        **_spent(began),
        "outcomes": dict(outcomes),
    }


def _failure(stage: str, error: BaseException) -> dict[str, Any]:
    """How a run failed: at what, with which error, and where in which file."""
    frames = traceback.extract_tb(error.__traceback__)
    file, line = (from_here(Path(frames[-1].filename)), frames[-1].lineno) if frames else ("", None)
    if isinstance(error, InvalidInput) and error.problems:
        problem = error.problems[0]
        file, line = str(problem.file or ""), problem.line
    message = str(error) if isinstance(error, SimlabError) else f"{type(error).__name__}: {error}"
    return {"stage": stage, "type": type(error).__name__, "message": message, "file": file, "line": line}
