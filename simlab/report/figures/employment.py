"""Figure: who was hired, warned and fired, round by round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.report.figures.canvas import beside
from simlab.report.figures.chart import BLUE, SOFT, Chart, Numbers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

PAST = {"hire": "hired", "warn": "warned", "retrain": "retrained", "promote": "promoted", "demote": "demoted",
        "bonus": "given a bonus", "fire": "fired", "quit": "quit"}  # fmt: skip


def employment(run: Run) -> Iterator[Chart]:
    """What happened to people in each round: those hired after the start, warned, fired …; none if nothing did."""
    happened = run.consequences[run.consequences.kind.isin(list(PAST))]
    if happened.empty:
        return
    rounds = range(int(happened["round"].min()), int(happened["round"].max()) + 1)
    counts = happened.groupby(["kind", "round"], observed=True).size().unstack(fill_value=0)
    kinds = [kind for kind in PAST if kind in counts.index]
    counts = counts.reindex(index=kinds, columns=list(rounds), fill_value=0)
    rows = counts.rename(index=PAST, columns=lambda number: f"round_{number}").reset_index(names="what")
    rows["total"] = counts.sum(axis=1).to_numpy()
    first = int((run.employment.hired <= run.employment.hired.min()).sum()) if len(run.employment) else 0
    each = ", ".join(f"{row.total:,} {row.what}" for row in rows.itertuples())
    says = f"Of {first:,} people at the start and those who came after: {each}."
    numbers = Numbers("employment", "What happened to people, by rounds of training completed", rows)
    note = f"By rounds of training completed. {first:,} people were there at the start."
    title = "Hired, warned, fired"
    yield Chart(numbers, title, says, lambda figure: _draw(figure, counts), 0.7 + 0.55 * len(kinds), note)


def _draw(figure: Figure, counts: pd.DataFrame) -> None:
    panels = figure.subplots(len(counts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (kind, row) in zip(panels, counts.iterrows(), strict=True):
        axes.bar([str(number) for number in counts.columns], row, 0.7, color=BLUE)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_ylim(0, 1.6 * max(1, int(row.max())))
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(PAST[str(kind)], rotation=0, ha="right", va="center")
        for at, number in enumerate(row):
            if number and len(row) <= 24:
                beside(axes, f"{number:,}", (at, number), (0, 1), 8)
    panels[-1].set_xlabel("round", color=SOFT)


def dismissed(run: Run) -> Numbers | None:
    """Those who were fired: when, by whom, why, and how faithful they were, beside the others of their pool then."""
    fired = run.consequences[run.consequences.kind == "fire"]
    if fired.empty:
        return None
    rows = fired[["time", "round", "principal", "agent", "reason", "amount"]].rename(columns={"amount": "score"})
    raters = run.raters
    last = raters.groupby("worker", observed=True).fidelity_guideline.last()
    others = raters[raters.employed].groupby(["employer", "round"], observed=True).fidelity_guideline.mean()
    rows["fidelity"] = rows.agent.map(last)
    pools = rows.agent.str.split(":").str[0]
    rows["fidelity_of_those_there"] = [
        others.get((pool, number), float("nan")) for pool, number in zip(pools, rows["round"], strict=True)
    ]
    titles = {"time": "day", "principal": "by", "agent": "who", "reason": "why"}
    caption = "Who was fired, and how faithful to the guideline they were, beside those employed in their pool"
    return Numbers("fired", caption, rows.reset_index(drop=True), titles)
