"""Response curves: how an outcome of a study goes with a lever, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.errors import InvalidInput, Problem
from simlab.measures.paired import effect
from simlab.names import suggestion
from simlab.report.effects import NUMBERS, by_seed, column_of, numbers

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns

BINS = 10


def response(study: StudyRuns, lever: str, outcome: str | None = None, bins: int = BINS) -> pd.DataFrame:
    """A row for each outcome (or the one asked for), form of the scenario and value of a numeric `lever`, ascending:
    the outcome's mean over runs there, averaged within seeds, with its 95 % interval over them (over runs, where there
    is one seed), as `report.effects` has them.

    A lever of more values than twice `bins`, as a spread design gives it, is cut into so many parts of equal numbers of
    runs, and the value is the mean of a part. Raises InvalidInput if there is no such lever or outcome, or it is not a
    number.
    """
    import pandas as pd

    rows = study.outcomes
    lever = column_of(rows, lever)
    if not pd.api.types.is_numeric_dtype(rows[lever]) or pd.api.types.is_bool_dtype(rows[lever]):
        raise InvalidInput(Problem(f"{lever} is not a number in this study", "give a setting that varies and is one"))
    asked = list(study.plan["outcomes"])
    if outcome is not None and outcome not in asked:
        raise InvalidInput(Problem(f"there is no outcome {outcome!r}", suggestion(outcome, asked)))
    found: list[dict[str, Any]] = []
    for name in asked if outcome is None else [outcome]:
        for form, part in rows.dropna(subset=[lever]).groupby("form", sort=False):
            for value, at in part.groupby(_places(part[lever], bins)):
                told = {"outcome": name, "form": form, lever: value}
                found.append(told | numbers(effect(by_seed(at, name))))
    return pd.DataFrame(found, columns=["outcome", "form", lever, *NUMBERS])


def _places(values: pd.Series[float], bins: int) -> pd.Series[float]:
    """The value at which each run is shown: its own, or the mean of those in its part."""
    if values.nunique() <= 2 * bins:
        return values
    order = values.rank(method="first").to_numpy() - 1
    part = np.minimum((order * bins / len(values)).astype(int), bins - 1)
    return values.groupby(part).transform("mean")
