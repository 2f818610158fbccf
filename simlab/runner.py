"""From a scenario file to a finished run on disk: what `simlab run`, `simlab.run` and `simlab verify` do.

`run_file` resolves the scenario, opens the run's folder, simulates, and leaves the tables; the same call on an
interrupted run completes it. `verify` runs a finished run once more, elsewhere, and compares every table.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from simlab import opened_files as reads
from simlab import plain_files, tensor_files
from simlab.components.logger import Logger
from simlab.engine.context import Progress
from simlab.engine.jobs import Jobs, Store
from simlab.errors import InvalidInput, Mismatch, SimlabError, blaming
from simlab.flags import require_flags, require_functions
from simlab.names import from_here
from simlab.paths import given, listed, staying
from simlab.plugins.registry import Registry, discover
from simlab.plugins.watchdog import patience, watched
from simlab.provenance import simlab_version
from simlab.runs.changes import libraries, refuse_changed, suspects, unlike, what_changed
from simlab.runs.folder import SCENARIO, OpenRun, open_run
from simlab.runs.loading import Run, load, load_one
from simlab.runs.manifest import read_manifest
from simlab.scenario import Overrides, Scenario, costs
from simlab.scenario import load as load_scenario
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    from simlab.simulation import Simulation
    from simlab.tables.recorder import Recorder

GROWN = 1 << 27  # bytes by which a run may leave a process larger, before it is worth the time to look what is free


def run_file(
    path: Path | str,
    *,
    seed: int | None = None,
    out: Path | str | None = None,
    small: bool = False,
    overrides: Overrides = (),
    without: Sequence[str] = (),
    plugins: Sequence[Path | str] = (),
    local: bool = True,
    progress: Progress | None = None,
    store: Store | None = None,
    log: Sequence[str] = (),
    yes: bool = False,
) -> Run:
    """Run a scenario file and return what it left; a run that is already complete is only loaded.

    `out` is the run's folder (default `runs/NAME-seedN-HASH` under the current one), `small` applies the file's
    `small:` block, `overrides` are `key.path=value` settings, or a mapping from paths to values, `without` names
    people (pool:17) and parties to be left out while all other draws stay, `plugins` are further plugin files or
    folders, `local` says whether ./plugins and the scenario's folder are searched for plugins, `store` where
    computations are remembered, `log` who is told how the run goes on, as NAME or NAME:FOLDER of loggers, `yes` that a
    run is wanted even if it takes hours or gigabytes. Raises InvalidInput for anything wrong with the input, before
    anything is written.
    """
    require_flags(small=small, local=local, yes=yes)
    require_functions(progress=progress)
    path = given(path)
    registry = discover(path.parent, plugins, local)
    scenario = load_scenario(path, registry, overrides=overrides, small=small, seed=seed, without=without)
    if not yes:
        costs.ask(scenario, costs.GPU if costs.warning(scenario) and _device(scenario) == "cuda" else costs.CORE)
    for file, made in registry.aside(scenario.plugins_used()).items():
        what = f"{from_here(file)}, beside the scenario, was run as a plugin ({made})"
        print(f"{what}; where it is none, say so in it: # simlab: not a plugin", file=sys.stderr)
    for words in listed(log):
        registry.hook.listen(_logger(registry, str(words)))
    return execute(scenario, registry, out, progress, store or Store.default())


def execute(
    scenario: Scenario, registry: Registry, out: Path | str | None, progress: Progress | None, store: Store
) -> Run:
    """Run a resolved scenario into folder `out`. Raises PluginFailed for a plugin that fails or does not come back.

    Raises InvalidInput, too, if the folder holds this run as it was before a plugin, or what one rests on, changed. Of
    a run that is complete, every table is held against what the manifest says of it.
    """
    from simlab.simulation import Simulation  # here: who shares out the runs of a study among processes simulates none

    began, memory = time.monotonic(), _resident()
    manifest = manifest_of(scenario, registry)
    shown = given(out) if out is not None else given(default_folder(manifest))
    folder = shown.absolute()  # wherever a plugin may change to
    jobs = Jobs(store, _device(scenario))
    told = _Told(registry, manifest["run"])
    refuse_changed(shown, manifest)
    with staying(), watched(patience()), reads.noting() as noted:
        with staying(), blaming():
            simulation = Simulation(scenario, jobs, progress, told)
        with (
            _called(shown, folder),
            open_run(folder, manifest, scenario.as_yaml()) as opened,
            threadpool_limits(limits=1),
        ):
            shown_again = opened.finished
            if not shown_again:  # sums depend on how many threads share them: one is part of the guarantee
                told.opened, opened.began = opened, began
                with told, blaming(), settled():
                    _simulate(simulation, opened, told, noted)
            elif other := unlike(opened.manifest):
                what = f"{shown}: shown as it was made; since then changed: {', '.join(other)}"
                print(f"{what} (simlab verify {shown} makes it again)", file=sys.stderr)
    del simulation
    if _resident() - memory > GROWN:
        _give_back()
    if jobs.ran:  # else nothing has been added
        store.forget()
    done = load(shown)
    if shown_again:  # else these are the files that have just been written
        for name in done.tables:
            done.stored(name)
    return done


@contextmanager
def _called(shown: Path, folder: Path) -> Iterator[None]:
    """Let what is wrong with the run's folder be said of it as the user wrote it."""
    try:
        yield
    except InvalidInput as error:
        inside = [p.file is not None and Path(p.file).is_relative_to(folder) for p in error.problems]
        raise InvalidInput(
            *(
                replace(p, file=shown / Path(str(p.file)).relative_to(folder)) if within else p
                for p, within in zip(error.problems, inside, strict=True)
            )
        ) from error


@contextmanager
def settled() -> Iterator[None]:
    """What exists already is not searched for garbage again and again while a run makes objects by the hundred
    thousand; unless somebody else has frozen something."""
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _resident() -> int:
    """Bytes of memory that this process has; 0 where the system does not say so."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _give_back() -> None:
    """Return the memory of a run that is over: what its parties hold of one another Python may keep for many runs more,
    and what it frees glibc keeps for each thread there ever was."""
    gc.collect()
    with suppress(OSError, AttributeError):  # of another C library
        ctypes.CDLL(None).malloc_trim(0)


def _logger(registry: Registry, words: str) -> Logger:
    """The logger that `NAME` or `NAME:FOLDER` asks for."""
    name, _, folder = words.partition(":")
    made = registry.get("logger", name).model_validate({"folder": str(given(folder)) if folder else ""})
    assert isinstance(made, Logger)
    return made


class _Told:
    """Tells plugins how a run goes on and how it ended, and keeps the number of rounds in the manifest."""

    def __init__(self, registry: Registry, run: str) -> None:
        self.hook, self.run = registry.hook, run
        self.opened: OpenRun
        self.recorder: Recorder

    def __call__(self, what: str, **said: Any) -> None:
        if what == "round_finished" and self.recorder.safe:
            self.opened.note(wait=False, rounds=said["round"], seconds=self.opened.seconds)
        getattr(self.hook, f"simlab_{what}")(run=self.run, **said)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Say how it ended; a hook that raises now must not hide the error that ended the run."""
        if error is None:
            self("run_finished", status="finished", error="")
            return
        status = "failed" if isinstance(error, Exception) else "interrupted"
        try:
            self("run_finished", status=status, error=f"{type(error).__name__}: {error}" if status == "failed" else "")
        except SimlabError as another:
            error.add_note(str(another))


def _simulate(simulation: Simulation, opened: OpenRun, told: _Told, noted: reads.Noted) -> None:
    from simlab.tables.recorder import Recorder

    scenario = simulation.scenario
    if told.hook.wanted("simlab_run_started", "scenario"):
        scenario = scenario.model_copy(deep=True)  # which a plugin may do with what it likes
    told("run_started", scenario=scenario, path=opened.path)
    extra = simulation.scenario.added_columns()
    watched = told.hook.wanted("simlab_round_finished", "tables")
    with Recorder(opened.path, told.run, extra, watched) as recorder:
        told.recorder = recorder
        simulation.run(recorder)
        simulation.report("writing tables", 1.0)
        tables = recorder.close()
    _keep_models(opened.path, simulation)
    jobs = simulation.jobs
    known = {"jobs_ran": jobs.ran, "jobs_remembered": jobs.remembered, "reads": reads.digests(noted)}
    opened.finish(tables, rounds=simulation.round, **known)


def default_folder(manifest: dict[str, Any]) -> Path:
    """Where a run goes if nobody says."""
    return Path("runs") / f"{manifest['scenario']}-seed{manifest['seed']}-{manifest['run'][:8]}"


def manifest_of(scenario: Scenario, registry: Registry) -> dict[str, Any]:
    """What a run is. `run` is the hash of scenario, seed, the plugins used and simlab's version."""
    hashes = registry.hashes(scenario.plugins_used())
    return {
        "run": scenario.hash({**hashes, "simlab": simlab_version()})[:16],
        "scenario": scenario.name,
        "seed": scenario.seed,
        "days": scenario.days,
        "world": scenario.world.name,
        "version": simlab_version(),
        "parameters": scenario.canonical(),
        "plugins": hashes,
        "rests": registry.rests(scenario.plugins_used()),
        "libraries": libraries(),
        "beside": [str(path) for path in registry.aside()],
        "data": scenario.data(),
        "plugin_folders": [str(p) for p in registry.folders],
        "threads": 1,
        "device": _device(scenario),
    }


def _device(scenario: Scenario) -> str:
    """The torch device a run computes on."""
    wanted = scenario.device
    networks = scenario.world.networks
    if wanted == "cpu" or (wanted == "auto" and not networks):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda" if networks else "cpu"
    if wanted == "cuda":
        raise InvalidInput("device: cuda was asked for, but torch finds no GPU (use device: auto or cpu)")
    return "cpu"


def _keep_models(folder: Path, simulation: Simulation) -> None:
    """Keep each network, a language model as pretrained and as trained, so that it can be asked for its next words, and
    be loaded by another run."""
    for name, model in simulation.models().items():
        target = folder / "models" / f"{name}{tensor_files.SUFFIX}"
        target.parent.mkdir(exist_ok=True)
        with plain_files.replacing(target) as file:
            tensor_files.write(file, model.arrays, model.notes())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: the run, per table both hashes, what is wrong with files that cannot be read, and what is
    other now than when the run was made."""

    run: str
    tables: dict[str, tuple[str, str]]
    unreadable: dict[str, str] = field(default_factory=dict)
    since: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether every table came out the same."""
        return all(before == after for before, after in self.tables.values())


def verify(folder: Path | str, progress: Progress | None = None, *, cached: bool = False) -> Verdict:
    """Run a finished run again in a temporary folder, computing everything anew, and compare table by table.

    With `cached`, remembered computations count. Raises InvalidInput if the run is not complete, and Mismatch if
    its plugins, its scenario, its tables on disk or simlab itself have changed since.
    """
    require_flags(cached=cached)
    require_functions(progress=progress)
    path = load_one(folder).path
    manifest = read_manifest(path)
    if manifest["status"] != "finished":
        raise InvalidInput(f"{path}: the run is {manifest['status']}, not finished; run it to its end first")
    registry = discover(None, manifest.get("plugin_folders", ()), False)
    scenario = load_scenario(path / SCENARIO, registry)
    now = manifest_of(scenario, registry)
    if now["run"] != manifest["run"]:
        changed = [n for n in ("version", "parameters", "plugins", "data") if now[n] != manifest.get(n, {})]
        named = "; ".join(what_changed({"data": {}, **manifest}, now))
        what = f"{', '.join(changed) or 'scenario'} changed since{f': {named}' if named else ''}"
        raise Mismatch(f"{path}: this is no longer the same run: {what}")
    said = {name: table["sha256"] for name, table in manifest["tables"].items()}
    there, unreadable = _on_disk(path)
    before = {name: found if found == said.get(name) else "" for name, found in there.items()}
    with tempfile.TemporaryDirectory() as elsewhere:
        store = Store.default() if cached else Store(None)
        again = execute(scenario, registry, Path(elsewhere) / "again", progress, store)
        after = again.hashes
    tables = {name: (before.get(name, ""), after.get(name, "")) for name in after}
    return Verdict(manifest["run"], tables, unreadable, suspects(manifest))


def _on_disk(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The sha256 of every table as its file is now; and of those that are missing or cannot be read, why not."""
    from simlab.tables import table_files

    found, why = {}, {}
    done = load(path)
    for name in TABLES:
        try:
            file = done.stored(name)
            found[name] = table_files.summary(file)[1] if file else ""
        except InvalidInput as error:
            why[name] = str(error)
    return found, why
