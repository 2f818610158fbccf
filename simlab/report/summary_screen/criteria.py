"""Section: what was asked for, and what the responses are like, criterion by criterion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import change, noted, number, table
from simlab.report.summary_screen.selection import (
    criterion_weights,
    ends,
    has_words,
    named,
    of_model,
)
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run


_ANSWERING = "when it\nanswers"
_BELIEVED = "truthful_believed"
_CALLED = {_BELIEVED: "· believed"}


def criteria(run: Run, model: str) -> RenderableType:
    """Weights asked for, beside what a model's responses are like in the first round and in the last."""
    responses = of_model(run, model)
    weights = criterion_weights(run, responses.corporation.iloc[0])
    first, last = ends(responses)
    parts = _kinds(responses)
    made = table("What was asked for, and what the responses are like" + named(run, model), ["", *weights, *parts])
    for criterion in criteria_names(run, weights):
        asked = [number(by.get(criterion), "g") for by in weights.values()]
        shown = (p for title, p in parts.items() if (criterion, title) != ("answered", _ANSWERING))
        means = [[_mean(rows[part.loc[rows.index]], criterion) for rows in (first, last)] for part in shown]
        cells = [change(before, now) for before, now in means]
        made.add_row(escape(_CALLED.get(criterion, criterion)), *asked, *cells)
    note = f"Weights, and mean scores in round {first['round'].iloc[0]} → {last['round'].iloc[0]}."
    note += " Believed: true by what raters take to be true." if _BELIEVED in criteria_names(run, weights) else ""
    return noted(made, note)


def _kinds(responses: pd.DataFrame) -> dict[str, pd.Series]:
    """Which responses are shown apart, by title: on facts that may be compared and others, and real answers."""
    held, everything = responses.fact_held_out, responses.fact_held_out.notna()
    kinds = {"may be\ncompared": ~held, "never\ncompared": held} if held.any() else {"every prompt": everything}
    return kinds if responses.answered.all() else {**kinds, _ANSWERING: responses.answered}


def criteria_names(run: Run, weights: Mapping[str, Mapping[str, float]]) -> list[str]:
    """`answered` in worlds of words, then the criteria measured, then those only asked for."""
    measured = [c for c in run.responses.columns if not TABLES["responses"].means(c)]
    asked = [c for by in weights.values() for c in by]
    names = list(dict.fromkeys([*(["answered"] if has_words(run) else []), *measured, *asked]))
    if run.responses[_BELIEVED].notna().any():
        names.insert(names.index("truthful") + 1 if "truthful" in names else len(names), _BELIEVED)
    return names


def _mean(rows: pd.DataFrame, column: str) -> float:
    return float(rows[column].mean()) if column in rows and len(rows) else math.nan
