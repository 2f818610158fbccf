"""Plugin files on disk: which files are plugins, where they are looked for, and the hash of their contents."""

from __future__ import annotations

import ast
import os
import re
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISDIR

_CONTRACTS = {
    "Component", "Criterion", "RaterPolicy", "Effort", "Review", "Look", "RewardShape", "KLPenalizedReward",
    "GuidelinePolicy", "Combination", "Charter", "Aggregator", "Learner", "ResponseLearner", "Consequence", "World",
    "Logger", "Outcome",
}  # fmt: skip


ENTRIES, DEPTH = 20_000, 16  # looked at in one search, and folders below one another
LINKED = 2_000  # entries looked at behind a link that leads out of the folder that is searched
_NO_PLUGIN = re.compile(r"^[ \t]*#[ \t]*simlab:[ \t]*not a plugin\b", re.MULTILINE | re.IGNORECASE)


class Search:
    """A search for plugin files below a folder. Each folder is visited once, whichever links lead to it.

    Links are followed, but not to a folder that this one lies in; `stopped` has the folders that were not searched to
    their end, each with the reason: too many entries, too deep, or not readable.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stopped: list[tuple[Path, str]] = []
        whole = root.resolve()
        self._seen = {mark for above in whole.parents if (mark := _mark(above)) is not None}
        self._inside = str(whole)
        self._full = False
        self._left = [ENTRIES]  # of the search, and of each link that is being followed, the innermost last

    def files(self) -> list[Path]:
        """Plugin files at or below the root, sorted folder by folder: files, and packages as one plugin each."""
        return list(self._walk(self.root, 0))

    def _walk(self, path: Path, depth: int) -> Iterator[Path]:
        if path.is_file() or (path / "__init__.py").is_file():
            if not says_no_plugin(path):
                yield path
            return
        mark = _mark(path)
        if mark is None or mark in self._seen or (path / "pyvenv.cfg").exists():
            return
        self._seen.add(mark)
        if depth > DEPTH:
            self.stopped.append((path, f"is more than {DEPTH} folders deep, and was not searched"))
            return
        for child in self._children(path):
            if child.is_symlink() and child.is_dir() and not child.resolve().is_relative_to(self._inside):
                yield from self._behind(child, depth)
            else:
                yield from self._walk(child, depth + 1)

    def _behind(self, link: Path, depth: int) -> Iterator[Path]:
        """What is behind a link that leads elsewhere; nothing of it if there is more than anybody keeps of plugins."""
        self._left.append(min(LINKED, self._left[-1]))
        found = list(self._walk(link, depth + 1))
        if self._left.pop() > 0:
            yield from found
        else:
            what = f"is a link to a folder of more than {LINKED:,} files, of which none was taken"
            self.stopped.append((link, f"{what} (link to the folder of the plugins themselves)"))

    def _children(self, folder: Path) -> list[Path]:
        """What a folder holds that may be a plugin or hold one, sorted by name; nothing once enough was looked at."""
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in islice(entries, self._left[-1] + 1)]
        except OSError as error:
            self.stopped.append((folder, f"cannot be searched: {error.strerror}"))
            return []
        if len(names) > self._left[-1]:
            names = names[: self._left[-1]]
            if len(self._left) == 1 and not self._full:
                self._full = True
                self.stopped.append((folder, f"was not searched to its end: there are more than {ENTRIES:,} files"))
        self._left = [max(0, left - len(names)) for left in self._left]
        children = [folder / name for name in sorted(names) if not name.startswith((".", "_"))]
        return [child for child in children if not child.is_file() or _is_source(child)]


def plugin_files(path: Path) -> Iterator[Path]:
    """Plugin files at or below a path, sorted: single files, and folders with an `__init__.py` as one plugin.

    Tests, names that begin with a dot or an underscore, and files that say `# simlab: not a plugin` are passed over.
    """
    yield from Search(path).files()


def _mark(folder: Path) -> tuple[int, int] | None:
    """Which folder this is, by whatever path it was reached; None if it is none, or is out of reach."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino) if S_ISDIR(stat.st_mode) else None


def says_no_plugin(path: Path) -> bool:
    """Whether a plugin file, or the `__init__.py` of a folder, says that it is none: `# simlab: not a plugin`."""
    try:
        text = (path / "__init__.py" if path.is_dir() else path).read_bytes()
    except OSError:
        return False
    return bool(_NO_PLUGIN.search(text.decode("utf-8", errors="replace")))


def _is_source(file: Path) -> bool:
    name = file.name
    return file.suffix == ".py" and not (name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py")


def looks_like_plugin(file: Path) -> bool:
    """Whether a file in a folder of mixed content defines a component or a hook, judged without running it.

    A scenario's folder may hold scripts (even one that runs the scenario), which must not run by the way.
    """
    if not _is_source(file) or file.name.startswith((".", "_")) or not file.is_file():
        return False
    try:
        text = file.read_text(encoding="utf-8")
        body = ast.parse(text).body
    except (OSError, ValueError):
        return False
    except SyntaxError:
        return "simlab" in text  # to be reported as broken
    if _NO_PLUGIN.search(text):
        return False
    return any(_is_component(node) for node in body)


def _is_component(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
        names = {b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "") for b in node.bases}
        return bool(names & _CONTRACTS)
    if not isinstance(node, ast.FunctionDef):
        return False
    marks = {d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in node.decorator_list}
    return node.name.startswith("simlab_") or "reward_shape" in marks


def line_of(error: BaseException, path: Path) -> int | None:
    """The line of the plugin's own file that an error at its import came from, where that is known."""
    line: int | None = getattr(error, "lineno", None)  # of a SyntaxError or a WrongHook
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(str(path)):
            line = frame.lineno
    return line


def reason(error: BaseException, path: Path) -> str:
    """Why a plugin failed, in a line, with the line of the plugin's own file where that is known."""
    line = line_of(error, path)
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {text}"[:300]
