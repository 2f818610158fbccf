"""A run's folder: its manifest, its lock, and what the simulation needs to write one.

The folder holds `manifest.json` (what was run, where, and how it ended), `scenario.yaml` (the scenario as it was
resolved), `lock` (held while the run goes on) and `tables/`. The simulation uses `open_run`; `simlab.runs` reads.
Imports neither torch nor pandas, and pyarrow only when a run ends.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from simlab.errors import InvalidInput, Problem
from simlab.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, SCENARIO, LOCK = "manifest.json", "scenario.yaml", "lock"
FORMAT = 1  # of the folder; a later version that cannot read this one says so


class OpenRun:
    """A run's folder while the run goes on. `finished` says that an earlier process has completed the same run."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest
        self.began = time.monotonic()  # or earlier, if work began before the folder was opened
        self._earlier = float(manifest.get("seconds") or 0.0) if manifest.get("status") != "finished" else 0.0

    @property
    def finished(self) -> bool:
        """Whether the run is complete and its tables are all there: nothing is left to do."""
        tables = self.path / "tables"
        return self.manifest["status"] == "finished" and all(
            (tables / f"{name}.parquet").exists() for name in self.manifest["tables"]
        )

    def note(self, *, wait: bool = True, **fields: Any) -> None:
        """Put JSON-able fields into the manifest, which is replaced as a whole; with `wait`, it is on disk then."""
        self.manifest.update(fields)
        _replace(self.path / MANIFEST, json.dumps(self.manifest, indent=2, allow_nan=False) + "\n", wait)

    def finish(self, tables: Mapping[str, Mapping[str, Any]], *, rounds: int, **fields: Any) -> None:
        """Record that the run is complete: `tables` is what `Recorder.close` returned. Writes the table `runs`."""
        from simlab import content

        final = {**self.manifest, "status": "finished", "rounds": rounds}
        row = runs_row(final)
        _write_parquet(self.path / "tables" / f"runs{content.PARQUET}", row)
        found = {"runs": {"rows": 1, "sha256": content.sha256(row)}, **tables}
        self.note(status="finished", rounds=rounds, seconds=self.seconds, **fields, tables=found)

    @property
    def seconds(self) -> float:
        """Wall time that the run has taken so far, those starts included after which it did not finish."""
        return round(self._earlier + time.monotonic() - self.began, 3)


@contextmanager
def open_run(directory: Path | str, manifest: Mapping[str, Any], scenario: str = "") -> Iterator[OpenRun]:
    """The folder of a run, created and locked until the block ends.

    `manifest` says at least run, scenario (its name), seed, days, world, version and parameters (JSON-able);
    `scenario` is the text of the resolved scenario file. The same run again is taken up where it stands; if it is
    complete, `finished` is true and nothing is written. A block left by an exception marks the run failed, one
    left by Ctrl-C or without `finish` interrupted.

    Raises InvalidInput, before anything is written, if the folder belongs to another run or to something else,
    cannot be written, or is in use by a run under way.
    """
    path = Path(directory)
    _require_own(path, str(manifest["run"]))
    with _locked(path):
        before = _require_own(path, str(manifest["run"]))
        opened = OpenRun(path, before or {})
        if not (before and opened.finished):
            opened.manifest = {"format": FORMAT, **manifest, "status": "running", "rounds": 0, **_circumstances()}
            opened.manifest |= {"tables": {}, "seconds": opened.seconds}
            opened.note()
            _replace(path / SCENARIO, scenario)
        try:
            yield opened
        except Exception as error:
            _close(opened, "failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            _close(opened, "interrupted")


def _close(opened: OpenRun, status: str, error: str = "") -> None:
    """Say how a run ended that did not finish; a full disk must not hide the error that led here."""
    if opened.manifest["status"] == "running":
        with suppress(OSError):
            opened.note(status=status, seconds=opened.seconds, error=error)


def _circumstances() -> dict[str, Any]:
    """What may differ between two runs of the same hash."""
    return {
        "host": platform.node(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "process": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": None,
    }


def _require_own(path: Path, run: str) -> dict[str, Any] | None:
    """The manifest of the same run in this folder, None if it is new or empty; else InvalidInput."""
    if path.exists() and not path.is_dir():
        raise InvalidInput(Problem("is a file, not a folder", "choose another --out", path))
    if not (path / MANIFEST).exists():
        others = sorted(p.name for p in path.iterdir() if not _is_trace(p.name)) if path.exists() else []
        if others:
            what = f"holds other files ({', '.join(others[:3])}{', …' if len(others) > 3 else ''})"
            raise InvalidInput(Problem(what, "choose another --out, or an empty folder", path))
        return None
    found = read_manifest(path)
    if found["run"] != run:
        what = f"holds another run (scenario {found.get('scenario')!r}, seed {found.get('seed')}, {found['status']})"
        raise InvalidInput(Problem(what, "choose another --out, or delete this folder", path))
    return found


def _is_trace(name: str) -> bool:
    """Whether a run that was killed at its very beginning may have left this behind."""
    return name == LOCK or name.endswith(".part")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created if need be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = _acquired(path, patience=1.0)
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be written: {error.strerror}", "choose another --out", path)) from error
    if lock is None:
        raise InvalidInput(Problem("a run is under way in this folder", "wait for it, or choose another --out", path))
    try:
        yield
    finally:
        lock.release()


def _acquired(path: Path, patience: float) -> FileLock | None:
    """The folder's lock, or None if it stays taken for `patience` seconds; those who merely look hold it an instant."""
    lock = FileLock(path / LOCK, blocking=False)
    until = time.monotonic() + patience
    while True:
        try:
            lock.acquire()
            return lock
        except Timeout:
            if time.monotonic() >= until:
                return None
            time.sleep(0.01)


def _replace(path: Path, text: str, wait: bool = True) -> None:
    """Write a text file so that readers see the old or the new content, whatever happens in between; with `wait`, even
    if the power fails, for which a disk may first write down all the rows that others have given it."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if wait:
            os.fsync(file.fileno())
    part.replace(path)


def _write_parquet(path: Path, rows: pa.Table) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(exist_ok=True)
    part = path.with_name(path.name + ".part")
    pq.write_table(rows, part, compression="zstd")
    part.replace(path)


def runs_row(manifest: Mapping[str, Any]) -> pa.Table:
    """The table `runs` of one run."""
    import pyarrow as pa

    from simlab import content

    row = {name: manifest[name] for name in TABLES["runs"].names}
    row["parameters"] = json.dumps(row["parameters"], ensure_ascii=False)
    return pa.Table.from_pylist([row], schema=content.schema(TABLES["runs"]))


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest in a run's folder; InvalidInput if it is none or from a later version of simlab."""
    file = path / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not {"format", *TABLES["runs"].names} <= set(found):
            raise ValueError
    except (OSError, ValueError, TypeError) as error:
        problem = Problem("is not the manifest of a simlab run", "see whether the path is right", file)
        raise InvalidInput(problem) from error
    if found["format"] > FORMAT:
        raise InvalidInput(Problem("was written by a later version of simlab", "update simlab", file))
    return dict(found)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of this folder."""
    try:
        lock = _acquired(path, patience=0.03) if (path / LOCK).exists() else None
    except OSError:  # a folder nobody can write
        return False
    if lock is not None:
        lock.release()
    return lock is None and (path / LOCK).exists()
