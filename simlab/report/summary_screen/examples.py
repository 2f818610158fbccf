"""Section: what the model says, before and after, to prompts whose scores changed by the typical amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import noted, table
from simlab.report.summary_screen.selection import (
    ends,
    has_words,
    named,
    of_model,
    operative_weights,
)

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run


_EXAMPLES = 3  # prompts for which responses before and after are shown


def examples(run: Run, model: str) -> list[RenderableType]:
    """Responses before and after, for prompts where the most weighty criteria changed: of each, the typical case."""
    if not has_words(run):
        return []
    made = table(f"What the model says{named(run, model)}", ["prompt", "before", "now"], fold=True)
    for row in typical(run, model):
        made.add_row(escape(row["prompt"]), escape(row["response"]), escape(row["response_now"]))
    note = "For each of the weightiest criteria, the prompt whose score in it changed by the median amount."
    return [noted(made, note)] if made.row_count else []


def typical(run: Run, model: str, count: int = _EXAMPLES) -> list[Mapping[str, Any]]:
    """For each of the weightiest criteria in turn, the prompt whose score in it changed by the median amount.

    Prompts unlike those already chosen come first: ones that other criteria speak to, then ones of another force.
    """
    both = _changed(of_model(run, model))
    maker = str(of_model(run, model).corporation.iloc[0])
    weights = operative_weights(run, maker)
    criteria = sorted((c for c in weights if c in both), key=lambda c: (-abs(weights[c]), -both[c].isna().sum()))
    if both.empty or not criteria:
        return []
    both["kind"] = both[criteria].isna().apply(tuple, axis=1)
    found: list[Mapping[str, Any]] = []
    for criterion in criteria * count:
        change = both[f"{criterion}_now"] - both[criterion]
        fit = both.assign(change=change)[(change.abs() > 0) & ~both.prompt.isin([row["prompt"] for row in found])]
        for names in (["kind"], ["kind", "force"]):
            seen = [tuple(row[name] for name in names) for row in found]
            other = fit[[traits not in seen for traits in zip(*(fit[name] for name in names), strict=True)]]
            fit = other if len(other) else fit
        if len(fit) and len(found) < count:
            found.append(fit.sort_values(["change", "prompt", "nth"]).iloc[len(fit) // 2].to_dict())
    return found


def _changed(responses: pd.DataFrame) -> pd.DataFrame:
    """The first round's responses beside the last round's (with `_now`), where they differ."""
    first, last = (frame.assign(nth=frame.groupby(["agent", "prompt"]).cumcount()) for frame in ends(responses))
    both = first.merge(last, on=["agent", "prompt", "nth"], suffixes=("", "_now"))
    return both[both.response != both.response_now].copy()
