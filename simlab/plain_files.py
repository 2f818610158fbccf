"""Plain files in folders that anybody may have touched since: how those of a run are opened, and how they are written.

Reading never waits for a pipe or a device. Writing always begins a new file and never follows a link, so nothing that
lies outside of a run's folder, or has another name too, is ever changed. Every error says which file it is about.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import TYPE_CHECKING, Any, BinaryIO

from simlab.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

FREE = 1 << 28  # bytes that whatever is stored may grow to without being asked how large it is
GROWTH = 1000  # how many times its size on disk it may grow to; tables and networks grow to a tenth of that
UNREADABLE = (OSError, ValueError, KeyError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def bound(size: int) -> int:
    """Bytes of memory to which a file of this size may grow when it is read."""
    return max(FREE, GROWTH * size)


@contextmanager
def opened(path: Path, fix: str) -> Iterator[BinaryIO]:
    """A plain file, or a link to one, for reading; `fix` says what to do where it is something else.

    Raises FileNotFoundError if there is none, and InvalidInput for anything but a plain file that can be read.
    """
    try:
        if not S_ISREG(path.stat().st_mode):  # before it is opened, since devices may act on that
            raise InvalidInput(Problem(kind(path), fix, path))
        number = os.open(path, _READING)
    except FileNotFoundError:
        if path.is_symlink():
            raise InvalidInput(Problem("is a link that leads nowhere", fix, path)) from None
        raise
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be read: {error.strerror}", fix, path)) from error
    with open(number, "rb") as file:
        yield file


def kind(path: Path) -> str:
    """What there is instead of a plain file, as a message says it."""
    mode = path.stat().st_mode
    return "is a folder, not a file" if S_ISDIR(mode) else "is a pipe or a device, not a file"


def misplaced(path: Path, folder: bool = False) -> str:
    """What is wrong with what stands where a run writes a file (or has a folder) of its own; empty if nothing is."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if S_ISLNK(mode):
        return "is a link, which would be written through"
    if (S_ISDIR if folder else S_ISREG)(mode):
        return ""
    return "is not a folder" if folder else kind(path)


@contextmanager
def begun(path: Path) -> Iterator[BinaryIO]:
    """A new file of this name, instead of whatever file or link there was."""
    with naming(path):
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            yield file


@contextmanager
def replacing(path: Path, wait: bool = False) -> Iterator[BinaryIO]:
    """A file that takes its place only when the block has ended well: readers see the old content or the new one.

    With `wait`, that holds even if the power fails, for which a disk may first write down all it has been given.
    """
    part = path.with_name(f"{path.name}.part")
    with begun(part) as file:
        yield file
        file.flush()
        if wait:
            os.fsync(file.fileno())
    part.replace(path)


@contextmanager
def saving(path: Path) -> Iterator[BinaryIO]:
    """The same where a user said where to: a device or a pipe, as /dev/stdout, is written into, and stays."""
    if path.exists() and not S_ISREG(path.stat().st_mode):
        with naming(path), path.open("wb") as file:
            yield file
    else:
        with replacing(path) as file:
            yield file


def require_own(path: Path, begins: bytes, option: str = "--out") -> None:
    """Raise InvalidInput where a file is there already and does not begin as those do that are to be written there:
    it is somebody's work, and may well be what has just been read. An empty one is nobody's. `option` names the place.
    """
    if not path.is_file():
        return
    with opened(path, "name a file") as file:
        found = file.read(len(begins))
    if found and found != begins:
        what = "is there already, and is no earlier file of this kind, which could be replaced"
        raise InvalidInput(Problem(what, f"choose another {option}, or move it away", path))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an error of the system, such as that of a full disk, say which file it is about."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def arrays(file: BinaryIO) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The arrays in an `.npz` file. ValueError if they say they are larger than they can be, or one of `UNREADABLE`."""
    import numpy as np

    with zipfile.ZipFile(file) as packed:
        grown = sum(part.file_size for part in packed.infolist())
    if grown > bound(size := file.seek(0, 2)):
        raise ValueError(f"its {size:,} bytes say they hold {grown:,}")
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        yield stored
