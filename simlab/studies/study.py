"""A study from its file to its answer: `run_study` is what `simlab study` and `simlab.study` do."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.flags import require_functions
from simlab.names import clip
from simlab.parallel import cores
from simlab.paths import given
from simlab.provenance import simlab_version
from simlab.runs.changes import what_changed
from simlab.runs.loading import StudyRuns, load
from simlab.runs.study_folder import (
    FORMAT,
    RUNS,
    STUDY,
    TEXT,
    Cell,
    cells,
    is_study,
    read_study,
    row_of,
    write_json,
)
from simlab.scenario import Overrides
from simlab.studies.design import WHOLE, shares_of
from simlab.studies.executors import Executor, InThisProcess, LocalProcesses, RayTasks
from simlab.studies.plan import Plan, described, planned
from simlab.studies.samples import Samples
from simlab.studies.solve import meet
from simlab.studies.task import HELD, Task, perform

Tell = Callable[[int, int, int], None]  # runs done, runs in all, of which failed
PATIENCE = 0.5  # seconds between two looks at a run that somebody else is at
SCENARIO = "scenario.json"
_NOTHING: Mapping[str, Any] = {}


def run_study(
    path: Path | str,
    *,
    out: Path | str | None = None,
    jobs: int | None = None,
    executor: str | Executor = "local",
    gpus: float = 0.0,
    memory: int | None = None,
    samples: Samples = None,
    overrides: Overrides = (),
    plugins: Sequence[Path | str] = (),
    local: bool = True,
    value_of: str = "",
    tell: Tell | None = None,
) -> StudyRuns:
    """Run what is missing of the study in a file, and return all of it, with the tables of every run.

    `out` is the study's folder (default `studies/NAME` under the current one), `jobs` how many processes there are
    (default: one a core), `executor` who shares the runs out: "local", "ray", "ray://ADDRESS", or an object with
    `submit`, `results` and `cancel`. Of Ray, each run takes a core, `gpus` (a share of one, as 0.25, will do) and
    `memory` (bytes). `samples` is a DataFrame of the user's own points, `overrides` are `key=value` settings of the
    study file. With `value_of` ("each", or names of parties) the file may be that of a scenario, which is run with
    everybody and without each of them. Raises InvalidInput for anything wrong with the file, and if the folder holds
    another study, or this one as it was before its scenario or a plugin changed. A run that fails is a row of
    `failures`.
    """
    require_functions(tell=tell)
    plan = planned(path, samples=samples, overrides=overrides, plugins=plugins, local=local, value_of=value_of)
    folder = given(out) if out is not None else Path("studies") / plan.spec.name
    if plan.spec.search:
        raise InvalidInput(Problem("this study is a search", f"simlab search {plan.file}", plan.file))
    takes = _takes(executor, gpus, memory)
    study = opened(plan, folder)
    with performing(folder, executor, jobs, tell, takes) as perform_missing:
        if plan.spec.solve:
            meet(study, folder.absolute(), perform_missing)
        else:
            perform_missing(study)
    found = load(folder)
    assert isinstance(found, StudyRuns)
    found.write_outcomes()
    return found


def work(folder: Path | str, tell: Tell | None = None) -> int:
    """Perform runs of a study, as one of many who do, until none is missing; returns how many this one performed.

    Runs are claimed by the locks of their folders, which a process that dies lets go of. Those that have failed are
    left as they are. Raises InvalidInput if the folder holds no study.
    """
    study = read_study(given(folder))
    tasks = _tasks(study, given(folder))
    order = list(tasks)
    random.Random(time.monotonic_ns()).shuffle(order)  # so that many who begin at once do not meet at every run
    mine = failed = 0
    while order:
        held = []
        for task in order:
            if row_of(task.cell, task.asked) is not None:
                continue
            row = perform(task)
            if row["status"] == HELD:
                held.append(task)
                continue
            mine, failed = mine + 1, failed + (row["status"] == "failed")
            if tell is not None:
                tell(mine, len(tasks), failed)
        if order := held:
            time.sleep(PATIENCE)
    return mine


@contextmanager
def performing(
    folder: Path, executor: str | Executor, jobs: int | None, tell: Tell | None, takes: Mapping[str, Any] = _NOTHING
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """What performs all missing runs of a study, as often as it is called, by one executor, which is stopped at the
    end. It may use `jobs` processes, whether there are as many runs at first or not; a single run needs none of its
    own until there are more. `takes` is what each run takes of Ray."""
    kept: list[Executor] = []
    most = jobs or cores()

    def perform_missing(study: Mapping[str, Any]) -> None:
        tasks = _tasks(study, folder)
        _forget_failures(tasks)
        missing = [task for task in tasks if row_of(task.cell, task.asked) is None]
        if not missing:
            return
        here = executor == "local" and (most == 1 or len(missing) == 1)
        if not kept or (isinstance(kept[-1], InThisProcess) and not here):
            kept.append(InThisProcess() if here else _executor(executor, most, takes))
        _perform_all(kept[-1], missing, len(tasks), tell or (lambda done, total, failed: None))

    try:
        yield perform_missing
    finally:
        for each in kept:
            each.cancel()


def _executor(asked: str | Executor, processes: int, takes: Mapping[str, Any]) -> Executor:
    if not isinstance(asked, str):
        return asked
    if asked == "local":
        return LocalProcesses(processes)
    return RayTasks(None if asked == "ray" else asked, processes=processes, **takes)


def _takes(asked: str | Executor, gpus: float, memory: int | None) -> dict[str, Any]:
    """What each run takes of an executor. Raises InvalidInput, before anything is written, if nobody is called so, or
    it does not share such things out."""
    of_ray = isinstance(asked, str) and (asked == "ray" or asked.startswith("ray://"))
    if isinstance(asked, str) and asked != "local" and not of_ray:
        raise InvalidInput(Problem(f"there is no executor {clip(asked)!r}", "local, ray, or ray://HOST:PORT"))
    if not of_ray and (gpus or memory is not None):
        raise InvalidInput(Problem("--gpus and --memory are what a run takes of Ray", "add --executor ray"))
    return {"gpus": gpus, "memory": memory} if of_ray else {}


def _perform_all(executor: Executor, tasks: Sequence[Task], total: int, tell: Tell) -> None:
    """Have all tasks performed; those that somebody else is at are asked for again until they are done."""
    done, failed = total - len(tasks), 0
    tell(done, total, failed)
    try:
        for task in tasks:
            executor.submit(task)
        for task, row in executor.results():
            if row["status"] == HELD:
                time.sleep(PATIENCE)
                executor.submit(task)
                continue
            if row_of(task.cell, task.asked) is None:  # of a run whose process died
                write_json(task.cell.row, row)
            done, failed = done + 1, failed + (row["status"] == "failed")
            tell(done, total, failed)
    except BaseException:
        executor.cancel()
        raise


# ---- the folder ----------------------------------------------------------------------------------------------------


def opened(plan: Plan, folder: Path) -> dict[str, Any]:
    """What the study consists of, written down in its folder, which is made if need be."""
    study = _described(plan, folder)
    if is_study(folder):
        _refuse_another(folder, read_study(folder), study)
    elif folder.exists() and any(folder.iterdir()):
        raise InvalidInput(Problem("holds other files", "choose another --out, or an empty folder", folder))
    if isinstance(plan.spec.scenario, dict):
        write_json(folder / SCENARIO, plan.inline)
    write_json(folder / STUDY, study)
    with plain_files.replacing(folder / TEXT) as file:
        file.write(plan.file.read_bytes() if plan.text is None else plan.text.encode())
    return study


def _described(plan: Plan, folder: Path) -> dict[str, Any]:
    """The plan as `study.json` says it."""
    inline = isinstance(plan.spec.scenario, dict)
    arms = [
        {
            "name": arm.name, "folder": place, "form": arm.form, "settings": dict(arm.settings),
            "without": list(arm.without), "levers": dict(arm.levers), "uncertainties": dict(arm.uncertainties),
        }
        for arm, place in zip(plan.arms, plan.folders, strict=True)
    ]  # fmt: skip
    said = {
        "format": FORMAT,
        "name": plan.spec.name,
        "description": plan.spec.description,
        "version": simlab_version(),
        "file": str(plan.file.absolute()),
        "scenario": str((folder / SCENARIO if inline else plan.scenario_file).absolute()),
        "small": plan.spec.small,
        "plugins": plan.places["plugins"],
        "local": plan.places["local"],
        "seeds": list(plan.seeds),
        "arms": [] if plan.spec.solve or plan.spec.search else arms,
        "design": {"kind": plan.spec.vary.design, "shares": _shares(plan)},
        "outcomes": {name: described(outcome) for name, outcome in plan.outcomes.items()},
        "units": plan.units,
        "asked": plan.asked,
        "orders": {name: f"without {name}" for name in plan.orders},
        "everybody": WHOLE,
        "hypotheses": [hypothesis.model_dump(mode="json") for hypothesis in plan.spec.hypotheses],
        **({"search": {**plan.spec.search.model_dump(mode="json"), "arms": arms}} if plan.spec.search else {}),
        **({"solve": _budget(plan, arms)} if plan.spec.solve else {}),
        "base": {key: plan.base[key] for key in ("version", "parameters", "plugins", "data", "rests")},
    }
    found: dict[str, Any] = json.loads(json.dumps(said))
    return found


def _budget(plan: Plan, arms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The budget as `study.json` says it, with the arms that are to meet it."""
    solve = plan.spec.solve
    assert solve is not None
    said = solve.model_dump(mode="json", exclude={"between"})
    ends = solve.between
    said |= {"low": None, "high": None, "whole": False, "start": plan.start, "line": plan.line}
    if ends is not None:
        said |= {"low": ends.at(0.0), "high": ends.at(1.0), "whole": ends.whole}
    return {**said, "solved": False, "arms": list(arms)}


def _arms(study: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arms of a study as its file has them."""
    found: list[dict[str, Any]] = (study.get("solve") or study.get("search") or study)["arms"]
    return found


def _shares(plan: Plan) -> list[list[float]]:
    """The points of a design of which indices are made, as shares of ranges."""
    return shares_of(plan.spec.vary) if plan.spec.vary.design in ("saltelli", "morris") else []


def _refuse_another(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise InvalidInput if a folder holds another study, or the same one as it was before something changed that its
    runs were made by. Arms, seeds, outcomes and hypotheses may be added or taken away."""
    fix = "choose another --out, or delete this folder"
    if before["name"] != now["name"]:
        raise InvalidInput(Problem(f"holds another study, {before['name']!r}", fix, folder))
    if not (folder / RUNS).is_dir():
        return
    changed = list(what_changed(before["base"], now["base"])) if _same_first(before, now) else []
    changed += [name for name in ("small", "scenario") if before[name] != now[name] and name not in changed]
    arms = {arm["folder"]: arm for arm in _arms(before)}
    for arm in _arms(now):
        old = arms.get(arm["folder"], arm)
        if any(old[key] != arm[key] for key in ("settings", "without")):
            changed.append(f"what the arm {arm['name']!r} is")
    if changed:
        what = f"holds this study as it was before something changed: {'; '.join(changed[:8])}"
        raise InvalidInput(Problem(what, fix, folder))


def _same_first(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the first run of both, by which a change is noticed, is of the same arm and seed."""
    one, two = _arms(before)[0], _arms(now)[0]
    return before["seeds"][0] == now["seeds"][0] and all(one[key] == two[key] for key in ("settings", "without"))


def _tasks(study: Mapping[str, Any], folder: Path) -> list[Task]:
    """Every run of a study as a task, seed by seed."""
    begun = f"{time.time_ns()}-{os.getpid()}"
    return [_task(study, cell, begun) for cell in cells(folder.absolute(), study)]


def _task(study: Mapping[str, Any], cell: Cell, begun: str) -> Task:
    arm = study["arms"][cell.number]
    return Task(
        str(cell.folder), cell.number, cell.arm, cell.place, cell.seed, study["scenario"], study["small"],
        json.dumps(arm["settings"]), tuple(arm["without"]), tuple(study["plugins"]), study["local"],
        json.dumps(study["outcomes"]), study["asked"], begun,
    )  # fmt: skip


def _forget_failures(tasks: Sequence[Task]) -> None:
    """Let runs that failed be tried again."""
    for task in tasks:
        row = row_of(task.cell, task.asked)
        if row is not None and row["status"] == "failed":
            task.cell.row.unlink(missing_ok=True)


def rows(folder: Path | str) -> Iterator[tuple[Cell, dict[str, Any] | None]]:
    """Every run of a study with what came of it, None if it has not ended."""
    path = given(folder)
    study = read_study(path)
    for cell in cells(path, study):
        yield cell, row_of(cell, study["asked"])
