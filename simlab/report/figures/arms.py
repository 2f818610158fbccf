"""Figures of studies: outcomes of each arm and effects, with every seed shown, and response curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from simlab.report.effects import column_of, differences, effects, spelled, summaries
from simlab.report.figures.canvas import beside, interval, ring, rows_of
from simlab.report.figures.chart import (
    BLUE,
    INK,
    SOFT,
    Chart,
    Numbers,
    digits,
    folded,
    isolated,
    label,
    listed,
    suffixed,
)
from simlab.report.layout import small

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simlab.runs.loading import StudyRuns

MOST_ARMS, _MOST_POINTS, _FEWEST = 24, 16, 2
_TITLES = {
    "low": "95 % from", "high": "to", "boot_low": "bootstrap 95 % from", "boot_high": "to", "se": "standard error",
    "p_holm": "p (Holm)", "n": "seeds", "less": "less that of",
}  # fmt: skip
_EACH = "Small rings: one seed each. Dot and line: mean with its 95 % interval over seeds (Student's t)."
Panel = tuple[str, Sequence[tuple[str, Sequence[float], dict[str, Any]]]]  # title; of each row name, seeds, numbers


def outcomes(study: StudyRuns) -> Iterator[Chart]:
    """Outcomes by arm, every seed shown; none where there are too many arms to be told apart, or no run has ended."""
    names = [arm["name"] for arm in study.plan["arms"]]
    if not study.plan["outcomes"] or study.outcomes.empty or len(names) > MOST_ARMS:
        return
    rows, found = summaries(study), study.outcomes
    panels: list[Panel] = []
    for outcome in study.plan["outcomes"]:
        part = {r["arm"]: r for r in rows[rows.outcome == outcome].to_dict("records")}
        each = [(arm, list(found[found.arm == arm][outcome].dropna()), part[arm]) for arm in names if arm in part]
        panels.append((called(study, outcome), each))
    numbers = Numbers("outcomes", "Outcomes by arm: mean over seeds with intervals", rows, _TITLES)
    says = f"Mean and 95 % interval by arm. {_spoken(panels)}"
    yield _chart(numbers, "Outcomes of each arm", says, panels, _EACH)


def effect_plots(study: StudyRuns, by: str = "arm", base: Any = None) -> Iterator[Chart]:
    """Differences to the base (the first arm unless one is given), every seed shown; none where there is one arm or
    too many. Raises InvalidInput if there is no such column or base."""
    by = column_of(study.outcomes, by)
    values = list(study.outcomes[by].drop_duplicates())
    if not study.plan["outcomes"] or study.outcomes.empty or not 2 <= len(values) <= MOST_ARMS:
        return
    rows = effects(study, by, base)
    panels: list[Panel] = []
    for outcome in study.plan["outcomes"]:
        part = rows[rows.outcome == outcome].to_dict("records")
        each = [(spelled(r[by]), differences(study, outcome, by, r[by], r["less"]), r) for r in part]
        panels.append((called(study, outcome), each))
    less = spelled(rows["less"].iloc[0])
    numbers = Numbers("effects", f"Differences to {label(less, 60)}, with intervals and p-values", rows, _TITLES)
    note = f"Differences to {isolated(less)}, between runs of the same seed, which share random draws. {_EACH}"
    says = f"Differences to {isolated(less)}, mean and 95 % interval. {_spoken(panels)}"
    yield _chart(numbers, "Effects", says, panels, note, zero=True)


def called(study: StudyRuns, outcome: str) -> str:
    """An outcome with its unit."""
    unit = study.plan.get("units", {}).get(outcome)
    return f"{outcome}, {unit}" if unit else outcome


def _spoken(panels: Sequence[Panel]) -> str:
    return " ".join(
        f"{isolated(title)}: "
        + "; ".join(
            f"{isolated(n)} {_short(r['mean'])} ({_short(r['low'])} to {_short(r['high'])})" for n, _, r in each
        )
        + "."
        for title, each in panels
    )


def _short(value: float) -> str:
    return digits(value, ",.0f" if abs(value) >= 100 else ".2g" if small(value) else ".3f")


def _chart(numbers: Numbers, title: str, says: str, panels: Sequence[Panel], note: str, *, zero: bool = False) -> Chart:
    rows = sum(len(each) for _, each in panels)
    height = 0.4 + 0.62 * len(panels) + 0.34 * rows
    return Chart(numbers, title, says, lambda figure: _draw(figure, panels, zero), height, note)


def _draw(figure: Figure, panels: Sequence[Panel], zero: bool) -> None:
    heights = [len(each) + 0.6 for _, each in panels]
    all_axes = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axes, (title, each) in zip(all_axes, panels, strict=True):
        rows_of(axes, [folded(name) for name, _, _ in each])
        axes.set_title(label(title, 60))
        if zero:
            axes.axvline(0, color=SOFT, linewidth=1.0)
        for at, (_, seeds, row) in enumerate(each):
            ring(axes, seeds, [at - 0.2] * len(seeds), 4.5)
            interval(axes, row["low"], row["high"], at + 0.12, BLUE)
            axes.plot([row["mean"]], [at + 0.12], "o", color=BLUE, markersize=6)
            if not math.isnan(row["mean"]):
                said = _short(row["mean"])
                beside(axes, said, (row["mean"], at + 0.12), (0, -5), 8)
        axes.margins(x=0.1)
        axes.locator_params(axis="x", nbins=6)


# ---- response curves ----------------------------------------------------------------------------------------------


def curves(study: StudyRuns) -> Iterator[Chart]:
    """For each setting that varies in numbers, two of them at least: outcomes by its value."""
    if not study.plan["outcomes"] or study.outcomes.empty:
        return
    for key in study.varied:
        values = study.outcomes[key].dropna()
        numeric = len(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if numeric and values.nunique() >= _FEWEST:
            yield _curve(study, key)


def _curve(study: StudyRuns, key: str) -> Chart:
    rows = summaries(study, by=key).sort_values(["outcome", key], kind="stable").reset_index(drop=True)
    found = study.outcomes.assign(**{key: study.outcomes[key].astype(float)})
    others = [other for other in study.varied if other != key]
    says = " ".join(
        f"{isolated(called(study, outcome))} by {isolated(key)}: "
        + "; ".join(f"at {r[key]:g} {_short(r['mean'])}" for r in part.head(_MOST_POINTS).to_dict("records"))
        + "."
        for outcome, part in rows.groupby("outcome", sort=False)
    )
    if rows.n.max() < 2:
        note = "Rings: one run each."
    else:
        note = "Rings: one run each. Line and band: mean over seeds with its 95 % interval (Student's t)."
    if others:
        note += f" Also varied: {listed(others)}; means are over all their values."
    names = list(study.plan["outcomes"])
    numbers = Numbers(suffixed("curve", key, True), f"Outcomes by {label(key, 80)}", rows, _TITLES)

    def draw(figure: Figure) -> None:
        for axes, outcome in zip(figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0], names, strict=True):
            _draw_curve(axes, found[[key, outcome]], rows[rows.outcome == outcome], key)
            axes.set_title(label(called(study, outcome), 60))
        axes.set_xlabel(label(key, 60))

    return Chart(numbers, f"Response to {label(key, 60)}", says, draw, 0.6 + 1.5 * len(names), note, key)


def _draw_curve(axes: Axes, runs: pd.DataFrame, means: pd.DataFrame, key: str) -> None:
    if len(means) <= _MOST_POINTS:
        known = means.dropna(subset=["low", "high"])
        axes.fill_between(known[key].astype(float), known.low, known.high, color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(means[key].astype(float), means["mean"], "o-", color=BLUE, markersize=5)
    axes.plot(runs.iloc[:, 0], runs.iloc[:, 1], "o", color="none", markeredgecolor=INK, markersize=4)
    axes.grid(axis="y")
    axes.margins(x=0.06, y=0.1)
