"""What commands write with: the console, tables, and bars of progress on stderr."""

from __future__ import annotations

import builtins
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from simlab.names import visible

Progress = Callable[[str, float, float, float], None]  # stage, day, days, share of the stage done


NARROWEST, WIDEST = 60, 400  # columns that screens are laid out for; on fewer, tables would lose cells
_UNSAID = 140  # columns where nobody says how many there are


def print(*texts: object, end: str = "\n") -> None:
    """Print what people read, every character of it visible, whoever chose the names in it; JSON stays as it is."""
    said = " ".join(map(str, texts))
    builtins.print(said if getattr(sys.stdout, "json", False) else visible(said), end=end)


def console(*, stderr: bool = False) -> Any:
    """stdout for people, or stderr; wide where no terminal says how wide it is."""
    from simlab.report.layout import Screen

    stream = sys.stderr if stderr else sys.stdout
    wide = None if stderr else width() or _UNSAID  # bars ask the terminal again and again
    return Screen(getattr(stream, "fit", str), stderr=stderr, width=wide)


def width() -> int | None:
    """Columns of the terminal, within reason, or None where nobody says."""
    said = os.environ.get("COLUMNS", "").isdecimal() or sys.stdout.isatty()
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST)) if said else None


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]], title: str | None = None) -> None:
    """A table of texts, each shown as it is."""
    from rich.markup import escape
    from rich.table import Column, Table

    columns = [Column(escape(name), overflow="fold") for name in head]
    table = Table(*columns, title=title and escape(title), title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console().print(table, "")


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for things that are counted, on stderr while it is a terminal; None otherwise."""
    if not _watched():
        yield None
        return
    from rich.progress import Progress as Bars

    with Bars(console=console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar for the days and one for the stage, on stderr while it is a terminal; None otherwise."""
    if quiet or not _watched():
        yield None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console(stderr=True), transient=True) as bars:
        clock, stage = bars.add_task("simulated days", total=None), bars.add_task("", total=1.0)
        current = ""

        def show(name: str, day: float, days: float, share: float) -> None:
            nonlocal current
            if name != current:
                current = name
                bars.reset(stage, description=name, total=1.0)
            bars.update(clock, description=f"day {day:.1f} of {days:g}", completed=day, total=days)
            bars.update(stage, completed=share)

        yield show


def _watched() -> bool:
    """Whether stderr is a terminal that can draw over what it showed."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
