"""Figures: orders of judgement, what they know and what they cost; and whether those dismissed deserved it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.report.figures.canvas import beside, interval, rows_of
from simlab.report.figures.chart import BLUE, GREEN, INK, PAPER, RED, SOFT, Chart, Numbers, isolated, label
from simlab.report.layout import number
from simlab.report.orders import orders as measured

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

_TITLES = {
    "principal": "judge", "agent": "of", "look": "by", "validity": "validity", "low": "95 % from", "high": "to",
    "expected": "validity expected", "looks": "looks at each", "hours": "hours", "pay": "USD",
    "days": "days of looking", "why_nan": "why validity is missing",
}  # fmt: skip
_SHOWN = [
    "order", "principal", "agent", "look", "n", "looks", "fidelity", "validity", "low", "high", "expected", "hours",
    "pay", "why_nan",
]  # fmt: skip
_DECISIONS = ("dismissed_rightly", "dismissed_wrongly", "kept_rightly", "kept_wrongly")


def orders(run: Run) -> Iterator[Chart]:
    """Orders of judgement: fidelity of the judged, validity of the judges, hours and dollars; none if nobody judges
    those who judge."""
    rows = measured(run)
    if rows.empty:
        return
    rows = rows[_SHOWN]
    each = "; ".join(
        f"order {r.order}, {isolated(r.principal)} of {isolated(r.agent)}: fidelity {number(r.fidelity)}, validity "
        f"{number(r.validity)}, {r.hours:,.0f} hours, {r.pay:,.0f} dollars"
        for r in rows.itertuples()
    )
    note = (
        "Order 1 judges responses, 2 those who judge responses, and so on. Fidelity (diamond): agreement of what the "
        "judged do with the guideline, 0 for a coin. Validity (dot, with its 95 % interval within run): correlation of "
        "a judge's scores with that; short line: what was to be expected from so many looks by such judges."
    )
    numbers = Numbers("orders", "Orders of judgement, what each is worth and what it costs", rows, _TITLES)
    height = 1.0 + 0.36 * len(rows)
    yield Chart(numbers, "Who judges the judges", f"{each}.", lambda figure: _draw(figure, rows), height, note)


def _draw(figure: Figure, rows: pd.DataFrame) -> None:
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.7, 1.0]})
    rows_of(left, [f"{r.order}  {label(r.principal, 14)} of {label(r.agent, 14)}" for r in rows.itertuples()])
    for at, row in enumerate(rows.itertuples()):
        interval(left, row.low, row.high, at, BLUE)
        left.plot([row.fidelity], [at], "D", color=PAPER, markeredgecolor=RED, markeredgewidth=1.4, markersize=6)
        left.plot([row.validity], [at], "o", color=BLUE, markersize=6)
        left.plot([row.expected] * 2, [at - 0.3, at + 0.3], color=INK, linewidth=1.4)
        right.barh(at, row.pay, 0.5, color=SOFT)
        beside(right, f"${row.pay:,.0f}, {row.hours:,.0f} h", (max(row.pay, 0.0), at), (3, 0), 8)
    left.axvline(0, color=SOFT, linewidth=0.8)
    left.set_title("validity ●   fidelity ◇", fontsize=9, color=SOFT)
    right.set_title("paid for it", fontsize=9, color=SOFT)
    right.set_xlim(0, 2.3 * max(1.0, float(rows.pay.max())))
    right.set_xticks([])
    right.spines["bottom"].set_visible(False)
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", length=0, labelleft=False)


def decisions(run: Run) -> Iterator[Chart]:
    """Dismissals, right and wrong, and people kept, over the whole run, for each principal that dismissed somebody."""
    rows = run.orders[run.orders.order > 1]
    sums = rows.groupby(["order", "principal", "agent"], sort=True)[list(_DECISIONS)].sum().reset_index()
    sums = sums[sums[["dismissed_rightly", "dismissed_wrongly"]].sum(axis=1) > 0].reset_index(drop=True)
    if sums.empty:
        return
    says = "; ".join(
        f"{isolated(r.principal)} of {isolated(r.agent)}: {r.dismissed_rightly} dismissed rightly, "
        f"{r.dismissed_wrongly} wrongly"
        for r in sums.itertuples()
    )
    note = (
        "Rightly: those among the worst tenth, by fidelity to the guideline, of those who were judged. Who is kept "
        "wrongly, look after look, stands in the numbers."
    )
    titles = {"principal": "judge", "agent": "of"}
    numbers = Numbers("dismissals", "Dismissed and kept, rightly and wrongly", sums, titles)
    title = "Were those dismissed the worst?"
    yield Chart(numbers, title, f"{says}.", lambda figure: _draw_decisions(figure, sums), 0.8 + 0.4 * len(sums), note)


def _draw_decisions(figure: Figure, sums: pd.DataFrame) -> None:
    axes = figure.subplots()
    rows_of(axes, [f"{label(r.principal, 14)} of {label(r.agent, 14)}" for r in sums.itertuples()])
    for at, row in enumerate(sums.itertuples()):
        right, wrong = row.dismissed_rightly, row.dismissed_wrongly
        axes.barh(at, right, 0.55, color=GREEN)
        axes.barh(at, wrong, 0.55, left=right, color=RED, hatch="////", edgecolor="#ffffff00")
        said = f"{right} rightly, {wrong} wrongly"
        beside(axes, said, (right + wrong, at), (4, 0))
    axes.set_xlim(0, 1.7 * float(sums[["dismissed_rightly", "dismissed_wrongly"]].sum(axis=1).max()))
    axes.set_title("dismissed: rightly (plain), wrongly (hatched)", fontsize=9, color=SOFT)
    axes.locator_params(axis="x", integer=True)
