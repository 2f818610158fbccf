"""A study's arms compared, for `simlab compare STUDY`: differences of every outcome, with intervals and tests."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.errors import InvalidInput, Problem
from simlab.measures.paired import MOST_SEEDS
from simlab.names import clip
from simlab.report.effects import effects, spelled
from simlab.report.layout import NOTHING, between, measured, noted, number, spaced, table
from simlab.report.records import records

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns


COLUMNS = {
    "outcome": "the study's name for it",
    "less": "the value of the base, which is subtracted: the first",
    "mean": "the difference, mean over seeds",
    "se": "its standard error",
    "low": "lower end of its 95 % interval by Student's t; NaN of one seed",
    "high": "upper end of the same",
    "boot_low": "lower end of its 95 % interval by bootstrap (BCa) over seeds",
    "boot_high": "upper end of the same",
    "p": "chance of a difference so large if there is none, by the t-test of paired differences",
    "n": "seeds (of one seed: points of the design)",
    "p_holm": "p adjusted by Holm over the arms of an outcome",
    "seeds": "how many seeds would make an interval of mean ± half_width",
}


def compare_arms(study: StudyRuns, by: str | None = None, half_width: float | None = None) -> pd.DataFrame:
    """The differences of a study's outcomes to the first arm (see `report.effects.effects`). `by` is what tells arms
    apart: arm (the default), form, or a setting that varies, by its path or the end of it; with `half_width`, `seeds`
    says how many seeds would make an interval so narrow. `attrs` holds what was compared.

    Raises InvalidInput if no run has ended, nothing is asked of runs, or they do not differ in `by`.
    """
    if not len(study.outcomes) or not study.plan["outcomes"]:
        raise InvalidInput(Problem("has no outcome to compare yet", "run the study, with outcomes:", study.path))
    if half_width is not None and not (isinstance(half_width, Real) and 0 < half_width < math.inf):
        raise InvalidInput(Problem(f"--half-width {half_width}", "give a number above 0, in units of the outcome"))
    found = effects(study, by or "arm", half_width=half_width)
    key = str(found.columns[1])
    units = study.plan.get("units", {})
    found.attrs = {"study": study.plan["name"], "by": key, "half_width": half_width, "units": dict(units)}
    found.attrs["columns"] = {name: COLUMNS.get(name, "what tells arms apart") for name in found}
    return found


def screen(found: pd.DataFrame) -> RenderableType:
    """What `compare_arms` found, for people."""
    about = found.attrs
    base = spelled(found.less.iloc[0])
    head = Text(about["study"], style="bold").append(f"  {about['by']}, to {base}", style="not bold")
    columns = ["", about["by"], "difference", "95 % (t)", "95 % (bootstrap)", "p", "seeds"]
    asked = about["half_width"]
    made = table("Differences", [*columns, *([f"for ± {asked:g}"] if asked else [])])
    for outcome, rows in found.groupby("outcome", sort=False):
        unit = about["units"].get(outcome)
        called = f"{outcome}, {unit}" if unit else str(outcome)
        for row in rows.to_dict("records"):
            made.add_row(*map(escape, [called, clip(spelled(row[about["by"]]), 40), *_cells(row, asked is not None)]))
            called = ""
    alone = _ALONE if len(found) and not found.n.all() else ""
    return Group(*spaced([head, noted(made, _WHAT + alone)]))


_WHAT = (
    "Runs are matched by seed and all else that varies; intervals by Student's t, and by bootstrap (BCa) over seeds;"
    " p adjusted by Holm over the arms of an outcome."
)
_ALONE = " Where there is a dash, no two runs that gave a number are so matched."


def _cells(row: dict[str, Any], asked: bool) -> list[str]:
    student, resampled = (row["low"], row["high"]), (row["boot_low"], row["boot_high"])
    found = [
        measured(row["mean"], "+", student), between(*student), between(*resampled), number(row["p_holm"], ".2g"),
        str(row["n"]),
    ]  # fmt: skip
    seeds = row.get("seeds")
    many = NOTHING if seeds is None or seeds != seeds else f"{seeds:,.0f}{'+' * (seeds >= MOST_SEEDS)}"
    return [*found, *([many] if asked else [])]


def record(found: pd.DataFrame) -> dict[str, Any]:
    """The same as JSON has it."""
    about = {name: value for name, value in found.attrs.items() if name != "columns"}
    return {**about, "differences": records(found)}
