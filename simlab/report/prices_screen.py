"""The price of an order: a section of a study's screen, and part of its JSON object."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import between, measured, noted, number, table
from simlab.report.prices import prices
from simlab.report.records import plain, records

if TYPE_CHECKING:
    from simlab.runs.loading import StudyRuns


def section(study: StudyRuns) -> RenderableType:
    """What each order of judgement is worth and costs, and at which depth it is worth nothing."""
    found = prices(study)
    head = ["", "order", "with it", "95 %", "p", "$ for it", "95 %", "$ a point", "95 %"]
    made = table("The price of an order", head)
    for name, rows in found.groupby("outcome", sort=False):
        called = str(name)
        for row in rows.to_dict("records"):
            made.add_row(
                escape(called), escape(f"{row['order']} ({row['depth']})"), measured(row["change"], "+"),
                between(row["low"], row["high"]), number(row["p_holm"], ".2g"), number(row["dollars"], ",.0f"),
                between(row["dollars_low"], row["dollars_high"], ",.0f"), number(row["per_point"], ",.0f"),
                between(row["per_point_low"], row["per_point_high"], ",.0f"),
            )  # fmt: skip
            called = ""
    turning = _turning(found.attrs["depth"], int(found.depth.max()))
    return noted(made, " ".join([_WHAT, *turning, _law(found.attrs["law"])]))


_WHAT = (
    "Each order's worth is what is lost without it, seed by seed under the same draws; $ are of labor, a point is a"
    " hundredth (Fieller's interval)."
)


def _turning(depths: Mapping[str, Mapping[str, float]], deepest: int) -> list[str]:
    """Of each outcome, the order that is worth nothing."""

    def said(depth: float) -> str:
        return f"order {depth:.0f}" if depth <= deepest else "none"

    found = []
    for outcome, at in depths.items():
        if not math.isnan(at["depth"]):
            ends = f" (95 %: {said(at['low'])} to {said(at['high'])})" if not math.isnan(at["low"]) else ""
            found.append(f"The first worth nothing for {outcome}: {said(at['depth'])}{ends}.")
    return found


def _law(law: Mapping[str, Any]) -> str:
    if law["why_nan"]:
        return f"The law control.depth says nothing here: {law['why_nan']}."
    return (
        f"By the law control.depth (Williamson 1967) {law['best']:.1f} levels are best; there are {law['levels']}"
        f" (each passes on {law['alpha']:.2f}, span {law['span']:.1f}, wages {law['beta']:.2f} times those below)."
    )


def record(study: StudyRuns) -> dict[str, Any]:
    """The same as JSON has it."""
    found = prices(study)
    depth = {outcome: plain(at) for outcome, at in found.attrs["depth"].items()}
    return {"prices": records(found), "depth": depth, "control.depth": plain(found.attrs["law"])}
