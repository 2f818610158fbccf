"""Charts drawn by matplotlib, which the extra `report` brings: as figures for notebooks, SVG and PNG.

The same numbers give the same file, byte for byte: no date, no random identifiers, no settings of the user's own. Only
this file and those that draw import matplotlib, when there is something to draw.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Problem
from simlab.report.figures.chart import FAINT, INK, PAPER, SOFT, WIDTH, Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.grid": False,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans", "sans-serif"],  # comes with matplotlib, so that widths are the same everywhere
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.facecolor": "auto",
    "svg.fonttype": "none",
    "svg.hashsalt": "simlab",
    "text.color": INK,
    "text.parse_math": False,  # names may hold dollars
    "xtick.color": SOFT,
    "xtick.labelsize": 8.5,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}
_DPI = 200
_OUTER = re.compile(r"<svg\b[^>]*?\bviewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)
_NAMED = re.compile(r"(\bid=\"|\bhref=\"#|url\(#)")


def require_matplotlib() -> None:
    """Raise InvalidInput, saying how to install it, where matplotlib is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise InvalidInput(
            Problem(f"figures need a package: {error}", "pip install 'simlab[report]'"),
        ) from error


@contextmanager
def _styled() -> Iterator[None]:
    """Settings of the house, on matplotlib's own and not on the user's; glyphs that the font lacks are no news."""
    require_matplotlib()
    from matplotlib import style

    with warnings.catch_warnings(), style.context(["default", _STYLE]):
        warnings.simplefilter("ignore")
        yield


def drawn(chart: Chart) -> Figure:
    """A chart as matplotlib's Figure, which notebooks show and `savefig` writes."""
    with _styled():
        figure = _figure(chart)
        figure.draw_without_rendering()  # ticks come to be in the style of the house
    return figure


def _figure(chart: Chart) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, chart.height), layout="constrained")
    chart.draw(figure)
    return figure


def png(chart: Chart) -> bytes:
    """A chart as a PNG of 200 dots an inch."""
    file = io.BytesIO()
    with _styled():
        _figure(chart).savefig(file, format="png", dpi=_DPI, metadata={"Software": None, "Title": chart.title})
    return file.getvalue()


def svg(chart: Chart) -> str:
    """A chart as one <svg> element with a title and a description, to stand in a page or, as it is, in a file."""
    file = io.BytesIO()
    with _styled():
        _figure(chart).savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode()
    outer = _OUTER.search(text)
    assert outer is not None  # matplotlib writes it
    inner = text[outer.end() :].strip()
    inner = re.sub(r"<metadata>.*?</metadata>\s*", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", inner, count=1, flags=re.DOTALL)
    inner = _NAMED.sub(lambda found: f"{found[0]}{chart.name}-", inner)  # unlike those of other figures of the page
    named = f"{chart.name}-title"
    said = f'<title id="{named}">{escape(chart.title)}</title><desc id="{chart.name}-desc">{escape(chart.says)}</desc>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{outer[1]}" '
        f'stroke-linejoin="round" role="img" aria-labelledby="{named} {chart.name}-desc">\n{said}\n{inner}\n'
    )


# ---- what several figures are drawn with --------------------------------------------------------------------------


def rows_of(axes: Axes, names: list[str]) -> None:
    """A row for each name, from the top; no axis line or ticks at their side, a faint line under each."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y")


def beside(axes: Axes, said: str, at: tuple[float, float], points: tuple[float, float], size: float = 8.5) -> None:
    """Words beside what they are about, so many points to the right of it and above it."""
    right, up = points
    across = "left" if right > 0 else "right" if right < 0 else "center"
    along = "bottom" if up > 0 else "top" if up < 0 else "center"
    axes.annotate(said, at, points, textcoords="offset points", ha=across, va=along, fontsize=size)


def ring(axes: Axes, x: float | Sequence[float], at: float | Sequence[float], size: float = 6.0) -> None:
    """Hollow dots."""
    axes.plot(x, at, "o", color=PAPER, markeredgecolor=INK, markeredgewidth=0.9, markersize=size)


def interval(axes: Axes, low: float, high: float, at: float, colour: str) -> None:
    """A line from the lower to the upper end of an interval, in a row."""
    if low == low and high == high:
        axes.plot([low, high], [at, at], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
