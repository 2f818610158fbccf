"""Which files plugins of one's own open: noted while they are imported, and while a run or a computation goes on.

What is noted is what Python itself is asked to open (`open`, `Path.read_text`, `numpy.load`, `pandas.read_csv`, …) by
a plugin's own code or by a library on its behalf, for reading. What a library opens without Python (Arrow, HDF5,
SQLite), what another process reads, the network, environment variables and the clock are not: nothing that a plugin
reads in such a way is part of what it is, unless it declares the file (`reads` of its class). What a library reads
for itself while it is imported, and whatever lies among the installed packages, does not count either.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
from typing import Any

Noted = dict[str, set[str]]  # files that were opened, by the code file of the plugin that did

_own: set[str] = set()  # files of plugins' own code, as tracebacks name them
_listening: list[Noted] = []  # of the blocks under way, the innermost last
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_hooked = False


def own(files: Mapping[str, object] | set[str]) -> None:
    """From now on, what the code in these files opens is noted."""
    global _hooked
    _own.update(files)
    if not _hooked:  # an audit hook cannot be taken away again; this one returns at once while nobody listens
        _hooked = True
        sys.addaudithook(_opened)


@contextmanager
def noting() -> Iterator[Noted]:
    """What plugins of one's own open during the block; of blocks within blocks, the outer ones learn it too."""
    noted: Noted = {}
    _listening.append(noted)
    try:
        yield noted
    finally:
        _listening.pop()
        if _listening:
            report_opened(noted)


def report_opened(noted: Noted) -> None:
    """Let the block under way know what was opened elsewhere, as when a remembered computation was made."""
    if _listening:
        for reader, files in noted.items():
            _listening[-1].setdefault(reader, set()).update(files)


def digest(path: Path | str) -> str:
    """SHA-256 of a file as it is now; "" if there is no such regular file, or it cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def digests(noted: Noted) -> dict[str, str]:
    """SHA-256 by path of all files that were opened and are still there."""
    files = sorted({file for each in noted.values() for file in each})
    return {file: found for file in files if (found := digest(file))}


def changed(before: Mapping[str, str]) -> list[str]:
    """Which of these files, given with their SHA-256, are no longer what they were."""
    return [file for file, sha256 in before.items() if digest(file) != sha256]


@cache
def _places() -> tuple[str, ...]:
    """Where Python's own library and simlab itself lie."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    return tuple(f"{os.path.realpath(path)}{os.sep}" for path in [*paths, os.path.dirname(__file__)])


@cache
def installed(path: str) -> bool:
    """Whether a file is of an installed package, of Python's library or of simlab, and not one's own."""
    parts = path.split(os.sep)
    if "site-packages" in parts or "dist-packages" in parts:
        return True
    return path.startswith(_places()) or os.path.realpath(path).startswith(_places())


def _opened(event: str, args: tuple[Any, ...]) -> None:
    """The audit hook; what it raised would hinder the opening, so it raises nothing."""
    if event != "open" or not _listening or not _own:
        return
    path, mode, flags = args
    if not isinstance(path, str | bytes | os.PathLike) or _writes(mode, flags):
        return
    try:
        file = os.path.abspath(os.fsdecode(path))
        source = source_from_cache(file) if file.endswith(".pyc") else file
        reader = _reader(sys._getframe(1), source.endswith(".py"))
        if reader and source != reader and not source.startswith(_SYSTEM) and not installed(source):
            _listening[-1].setdefault(reader, set()).add(source)
    except (OSError, ValueError):
        return


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wxa")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_CREAT))


def _reader(frame: FrameType | None, code: bool) -> str:
    """The file of the plugin's own code that is opening something; "" if it is simlab, or an import, that does.

    An import counts where it opens code of one's own: that is how modules are found whose names are made up.
    """
    importing = False
    while frame is not None:
        file = frame.f_code.co_filename
        if file in _own:
            return file if code or not importing else ""
        importing = importing or file.startswith("<frozen importlib")
        if not importing and frame.f_globals.get("__name__", "").partition(".")[0] == "simlab":
            return ""
        frame = frame.f_back
    return ""
