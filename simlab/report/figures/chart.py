"""What a figure of a report is: its numbers, what it shows in words, and how to draw it. No library of plots is needed
to make one; `canvas` draws it.

Colours are those of Okabe & Ito (2008, "Color universal design"), whichever kind of colour vision a reader has; of
theirs, those that stand out from white by 3:1 at least. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

from simlab.names import clip, one_line, shorten
from simlab.report.layout import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

INK, SOFT, FAINT, PAPER = "#1b1b1f", "#5f6368", "#d9dce1", "#ffffff"  # text, notes and axes, grid, ground
BLUE, RED, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#c471a0"
COLOURS = (BLUE, RED, GREEN, PINK)
WIDTH = 4.7  # inches: as wide as a phone at the size of text in which it is drawn
_FSI, _PDI = "\u2068", "\u2069"  # keep a name's direction of writing to itself


@dataclass(frozen=True)
class Numbers:
    """A table of a report: its name (of the file, too), what it says, and a heading for each column where the column's
    own name will not do."""

    name: str
    caption: str
    frame: pd.DataFrame
    titles: Mapping[str, str] = field(default_factory=dict)

    def title(self, column: str) -> str:
        """The heading of a column."""
        return self.titles.get(column, column.replace("_", " "))


@dataclass(frozen=True)
class Chart:
    """A figure: what it is called, what is seen in it (for those who do not see it), the numbers drawn, how it is
    drawn into an empty figure, how high that is in inches, what is to be read under it, and the model or setting it is
    of, where there may be several."""

    numbers: Numbers
    title: str
    says: str
    draw: Callable[[Figure], None]
    height: float
    note: str = ""
    of: str = ""

    @property
    def name(self) -> str:
        """The name of its files."""
        return self.numbers.name


def label(text: object, width: int = 22) -> str:
    """A name as it stands in a figure: on one line, without characters that are not seen, clipped."""
    return clip(one_line(str(text)).replace("\ufffe", "").replace("\uffff", ""), width)


def digits(value: float | None, form: str = ".2f") -> str:
    """A number as it stands in a figure, with a minus that is one, and none before 0; a dash where there is none."""
    said = number(value, form)
    return said.replace("-", "" if not said.strip("-+0.,") else "−")


def folded(text: object, width: int = 20) -> str:
    """A name on two lines where it is long; a very long one is cut in its middle, since names of arms differ there
    least."""
    return "\n".join(wrap(shorten(label(text, 1000), 2 * width - 2), width)[:2])


def isolated(text: object, width: int = 200) -> str:
    """A name within a sentence, which does not change the direction in which its neighbours are written."""
    return f"{_FSI}{label(text, width)}{_PDI}"


def listed(names: Iterable[object]) -> str:
    """Names in a sentence: a, b and c."""
    *first, last = [isolated(name) for name in names] or ["nobody"]
    return f"{', '.join(first)} and {last}" if first else last


def about(words: str, of: str, several: bool) -> str:
    """A title or caption, with the model it is of where there are several."""
    return f"{words}: {label(of, 60)}" if several else words


def suffixed(name: str, of: str, several: bool) -> str:
    """The name of a figure of which there are several, as ladder-lm; letters of any script, and no others."""
    safe = "".join(sign if sign.isalnum() else "-" for sign in of)
    return f"{name}-{safe[:60]}" if several else name
