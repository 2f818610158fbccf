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


def judges(run: Run) -> list[RenderableType]:
    """Who judges those who judge, how well, and at what cost."""
    rows = orders(run)
    if rows.empty:
        return []
    made = table("Who judges the judges", ["order", "", "", "ρ", "95 %", "judged", "hours", "USD"])
    for r in rows.itertuples():
        interval = NOTHING if math.isnan(r.rho) else f"{r.low:.2f} to {r.high:.2f}"
        cost = (f"{r.hours:,.1f}", f"{r.pay:,.0f}")
        whom = f"judges {r.agent}" if r.agent != "vendors" else "judges its vendors"
        made.add_row(str(r.order), escape(r.principal), escape(whom), number(r.rho), interval, str(r.n), *cost)
    note = (
        "ρ: correlation of a principal's scores of its agents with how well each really follows the guideline; at "
        "order 1, of preferences among responses with the corporation's."
    )
    return [noted(made, note)]
