"""Section: what each party came to prefer, as ρ with the guideline's author and with users, first round → last."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape

from simlab.hierarchy import Hierarchy
from simlab.report.layout import NOTHING, change, noted, number, table
from simlab.report.summary_screen.selection import (
    named,
    of_model,
    parties,
)

if TYPE_CHECKING:
    from simlab.runs.loading import Run


def preferences(run: Run, model: str) -> RenderableType:
    """How far those who have a part in a model agree with its guideline and with users' intent, first round → last."""
    maker = str(of_model(run, model).corporation.iloc[0])
    references = [name for name in (maker, *(name for name, _ in parties(run, "users")[:1])) if name]
    titles = [f"ρ with {name}" for name in references]
    made = table(f"What each party came to prefer{named(run, model)}", ["", "", *titles, "prefers now"])
    part = involved(run, model)
    for name, party in parties(run):
        if name in part:
            agreement = [NOTHING if name == o else change(*_rho(run, model, name, o)) for o in references]
            wins = _wins(run, model, name)
            made.add_row(escape(name), str(party.get("kind", "")).replace("_", " "), *agreement, wins)
    return noted(
        made,
        "ρ: correlation of preferences among responses to one prompt; of people, what they value, and not yet what "
        "they mark. Prefers now: share of the last round's responses it likes better than those of round 0.",
    )


def involved(run: Run, model: str) -> set[str]:
    """The model, everyone above it, and whoever audits those; less whom the run was without."""
    edges = [(r["principal"], r["agent"]) for r in json.loads(run.runs.parameters.iloc[0]).get("relations", [])]
    names = [name for name, _ in parties(run)]
    rows = run.alignment[run.alignment.order == 1]
    measured = {*rows.a, *rows.b}
    above = {model, *Hierarchy(names, edges).above(model)} if edges else set(names)
    return above & measured if len(measured) else above


def _rho(run: Run, model: str, a: str, b: str) -> tuple[float, float]:
    """ρ between two parties in the first and the last measured round of a model."""
    rows = run.alignment[run.alignment.model == model]
    rows = rows[(rows.order == 1) & (((rows.a == a) & (rows.b == b)) | ((rows.a == b) & (rows.b == a)))]
    return (rows.rho.iloc[0], rows.rho.iloc[-1]) if len(rows) else (math.nan, math.nan)


def _wins(run: Run, model: str, judge: str) -> str:
    rows = run.win_rate[(run.win_rate.judge == judge) & (run.win_rate.model == model)]
    return number(100 * rows.rate.iloc[-1], ".0f", " %") if len(rows) else NOTHING
