"""What all screens are laid out with: tables, notes under them, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

NOTHING = "–"


def spaced(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Parts of a screen, each with an empty line above it."""
    for part in parts:
        yield Padding(part, (1, 0, 0, 0))


def table(title: str, columns: Sequence[str], *, fold: bool = False) -> Table:
    """An empty table; columns after the first are numbers, unless `fold` says that all are texts to be wrapped."""
    made = Table(title=escape(title), title_style="bold", title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for i, column in enumerate(columns):
        text = fold or not i or not column
        made.add_column(escape(column), justify="left" if text else "right", overflow="fold", ratio=1 if fold else None)
    return made


def noted(table: Table, note: str) -> RenderableType:
    """A table with a note under it."""
    return Group(table, Text(note, style="dim"))


def number(value: float | None, form: str = ".2f", unit: str = "") -> str:
    """A number, or a dash where there is none."""
    return NOTHING if value is None or math.isnan(value) else f"{value:{form}}{unit}"


def change(first: float, last: float, form: str = ".2f") -> str:
    """Two numbers as before → now."""
    if math.isnan(first) and math.isnan(last):
        return NOTHING
    return f"[dim]{number(first, form)} →[/dim] {number(last, form)}"


def many(count: int, noun: str) -> str:
    """A number of things: 1 round, 2 rounds."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
