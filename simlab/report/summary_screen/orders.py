"""Section: who judges the judges, how well, and at what cost; a row for each order of judgement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import NOTHING, noted, number, table
from simlab.report.orders import orders

if TYPE_CHECKING:
    from simlab.runs.loading import Run

_HEAD = ["order", "", "", "fidelity", "validity", "95 %", "expected", "judged", "looks", "hours", "USD"]


def judges(run: Run) -> list[RenderableType]:
    """Who judges those who judge, how well, and at what cost."""
    rows = orders(run)
    if rows.empty:
        return []
    made = table("Who judges the judges", _HEAD)
    for r in rows.itertuples():
        interval = NOTHING if math.isnan(r.low) else f"{r.low:.2f} to {r.high:.2f}"
        cost = (number(r.looks, ",.0f"), f"{r.hours:,.1f}", f"{r.pay:,.0f}")
        worth = (number(r.fidelity), number(r.validity), interval, number(r.expected))
        made.add_row(str(r.order), escape(r.principal), escape(f"judges {r.agent}"), *worth, str(r.n), *cost)
    note = (
        "Fidelity: agreement of what is judged with the guideline, 0 for a coin. Validity: correlation of a principal's"
        " scores of its agents with their fidelity; at order 1, of labels with the guideline's. Expected: from the "
        "looks that each agent got, and how the judges themselves judge. Judged: agents, or at order 1 those who rank."
    )
    return [noted(made, note)]
