"""What simlab says when something is wrong: one clear sentence, where it is, and the likely fix.

Every error a user can cause is a `SimlabError`; the command line prints it without a traceback
and exits with its `exit_code`. Anything else that escapes is a bug of ours.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path


class SimlabError(Exception):
    """Base of every error simlab raises on purpose. `exit_code` is what the command line returns."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an input: where (file, line, column; 1-based, None if there is none), what, and the fix."""

    what: str
    fix: str = ""
    file: Path | str | None = None
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = ": ".join(part for part in (where, self.path, self.what) if part)
        return f"{head} ({self.fix})" if self.fix else head


class InvalidInput(SimlabError):
    """A scenario, plugin, table or command line that cannot be used; carries every `Problem` found."""

    exit_code = 2

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class Mismatch(SimlabError):
    """Two computations that must agree bit for bit did not (exit code 4)."""

    exit_code = 4


class PluginFailed(SimlabError):
    """A plugin raised or returned something impossible while a run was under way."""

    @classmethod
    def raised(cls, who: str, error: Exception) -> PluginFailed:
        """What to say when plugin `who` raised: the error, and the file and line it came from."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
        return cls(f"{who} raised {type(error).__name__}: {error}{where}")
