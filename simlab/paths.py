"""Paths as people give them: where a `~` leads, and names that are no text.

Whatever takes a path from a person (the command line, Python, a scenario file, the environment) asks `given`, so that
no two libraries come to differ about what it means: Arrow, for one, would follow a `~` that Python takes for a name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from simlab.errors import InvalidInput, Problem
from simlab.names import clip


def given(path: Path | str, named: str = "") -> Path:
    """The path that is meant, with a `~` or `~name` at its beginning as the home folder of whoever that is.

    `named` is what gave it, as in "SIMLAB_CACHE", for messages. A `~name` of nobody stays as it is, as in a shell.
    Raises InvalidInput where there is no home folder, or no current one for a path that starts there, for a path that
    is not text in UTF-8 or holds a null byte, which not every message and library could repeat, and for what is none.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        what = f"{clip(repr(path), 60)} is no path"
        raise InvalidInput(Problem(what, "give one, as a text or a pathlib.Path", named or None)) from None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        escaped = os.fsencode(text).decode("utf-8", "backslashreplace")
        raise _refused(named, escaped, "is not a path in UTF-8", "rename it, or choose another") from None
    if "\0" in text:
        raise _refused(named, text.replace("\0", "\\0"), "holds a null byte", "give the path of a file or folder")
    if not text.startswith("~"):
        if not os.path.isabs(text):
            here()
        return Path(text)
    found = os.path.expanduser(text)
    if found.startswith("~") and text.split(os.sep)[0] == "~":
        fix = "write the path out, or set HOME"
        raise _refused(named, text, "nobody knows where the home folder ~ is", fix)
    return Path(found) if not found.startswith("~") else here() / found


def here() -> Path:
    """The current folder; InvalidInput if it has been deleted under our feet."""
    try:
        return Path.cwd()
    except OSError as error:
        what = f"the current folder cannot be found: {error.strerror}"
        raise InvalidInput(Problem(what, "cd to a folder that is there", os.environ.get("PWD"))) from None


def in_full(path: Path) -> Path:
    """A path from the root on, if the current folder is still there."""
    try:
        return path.absolute()
    except OSError:
        return path


@contextmanager
def staying() -> Iterator[None]:
    """A block after which the current folder is what it was, whatever a plugin has made of it."""
    try:
        before = os.getcwd()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            if os.getcwd() != before:
                os.chdir(before)


def _refused(named: str, path: str, what: str, fix: str) -> InvalidInput:
    return InvalidInput(Problem(what, fix, f"{named}={path}" if named else path))


def listed(named: Sequence[Path | str] | Path | str) -> list[Path | str]:
    """What was named as one or several: a text is one, and not its letters."""
    return [named] if isinstance(named, Path | str) else list(named)
