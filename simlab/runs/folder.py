"""The folder of a run while it is written: manifest, lock, status, and the table `runs`.

The folder holds `manifest.json` (what was run, where, and how it ended), `scenario.yaml` (the scenario as it was
resolved), `lock` (held while the run goes on) and `tables/`. The simulation uses `open_run`; `loading` reads.
Imports neither torch nor pandas, and pyarrow only when a run ends.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.runs.manifest import FORMAT, MANIFEST, read_manifest
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

SCENARIO, LOCK = "scenario.yaml", "lock"
_SAID = ("scenario", "seed", "days", "world", "version", "parameters")  # what the same run says of itself each time


class OpenRun:
    """The folder of a run under way. `finished` says that an earlier process has completed the same run."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest
        self.began = time.monotonic()  # or earlier, if work began before the folder was opened
        self._earlier = float(manifest.get("seconds") or 0.0) if manifest.get("status") != "finished" else 0.0
        self._fields: dict[str, tuple[Any, str]] = {}  # what was written last, and how: most of it stays as it is

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
        _replace(self.path / MANIFEST, self._text(), wait)

    def _text(self) -> str:
        """The manifest as JSON, field by field; values that were written before are the same objects still."""
        for name, value in self.manifest.items():
            if name not in self._fields or self._fields[name][0] is not value:
                self._fields[name] = value, json.dumps({name: value}, indent=2, allow_nan=False)[2:-2]
        return "{\n" + ",\n".join(self._fields[name][1] for name in self.manifest) + "\n}\n"

    def finish(self, tables: Mapping[str, Mapping[str, Any]], *, rounds: int, **fields: Any) -> None:
        """Record that the run is complete: `tables` is what `Recorder.close` returned. Writes the table `runs`."""
        import pyarrow.parquet as pq

        from simlab.tables import table_files

        final = {**self.manifest, "status": "finished", "rounds": rounds}
        row = runs_row(final)
        with plain_files.replacing(self.path / "tables" / f"runs{table_files.PARQUET}") as file:
            pq.write_table(row, file, compression="zstd")
        found = {"runs": {"rows": 1, "sha256": table_files.sha256(row)}, **tables}
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
    left by Ctrl-C or without `finish` interrupted; one left by InvalidInput takes back a run that had just begun.

    Raises InvalidInput, before anything is written, if the folder belongs to another run or to something else,
    cannot be written, or is in use by a run under way. What somebody else has written is never removed: whoever holds
    the lock has found nothing but its own run in the folder, and nobody else writes or removes anything there.
    """
    path = given(directory)
    _require_own(path, manifest)
    with _locked(path) as hold:
        before = _require_own(path, manifest)
        opened = OpenRun(path.absolute(), before or {})  # wherever a plugin may go meanwhile
        if not (before and opened.finished):
            _require_plain(path, before)
            opened.manifest = {"format": FORMAT, **manifest, "status": "running", "rounds": 0, **_circumstances()}
            opened.manifest |= {"tables": {}, "seconds": opened.seconds}
            opened.note()
            _replace(path / SCENARIO, scenario)
        try:
            yield opened
        except Exception as error:
            if before is None and isinstance(error, InvalidInput) and _took_back(opened.path):
                hold.leave()
            else:
                _close(opened, "failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            if not hold.left:
                _close(opened, "interrupted")


def _took_back(path: Path) -> bool:
    """Remove what a run has written that turned out to be impossible, and the manifest last; False, and nothing is
    removed, if there is anything else by now, such as what a plugin has written."""
    mine = {path / name for name in (SCENARIO, f"{SCENARIO}.part", f"{MANIFEST}.part")}
    mine |= {file for file in _tables(path) if file.is_file()}
    folders = [path / "tables" / "earlier", path / "tables"]
    if set(path.rglob("*")) - mine - {*folders, path / MANIFEST, path / LOCK}:
        return False
    for file in sorted(mine):
        file.unlink(missing_ok=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
    (path / MANIFEST).unlink(missing_ok=True)
    return True


def _tables(path: Path) -> Iterator[Path]:
    """Every file in which a run may keep rows."""
    for folder in (path / "tables", path / "tables" / "earlier"):
        for name in TABLES:
            yield from (folder / f"{name}{suffix}" for suffix in (".arrows", ".parquet", ".parquet.part"))


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


def _require_own(path: Path, run: Mapping[str, Any]) -> dict[str, Any] | None:
    """The manifest of the same run in this folder, None if it is new or empty; else InvalidInput."""
    try:
        there = sorted(os.listdir(path))
    except FileNotFoundError:
        if path.is_symlink():
            raise InvalidInput(Problem("is a link that leads nowhere", "choose another --out", path)) from None
        there = []
    except NotADirectoryError:
        raise InvalidInput(Problem("is a file, not a folder", "choose another --out", path)) from None
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be read: {error.strerror}", "choose another --out", path)) from error
    if MANIFEST not in there and not os.path.lexists(path / MANIFEST):  # names may move while they are being listed
        others = [name for name in there if not _is_trace(name)]
        if others:
            what = f"holds other files ({', '.join(others[:3])}{', …' if len(others) > 3 else ''})"
            raise InvalidInput(Problem(what, "choose another --out, or an empty folder", path))
        return None
    found = read_manifest(path)
    if found["run"] != run["run"]:
        what = f"holds another run (scenario {found['scenario']!r}, seed {found['seed']}, {found['status']})"
        raise InvalidInput(Problem(what, "choose another --out, or delete this folder", path))
    if changed := [name for name in _SAID if found[name] != json.loads(json.dumps(run[name]))]:
        what = f"is damaged: it says it is of this run, but not the same {changed[0]}"
        raise InvalidInput(Problem(what, "choose another --out, or delete this folder", path / MANIFEST))
    return found


def _is_trace(name: str) -> bool:
    """Whether a run that was killed at its very beginning may have left this behind."""
    return name == LOCK or name.endswith(".part")


def _require_plain(path: Path, before: Mapping[str, Any] | None) -> None:
    """Raise InvalidInput where anything but a plain file or folder stands in the way of what a run is about to write,
    or a finished table of it that cannot be read, with which the new one is to be compared."""
    folders = [path / name for name in ("tables", "tables/earlier", "models")]
    files = [path / f"{name}{suffix}" for name in (MANIFEST, SCENARIO) for suffix in ("", ".part")]
    tables = _tables(path) if lexists(folders[0]) else ()
    for place in (*folders, *files, *tables):  # folders first: nothing can be asked of what is below a bad one
        if what := plain_files.misplaced(place, folder=place in folders):
            raise InvalidInput(Problem(what, "a run is written into plain files and folders; move it away", place))
    for file in _tables(path) if before else ():
        if file.suffix == ".parquet" and file.exists():
            from simlab.tables import table_files

            table_files.require(file, file.stem, str(before["run"]) if before else "")


class _Hold:
    """The lock of a folder, held. `leave` says that the folder is to be gone once it is not."""

    def __init__(self, path: Path, lock: FileLock, made: bool) -> None:
        self.path, self.lock, self.made, self.left = path, lock, made, False

    def leave(self) -> None:
        self.left = True

    def release(self) -> None:
        """Let go of the folder; if it is to be gone, nothing is in it by now but the lock, which goes first: whoever
        waits for it sees that it is no longer the one in its place."""
        if self.left:
            with suppress(OSError):
                (self.path / LOCK).unlink()
                if self.made:
                    self.path.rmdir()
        self.lock.release()


@contextmanager
def _locked(path: Path) -> Iterator[_Hold]:
    """Hold the lock of a folder, which is created if need be."""
    try:
        hold = _held(path)
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be written: {error.strerror}", "choose another --out", path)) from error
    if hold is None:
        raise InvalidInput(Problem("a run is under way in this folder", "wait for it, or choose another --out", path))
    try:
        yield hold
    finally:
        hold.release()


def _held(path: Path, patience: float = 1.0) -> _Hold | None:
    """The folder, made if need be, with its lock held; None if that stays taken for `patience` seconds."""
    until, made = time.monotonic() + patience, False
    while True:
        try:
            path.mkdir(parents=True)
            made = True
        except FileExistsError:
            if not path.is_dir():
                raise InvalidInput(Problem("is a link that leads nowhere", "choose another --out", path)) from None
        try:
            lock = _acquired(path, until)
        except FileNotFoundError:  # whoever made the folder has left it meanwhile
            if time.monotonic() >= until:
                raise
            continue
        return _Hold(path.absolute(), lock, made) if lock else None


def _acquired(path: Path, until: float) -> FileLock | None:
    """The folder's lock, or None if it stays taken until then; those who merely look hold it an instant.

    Whoever leaves a folder removes the lock, too, so a lock that has been had must still be the one in its place.
    """
    file = path / LOCK
    lock = FileLock(file, blocking=False)
    while True:
        with suppress(Timeout), identified(file) as there:
            lock.acquire()
            if there():
                return lock
            lock.release()
        if time.monotonic() >= until:
            return None
        time.sleep(0.01)


@contextmanager
def identified(lock: Path) -> Iterator[Callable[[], bool]]:
    """A question, whether a lock's file is still the one it is now, or is there if it is not there now. It is kept
    open meanwhile, so that no other can be taken for it.

    Raises InvalidInput if it is something else than a file of our own.
    """
    fix = "no run can be begun here; move it away, or choose another --out"
    if what := plain_files.misplaced(lock):
        raise InvalidInput(Problem(what, fix, lock))
    try:
        number = os.open(lock, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        yield lock.exists
        return
    try:
        mine = os.fstat(number)
        if mine.st_size and mine.st_nlink > 1:  # some versions of the lock's library empty the file
            raise InvalidInput(Problem("is a link to a file that holds something", fix, lock))
        yield lambda: lock.exists() and os.path.samestat(mine, lock.stat())
    finally:
        os.close(number)


def _replace(path: Path, text: str, wait: bool = True) -> None:
    with plain_files.replacing(path, wait) as file:
        file.write(text.encode())


def runs_row(manifest: Mapping[str, Any]) -> pa.Table:
    """The table `runs` of one run."""
    import pyarrow as pa

    from simlab.tables import table_files

    row = {name: manifest[name] for name in TABLES["runs"].names}
    row["parameters"] = json.dumps(row["parameters"], ensure_ascii=False)
    return pa.Table.from_pylist([row], schema=table_files.schema(TABLES["runs"]))


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of this folder."""
    try:
        lock = _acquired(path, time.monotonic() + 0.03) if (path / LOCK).exists() else None
    except (OSError, InvalidInput):  # a folder nobody can write, or a lock that is none
        return False
    if lock is not None:
        lock.release()
    return lock is None and (path / LOCK).exists()
