"""Section: who judges the judges, how well, and at what cost; a row for each order of judgement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import noted, number, table
from simlab.report.orders import orders

if TYPE_CHECKING:
    from simlab.runs.loading import Run

OWN_OPINION = ("", "gold")  # looks that hold work against what the judge itself says
_HEAD = ["", "judge", "of", "n", "fidelity", "validity", "expected", "USD"]


def judges(run: Run) -> list[RenderableType]:
    """Who judges those who judge, how well, and at what cost."""
    rows = orders(run)
    if rows.empty:
        return []
    made = table("Who judges the judges", _HEAD)
    for r in rows.itertuples():
        found = number(r.validity) if math.isnan(r.low) else f"{r.validity:.2f} ±{(r.high - r.low) / 2:.2f}"
        worth = (number(r.fidelity), found, number(r.expected))
        judge = r.principal if r.look in OWN_OPINION else f"{r.principal}, by {r.look}"
        made.add_row(str(r.order), escape(judge), escape(r.agent), str(r.n), *worth, f"{r.pay:,.0f}")
    note = (
        "By order of judgement: 1 judges responses. By peers, by double_work, …: how it looks, where not by gold or an"
        " opinion of its own. n: agents judged; at order 1, those who judge. Fidelity: agreement of what the judged do"
        " with the guideline, 0 for a coin. Validity: correlation of a judge's scores with that, and half its 95 %"
        " interval; at order 1, of labels with the guideline's. Expected: from looks at each, and how the judges"
        " themselves judge."
    )
    return [noted(made, note)]
