"""A page of blocks as HTML: one file without scripts, which asks nothing of any network.

Names and texts of users are escaped, their unseen characters are made visible, and <bdi> keeps their direction of
writing to themselves.
"""

from __future__ import annotations

import base64
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Problem
from simlab.names import visible
from simlab.report.figures.canvas import require_matplotlib, svg
from simlab.report.figures.chart import BLUE, FAINT, GREEN, INK, PAPER, PINK, RED, SOFT, Chart, Numbers
from simlab.report.layout import NOTHING
from simlab.report.page.blocks import Page

if TYPE_CHECKING:
    from markupsafe import Markup

_VARIABLES = {
    INK: "ink", SOFT: "soft", FAINT: "faint", PAPER: "paper", BLUE: "blue", RED: "red", GREEN: "green", PINK: "pink",
}  # fmt: skip
_COLOUR = re.compile("|".join(_VARIABLES) + r"(?![0-9a-f])")
_ISOLATED = re.compile("\u2068(.*?)\u2069", re.DOTALL)
_MOST_BYTES = 256 * 1024  # of a table within the page; larger ones are written by --figures only


def html(page: Page) -> str:
    """The page. Raises InvalidInput, saying how to install them, where Jinja or matplotlib is missing."""
    require_matplotlib()
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise InvalidInput(Problem(f"reports need a package: {error}", "pip install 'simlab[report]'")) from error
    places = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    places.filters |= {"said": _said, "plain": plain, "inline": _inline, "cell": _cell, "csv": _link}
    places.tests["number"] = _is_number
    return places.get_template("page.html").render(page=page)


def plain(text: object) -> str:
    """A text without marks of direction and with unseen characters made visible: for titles and attributes."""
    return visible(_ISOLATED.sub(r"\1", str(text))).replace("\ufffe", "").replace("\uffff", "")


def csv(numbers: Numbers) -> str:
    """A table of a report as CSV, with all digits."""
    return str(numbers.frame.to_csv(index=False, lineterminator="\n"))


def _said(text: object) -> Markup:
    """A sentence, escaped; names within it in <bdi>."""
    from markupsafe import Markup, escape

    parts = _ISOLATED.split(str(text))
    shown = (Markup("<bdi>{}</bdi>").format(plain(p)) if i % 2 else escape(plain(p)) for i, p in enumerate(parts))
    return Markup("").join(shown)


def _inline(chart: Chart) -> Markup:
    """A figure as an <svg> whose colours follow the page's."""
    from markupsafe import Markup

    return Markup(_COLOUR.sub(lambda found: f"var(--{_VARIABLES[found[0]]})", svg(chart)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> Markup:
    """A cell of a table: a number to four digits, a text escaped."""
    from markupsafe import Markup

    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Markup(NOTHING)
    if _is_number(value):
        whole = float(value).is_integer() and abs(value) < 1e15
        return Markup(f"{value:,.0f}" if whole or abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")
    return Markup("<bdi>{}</bdi>").format(plain(value))


def _link(numbers: Numbers) -> str:
    """A table as a link that holds it; empty for large ones."""
    data = csv(numbers).encode()
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(data).decode()}" if len(data) <= _MOST_BYTES else ""
