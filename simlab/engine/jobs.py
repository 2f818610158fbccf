"""Torch computations by content: what was computed once, from the same code and inputs, is never computed again.

A job's key is a hash of its name, the code version, the device and its inputs; a result that is an input of a
later job stands in it by its key, so a run is a chain of keys. This one mechanism gives the cache of base
models, resuming (the clock runs again from zero, finished jobs return at once), and `verify`.
Results are plain arrays in `.npz` files; nothing is pickled. A plugin counts with all it rests on (`footprint`); what
its code opens only while it computes is kept with the result, which is worth nothing once one of those files changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
import platformdirs
from filelock import FileLock
from numpy.typing import NDArray

from simlab import opened_files as reads
from simlab import plain_files
from simlab.components.component import Component, settings
from simlab.components.data_file import DataFile, data_files
from simlab.errors import InvalidInput
from simlab.paths import given
from simlab.provenance import CODE, CONTENT

_LEFT = 86_400.0  # seconds after which a file that was being written has been given up
_LOCKS = "locks"  # the folder of locks, each of all keys that begin alike
Arrays = Mapping[str, NDArray[Any]]
_READS = "reads of plugins"  # beside the arrays of a result: which files plugins opened for it, as JSON


@dataclass(frozen=True, slots=True)
class Result:
    """What a job computed: named arrays, and the key that stands for them in later jobs."""

    key: str
    arrays: Arrays

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


class Store:
    """Results by key in a folder, the least recently used forgotten beyond `limit` bytes.

    A `Store(None)` remembers nothing on disk. The default folder is $SIMLAB_CACHE or the user's cache folder; a user
    who has none does without. Files that are none of a store's own are never forgotten, whatever the folder.
    """

    def __init__(self, folder: Path | None, limit: int = 4 << 30) -> None:
        self.folder = folder
        self.limit = limit

    @classmethod
    def default(cls) -> Store:
        """The store shared by all runs of this user."""
        if named := os.environ.get("SIMLAB_CACHE"):
            return cls(given(named, "SIMLAB_CACHE").absolute())
        try:
            cache = platformdirs.user_cache_dir("simlab")
        except RuntimeError:  # a user without a home, and without an entry in the list of users
            return cls(None)
        return cls(Path(cache) / "jobs" if os.path.isabs(cache) else None)

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored under `key`, or None; a damaged file counts as absent."""
        path = self._path(key)
        if path is None or not path.exists():
            return None
        try:
            with plain_files.opened(path, "") as file, plain_files.arrays(file) as stored:
                arrays = dict(stored)
            os.utime(path)
        except (InvalidInput, *plain_files.UNREADABLE):
            return None
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Store the arrays; a full or read-only disk costs only the memory of them."""
        path = self._path(key)
        if path is None:
            return
        buffer = io.BytesIO()
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix="new-", delete=False) as file:
                file.write(buffer.getvalue())
            os.replace(file.name, path)
        except OSError:
            return

    @contextmanager
    def computing(self, key: str) -> Iterator[None]:
        """While the result of a key is computed: others who want it wait, so that runs side by side that share a past
        compute it once. Where no lock can be had, nobody waits."""
        lock = None
        if self.folder is not None:
            with suppress(OSError):
                (self.folder / _LOCKS).mkdir(parents=True, exist_ok=True)
                lock = FileLock(self.folder / _LOCKS / key[:2])
                lock.acquire()
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / f"{key}.npz"

    def forget(self) -> None:
        """Bring the folder back under its limit; runs do this when they end."""
        if self.folder is None:
            return
        files = list(_sized(self.folder))
        excess = sum(stat.st_size for stat, _ in files) - self.limit
        for stat, path in sorted(files, key=lambda f: (f[0].st_mtime_ns, f[1].name)):
            if excess <= 0:
                return
            with suppress(OSError):
                path.unlink()
            excess -= stat.st_size


def _sized(folder: Path) -> Iterator[tuple[os.stat_result, Path]]:
    """The files of a store; one that another run has forgotten meanwhile is passed over, and so is one that another
    run is writing now."""
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        with suppress(OSError):
            stat = path.lstat()
            left = path.name.startswith("new-") and time.time() - stat.st_mtime > _LEFT
            if S_ISREG(stat.st_mode) and (left or re.fullmatch(f"{path.parent.name}[0-9a-f]{{62}}\\.npz", path.name)):
                yield stat, path


class Jobs:
    """Runs jobs, or remembers that it has. `ran` and `remembered` count them."""

    def __init__(self, store: Store, device: str) -> None:
        self.store = store
        self.device = device
        self.ran = 0
        self.remembered = 0

    def run(self, function: Callable[..., Arrays], **inputs: Any) -> Result:
        """The arrays `function(**inputs, device=…)` returns, computed now or earlier.

        Inputs may be numbers, strings, arrays, mappings, lists, `Result`s (handed over as their arrays, also from
        within mappings and lists), and pydantic components (by name, parameters and the contents of the plugins that
        define their classes). A callable input named `progress` is passed on and does not count.
        """
        key = self.key(function, inputs)
        if (known := self._known(key, inputs)) is not None:
            return known
        with self.store.computing(key):
            known = self._known(key, inputs)  # a run beside this one may have computed it meanwhile
            return known if known is not None else self._computed(key, function, inputs)

    def _known(self, key: str, inputs: Mapping[str, Any]) -> Result | None:
        """What is remembered of a job; None if nothing is, or a file changed since that plugins opened for it."""
        found = self.store.get(key)
        noted = _unchanged(found, _code_files(inputs)) if found is not None else None
        if found is None or noted is None:
            return None
        self.remembered += 1
        found.pop(_READS, None)
        return Result(_with_reads(key, noted), found)

    def _computed(self, key: str, function: Callable[..., Arrays], inputs: Mapping[str, Any]) -> Result:
        _one_thread()
        handed = {n: _handed(v) for n, v in inputs.items()}
        with reads.noting() as opened:
            found = {n: np.asarray(a) for n, a in function(**handed, device=self.device).items()}
        noted = [(reader, file, reads.digest(file)) for reader, files in opened.items() for file in sorted(files)]
        self.store.put(key, {**found, _READS: _written(noted)} if noted else found)
        self.ran += 1
        return Result(_with_reads(key, noted), found)

    def key(self, function: Callable[..., Arrays], inputs: Mapping[str, Any]) -> str:
        """The content address of a job."""
        described = {n: _describe(v) for n, v in inputs.items() if n != "progress"}
        name = f"{function.__module__}.{function.__qualname__}"
        text = json.dumps([name, code_version(), self.device, described], sort_keys=True, allow_nan=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _one_thread() -> None:
    """Sums depend on how many threads share them; and a process per core is faster than two threads in one."""
    import torch

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def _handed(value: Any) -> Any:
    """A job input as the job gets it: results as their arrays."""
    if isinstance(value, Result):
        return value.arrays
    if isinstance(value, Mapping):
        return {name: _handed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_handed(part) for part in value]
    return value


def _describe(value: Any) -> Any:
    """A JSON-able stand-in for a job input that is equal exactly when the input is."""
    if isinstance(value, Result):
        return ["result", value.key]
    if isinstance(value, np.ndarray):
        plain = np.ascontiguousarray(value)
        return ["array", plain.dtype.str, list(plain.shape), hashlib.sha256(plain.tobytes()).hexdigest()]
    if isinstance(value, Mapping):
        return {str(k): _describe(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_describe(v) for v in value]
    if isinstance(value, DataFile):
        return ["file", value.sha256]
    if hasattr(value, "model_dump"):
        said = settings(value) if isinstance(value, Component) else value.model_dump(mode="json")
        files = [file.sha256 for _, file in data_files(value)]  # of which only the names are said
        return [type(value).__qualname__, said, [_code(c) for c in type(value).__mro__], *([files] if files else [])]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a job cannot take a {type(value).__name__}")


def _written(noted: list[tuple[str, str, str]]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(noted).encode(), dtype=np.uint8)


def _unchanged(found: Arrays, code: Set[str]) -> list[tuple[str, str, str]] | None:
    """What plugins opened when a result was computed, as (code file, file, SHA-256), if all of it is as it was.

    None if a file changed since, or if the code that opened it is no part of the plugins the result is now wanted of:
    another copy of a project has other files.
    """
    noted = [(r, f, d) for r, f, d in json.loads(found[_READS].tobytes())] if _READS in found else []
    if any(reader not in code or reads.digest(file) != sha256 for reader, file, sha256 in noted):
        return None
    for reader, file, _ in noted:
        reads.report_opened({reader: {file}})
    return noted


def _with_reads(key: str, noted: list[tuple[str, str, str]]) -> str:
    """What stands for a result in later jobs: its key, and the contents of what plugins opened for it."""
    contents = sorted(sha256 for _, _, sha256 in noted)
    return hashlib.sha256("".join([key, *contents]).encode()).hexdigest() if noted else key


def _code_files(value: Any) -> frozenset[str]:
    """The files of code that is one's own of all plugins in a job's inputs."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return frozenset().union(*map(_code_files, value))
    if not hasattr(value, "model_dump"):
        return frozenset()
    own = [vars(cls).get(CODE, frozenset()) for cls in type(value).__mro__]
    return frozenset().union(*own, *(_code_files(part) for part in vars(value).values()))


def _code(cls: type) -> str:
    """The content hash of the plugin that defines a class, as imported; of its file, where it is of no plugin."""
    return str(vars(cls).get(CONTENT) or _file_hash(_source(cls)))


def _source(cls: type) -> str:
    return getattr(sys.modules[cls.__module__], "__file__", None) or ""


def _file_hash(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""


COMPUTING = (
    "nets",
    "machines",
    "components",
    "consequences",
    "worlds",
)  # packages whose code decides what a job returns


@cache
def code_version() -> str:
    """A hash of the sources whose change would change a job's result, and of torch's version."""
    from importlib.metadata import version

    house = Path(__file__).parent.parent
    files = sorted(file for room in COMPUTING for file in (house / room).rglob("*.py"))
    digest = hashlib.sha256(f"torch {version('torch')} numpy {version('numpy')}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
