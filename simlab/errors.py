"""What simlab says when something is wrong: one clear sentence, where it is, and the likely fix.

Every error a user can cause is a `SimlabError`; the command line prints it without a traceback
and exits with its `exit_code`. Anything else that escapes is a bug of ours. Messages quote what users, their files
and their plugins said; `presentable` makes any of it fit to be shown, here and nowhere else.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.names import from_here, one_line, shorten, visible, who
from simlab.provenance import is_plugin

MOST_LINES = 40  # of a message
LONGEST_LINE = 2000  # characters; a path may have 255 in each of its parts, and lists of what is known are long
LONGEST_QUOTE = 120  # characters of one value
FAILURES = (Exception, SystemExit)  # that may come out of a plugin: sys.exit in one is to end its call, not our process
_FARTHEST = 20_000  # characters of a line that are looked at for what can be cut
_QUOTE = re.compile(r"""(?<!\w)(['"])((?:\\.|(?!\1)[^\\])*)\1(?!\w)""")
_UNBROKEN = re.compile(rf"[^\s/\\]{{{LONGEST_QUOTE + 40},}}")


def presentable(message: str) -> str:
    """A message as it is shown: every character visible, values and lines clipped in the middle, 40 lines at most."""
    lines = message.split("\n")
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"… and {len(lines) - MOST_LINES + 1:,} lines more"]
    return "\n".join(map(_presentable_line, lines))


def _presentable_line(line: str) -> str:
    line = shorten(visible(line), _FARTHEST)
    if len(line) > LONGEST_QUOTE:
        line = _QUOTE.sub(lambda quote: quote[1] + shorten(quote[2], LONGEST_QUOTE) + quote[1], line)
        line = _UNBROKEN.sub(lambda run: shorten(run[0], LONGEST_QUOTE), line)
    return shorten(line, LONGEST_LINE)


class SimlabError(Exception):
    """Base of every error simlab raises on purpose. `exit_code` is what the command line returns."""

    exit_code = 1

    def __str__(self) -> str:
        return presentable(super().__str__())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an input: where (file, line, column; 1-based, None if there is none), what, and the fix.

    As a string it is one line, whatever names of files and values hold.
    """

    what: str
    fix: str = ""
    file: Path | str | None = None
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = ": ".join(part for part in (where, self.path, self.what) if part)
        return presentable(one_line(f"{head} ({self.fix})" if self.fix else head))


class InvalidInput(SimlabError):
    """A scenario, plugin, table or command line that cannot be used; carries every `Problem` found."""

    exit_code = 2

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class Mismatch(SimlabError):
    """Two computations that must agree bit for bit did not (exit code 4)."""

    exit_code = 4


class StudyFailed(SimlabError):
    """Some runs of a study failed (exit code 3)."""

    exit_code = 3


class PluginFailed(SimlabError):
    """A plugin raised, returned something impossible, or did not come back."""

    @classmethod
    def raised(cls, plugin: str, error: BaseException) -> PluginFailed:
        """What to say when `plugin` raised: the error, and the line of the plugin's own file that led to it."""
        if isinstance(error, PluginFailed):
            return error
        text = " ".join(str(error).split())
        place = _place(error)
        return cls(f"{plugin} raised {type(error).__name__}: {text}" + (f" ({place})" if place else ""))

    @classmethod
    def blamed(cls, error: BaseException) -> PluginFailed | None:
        """The same of whichever plugin's own code an error came through last; None if it came through none."""
        own = [f for f, _ in traceback.walk_tb(error.__traceback__) if is_plugin(f.f_globals.get("__name__", ""))]
        if not own:
            return None
        plugin = own[-1].f_locals.get("self")
        named = (
            who(plugin) if isinstance(getattr(plugin, "kind", None), str) else f"{own[-1].f_code.co_name} of a plugin"
        )
        return cls.raised(named, error)

    @classmethod
    def returned(cls, plugin: Any, what: str, *methods: str) -> PluginFailed:
        """What to say when a component gave something impossible: `what`, and where its own `methods` are defined."""
        where = defined(type(plugin), *methods)
        return cls(f"{who(plugin)} {what}" + (f" ({where})" if where else ""))


@contextmanager
def blaming() -> Iterator[None]:
    """Put an exception that escapes from a plugin's own code, wherever it was called, down to that plugin; sys.exit,
    too."""
    try:
        yield
    except SimlabError:
        raise
    except FAILURES as error:
        blamed = PluginFailed.blamed(error)
        if blamed is None:
            raise
        raise blamed from error


def _place(error: BaseException) -> str:
    """`file:line` of a plugin's own code, where an error came through any, else of where it was raised."""
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [(f, line) for f, line in frames if is_plugin(f.f_globals.get("__name__", ""))] or frames
    return f"{from_here(Path(own[-1][0].f_code.co_filename))}:{own[-1][1]}" if own else ""


def defined(cls: type, *methods: str) -> str:
    """`file:line` of the first of these methods that is not the house's own, else of the class; "" if unknown."""
    for method in methods:
        function = inspect.unwrap(getattr(cls, method, None) or cls)
        code = getattr(function, "__code__", None)
        if code is not None and not function.__module__.startswith("simlab."):
            return f"{from_here(Path(code.co_filename))}:{code.co_firstlineno}"
    try:
        return f"{from_here(Path(inspect.getfile(cls)))}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return ""
