"""What commands write with: the console, tables, and bars of progress on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = Callable[[str, float, float, float], None]  # stage, day, days, share of the stage done


def console() -> Any:
    """stdout for people; wide where no terminal says how wide it is."""
    from rich.console import Console

    return Console(highlight=False, width=None if width() else 140)


def width() -> int | None:
    """Columns of the terminal, or None where nobody says."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]], title: str | None = None) -> None:
    """A table of texts, each shown as it is."""
    from rich.markup import escape
    from rich.table import Column, Table

    columns = [Column(name, overflow="fold") for name in head]
    table = Table(*columns, title=title and escape(title), title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console().print(table, "")


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for things that are counted, on stderr while it is a terminal; None otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar for the days and one for the stage, on stderr while it is a terminal; None otherwise."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
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
