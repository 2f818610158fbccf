"""What all screens are laid out with: tables, notes under them, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from simlab.names import visible

NOTHING = "–"
_ROUNDING = 1e-12  # numbers below are what remains of sums that cancel
_THREE_DECIMALS = 0.005  # numbers below have one figure in three decimals, or none


class Screen(Console):
    """A console on which every character is one that is seen, and one that its stream has: `fit` replaces others.

    That happens before texts are measured, so that columns stay in line whatever names and responses hold.
    """

    def __init__(self, fit: Callable[[str], str], *, stderr: bool, width: int | None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, emoji=False)
        self._fit = fit

    def render_str(self, text: str, **options: Any) -> Text:
        return self._fitted(super().render_str(visible(text), **options))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        return super().render(self._fitted(renderable) if isinstance(renderable, Text) else renderable, options)

    def _fitted(self, text: Text) -> Text:
        """The text itself, if it can be shown as it is; else a copy that can, in the same styles."""
        if self._fit(visible(text.plain)) == text.plain:
            return text
        made = text.blank_copy()
        for part in text.render(self):
            made.append(self._fit(visible(part.text)), part.style)
        return made


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


def measured(value: float | None, sign: str = "", ends: Sequence[float] = ()) -> str:
    """A number of any size, or a dash where there is none; in two figures where it and the `ends` of its interval
    are too small for three decimals."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if small(value, *ends):
        return number(value, f"{sign}.2g")
    return number(value, f"{sign},.0f" if abs(value) >= 1000 else f"{sign}.3f")


def between(low: float, high: float, form: str = "") -> str:
    """An interval, in figures of one form; or a dash."""
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    largest = max((abs(end) for end in (low, high) if not math.isinf(end)), default=0.0)
    form = form or (",.0f" if largest >= 1000 else ".2g" if small(low, high) else ".3f")
    return " to ".join(measured(end) if math.isinf(end) else number(end, form) for end in (low, high))


def small(*values: float) -> bool:
    """Whether three decimals would leave a figure of these at most, and one of them is more than rounding."""
    return _ROUNDING < max((abs(value) for value in values if not math.isnan(value)), default=0.0) < _THREE_DECIMALS
