"""What a study found: outcomes of each arm, differences between arms matched by seed, and verdicts on hypotheses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.errors import InvalidInput, Problem
from simlab.measures.paired import Effect, adjusted, effect, seeds_needed
from simlab.names import suggestion

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
NUMBERS = ("mean", "se", "low", "high", "boot_low", "boot_high", "p", "n")
PLAIN = tuple(name for name in NUMBERS if not name.startswith("boot"))  # a screen has no room for more, nor time


def summaries(study: StudyRuns, by: str = "arm", told: Sequence[str] = NUMBERS) -> pd.DataFrame:
    """A row for each outcome and value of `by` (a column of `study.outcomes`): mean over runs, with intervals; of these
    numbers, those that are to be `told`."""
    import pandas as pd

    rows = study.outcomes
    by = column_of(rows, by)
    found = [
        {"outcome": name, by: value, **numbers(effect(by_seed(part, name)), told)}
        for name in study.plan["outcomes"]
        for value, part in rows.groupby(by, sort=False, dropna=False)
    ]
    return pd.DataFrame(found, columns=["outcome", by, *told])


def effects(
    study: StudyRuns,
    by: str = "arm",
    base: Any = None,
    half_width: float | None = None,
    told: Sequence[str] = NUMBERS,
) -> pd.DataFrame:
    """A row for each outcome and value of `by` (arm, form, or a setting that varies) but the base, which is the first
    unless one is given: the difference to the base, with intervals (of these numbers, those that are to be `told`), and
    p-values that Holm's correction has adjusted for all of an outcome's arms.

    Differences are taken between runs that are alike in seed and in all else that varies, and averaged within a seed.
    With `half_width`, `seeds` says how many seeds would make the interval so narrow. Raises InvalidInput if there is
    no such column or base.
    """
    import pandas as pd

    rows = study.outcomes
    by = column_of(rows[["arm", "form", *study.varied]], by)
    values = list(rows[by].drop_duplicates())
    if len(values) < 2:
        raise InvalidInput(Problem(f"all runs have the same {by}", "give a column in which they differ"))
    base = values[0] if base is None else base
    others = [value for value in values if not _same(value, base)]
    if len(others) == len(values):
        raise InvalidInput(Problem(f"no run has {by} {base!r}", suggestion(str(base), [str(v) for v in values[:20]])))
    found = []
    for name in study.plan["outcomes"]:
        each = [effect(differences(study, name, by, value, base)) for value in others]
        for value, one, p in zip(others, each, adjusted([one.p for one in each]), strict=True):
            row = {"outcome": name, by: value, "less": base, **numbers(one, told), "p_holm": p}
            if half_width is not None:
                row["seeds"] = seeds_needed(one.se, one.n, half_width) if one.n > 1 else None
            found.append(row)
    columns = ["outcome", by, "less", *told, "p_holm", *(["seeds"] if half_width is not None else [])]
    return pd.DataFrame(found, columns=columns)


def differences(study: StudyRuns, outcome: str, by: str, value: Any, base: Any) -> list[float]:
    """The outcome where `by` is `value` less that where it is `base`, one number a seed; one a point of the design
    where there is one seed only."""
    return list(matched(study, outcome, by, value, base).astype(float))


def matched(study: StudyRuns, outcome: str, by: str, value: Any, base: Any) -> pd.Series[float]:
    """The same, by seed (or by seed and point of the design)."""
    rows = study.outcomes
    apart = {"arm", "form", *study.solved} if by in ("arm", "form") else {by, *study.solved}
    keys = ["seed", *(key for key in ("form", *study.varied) if key not in apart)]
    if by == "arm":  # arms are points of the design themselves
        keys = ["seed"] if not _same_points(study, value, base) else keys
    one, other = (rows[_at(rows[by], wanted)].groupby(keys, dropna=False)[outcome].mean() for wanted in (value, base))
    change = (one - other).dropna()
    if len(study.plan["seeds"]) < 2 or change.index.nlevels == 1:
        return change
    return change.groupby(level="seed").mean()


def _at(column: pd.Series[Any], wanted: Any) -> pd.Series[bool]:
    """Which rows have this value; one that is missing, as null is, is a value like others."""
    return column.isna() if _missing(wanted) else column == wanted


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) or (_missing(value) and _missing(other))


def _missing(value: Any) -> bool:
    return value is None or value != value


def spelled(value: Any) -> str:
    """A value by which arms are told apart, as text; one that is missing as a scenario says it."""
    return "null" if _missing(value) else str(value)


def _same_points(study: StudyRuns, value: Any, base: Any) -> bool:
    arms = {arm["name"]: {**arm["levers"], **arm["uncertainties"]} for arm in study.plan["arms"]}
    return bool(arms.get(value) == arms.get(base))


def verdicts(study: StudyRuns, told: Sequence[str] = NUMBERS) -> pd.DataFrame:
    """A row for each hypothesis: the difference it is about with its interval, and whether the whole interval lies
    beyond the margin (supported), none of it does (not supported), or neither (undecided)."""
    import pandas as pd

    found = []
    forms = list(dict.fromkeys(arm["form"] for arm in study.plan["arms"]))
    first = forms[0] if len(forms) > 1 else study.plan["arms"][0]["name"]
    for hypothesis in study.plan["hypotheses"]:
        arm, less = hypothesis["arm"], hypothesis["less"] or first
        by = "form" if len(forms) > 1 and {arm, less} <= {*forms} else "arm"
        one = effect(differences(study, hypothesis["outcome"], by, arm, less))
        said = hypothesis["says"] or f"{hypothesis['outcome']}: {arm} > {less}"
        row = {"says": said, "outcome": hypothesis["outcome"], "arm": arm, "less": less, "margin": hypothesis["margin"]}
        found.append({**row, **numbers(one, told), "verdict": _verdict(one, hypothesis["margin"])})
    return pd.DataFrame(found, columns=["says", "outcome", "arm", "less", "margin", *told, "verdict"])


def _verdict(found: Effect, margin: float) -> str:
    if found.low > margin:
        return SUPPORTED
    return NOT_SUPPORTED if found.high <= margin else UNDECIDED


def numbers(found: Effect, told: Sequence[str] = NUMBERS) -> dict[str, float]:
    """Its numbers, by column."""
    return {name: getattr(found, name) for name in told}


def by_seed(rows: pd.DataFrame, outcome: str) -> Sequence[float]:
    """One number a seed; where there is one seed only, one a run. A point that a design holds twice is one run made
    twice, which says nothing new."""
    seeds = rows.groupby("seed")[outcome].mean()
    once = rows[(rows.run == "") | ~rows.duplicated("run")]  # of a run that failed early there is no name
    return list(np.asarray(seeds if len(seeds) > 1 else once[outcome], dtype=float))


def column_of(rows: pd.DataFrame, name: str) -> str:
    """The column of that name, or the only one of which it is the end, as wage is of parties.pool.wage. Raises
    InvalidInput if there is none."""
    if name in rows:
        return name
    ends = [str(column) for column in rows.columns if str(column).endswith(f".{name}")]
    if len(ends) != 1:
        raise InvalidInput(Problem(f"no column {name!r}", suggestion(name, ends or list(rows.columns))))
    return ends[0]
