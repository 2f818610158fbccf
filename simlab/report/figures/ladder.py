"""Figures: the hierarchy as a ladder, with ρ on every rung and what it loses beside it; and the same as a waterfall."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.report.figures.canvas import beside, rows_of
from simlab.report.figures.chart import (
    BLUE,
    GREEN,
    INK,
    PINK,
    RED,
    SOFT,
    Chart,
    Numbers,
    about,
    digits,
    isolated,
    label,
    suffixed,
)
from simlab.report.layout import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

_LINK = ("principal", "agent", "rho", "rho_first", "loss", "noise", "bias", "reliability", "share", "why_nan")
_TITLES = {
    "agent": "level",
    "principal": "level above",
    "rho": "ρ with the level above",
    "rho_first": "ρ with the first level",
    "loss": "loss (nats)",
    "noise": "noise (nats)",
    "bias": "bias (nats)",
    "share": "share of losses",
    "why_nan": "why a number is missing",
}


def models(run: Run) -> list[str]:
    """The models whose way from users was measured."""
    return list(dict.fromkeys(run.waterfall.model))


def ladders(run: Run) -> Iterator[Chart]:
    """For each model, the ladder of its last round: ρ of each level with the one above, loss, noise and bias."""
    for model in models(run):
        links, whole = _links(run, model)
        if links.rho.notna().any():
            yield _ladder(model, links, whole, several=len(models(run)) > 1)


def waterfalls(run: Run) -> Iterator[Chart]:
    """For each model, losses of the links of its way added up, what went another way, and the whole."""
    for model in models(run):
        links, whole = _links(run, model)
        if links.loss.notna().any():
            yield _waterfall(model, links, whole, several=len(models(run)) > 1)


def _links(run: Run, model: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The links of a model's way in the last round, and the row of the whole way."""
    rows = run.waterfall[run.waterfall.model == model]
    rows = rows[rows["round"] == rows["round"].max()]
    links = rows[rows.place > 0].sort_values("place")
    first = str(links.principal.iloc[0])
    links = links.assign(rho_first=[_rho(run, model, first, str(agent)) for agent in links.agent])
    return links[list(_LINK)].reset_index(drop=True), rows[rows.place == 0].iloc[-1].to_dict()


def _rho(run: Run, model: str, first: str, level: str) -> float:
    """ρ of a level with the first one in the last round, where the level is one party."""
    rows = run.alignment[(run.alignment.model == model) & (run.alignment.order == 1)]
    rows = rows[((rows.a == first) & (rows.b == level)) | ((rows.b == first) & (rows.a == level))]
    return float(rows.rho.iloc[-1]) if len(rows) else math.nan


# ---- the ladder ---------------------------------------------------------------------------------------------------


def _ladder(model: str, links: pd.DataFrame, whole: dict[str, Any], *, several: bool) -> Chart:
    first, last = str(links.principal.iloc[0]), str(links.agent.iloc[-1])
    each = "; ".join(f"{isolated(r.agent)} {number(r.rho)}" for r in links.itertuples())
    worst = links.loc[links.loss.idxmax()] if links.loss.notna().any() else None
    says = (
        f"From {isolated(first)} down to {isolated(last)}, ρ of each level with the level above: {each}. "
        f"From end to end ρ is {number(whole['rho'])}."
    )
    if worst is not None and worst.loss > 0:
        says += f" Most is lost between {isolated(worst.principal)} and {isolated(worst.agent)}: {worst.loss:.3f} nats."
    note = "ρ: correlation of two parties' preferences among responses to one prompt. Loss: −ln ρ, in nats."
    split = links.noise.notna().any()
    note += (
        " Noise would vanish with ever more agents or labels at that level, bias would not."
        if split
        else " Noise and bias were not told apart in this run (waterfall.redraw)."
    )
    caption = about("Each level, its agreement with the level above and what it loses", model, several)
    numbers = Numbers(suffixed("ladder", model, several), caption, links, _TITLES)
    title = about("The ladder, and what each level passes on", model, several)
    return Chart(numbers, title, says, lambda figure: _draw_ladder(figure, links), 1.0 + 0.52 * len(links), note, model)


def _draw_ladder(figure: Figure, links: pd.DataFrame) -> None:
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.1, 1.0]})
    levels = [str(links.principal.iloc[0]), *map(str, links.agent)]
    left.set_axis_off()
    left.set_xlim(0, 1)
    left.set_ylim(len(levels) - 0.6, -0.5)
    for x in (0.02, 0.98):
        left.plot([x, x], [-0.3, len(levels) - 0.7], color=SOFT, linewidth=2.5, solid_capstyle="round")
    for place, name in enumerate(levels):
        left.plot([0.02, 0.98], [place, place], color=SOFT, linewidth=2.5, solid_capstyle="butt")
        left.text(0.06, place - 0.08, label(name, 26), ha="left", va="bottom", weight="bold")
    for place, rho in enumerate(links.rho):
        left.text(0.94, place + 0.5, f"ρ {digits(rho)}", ha="right", va="center", fontsize=10)
    left.set_title("level, and ρ with the one above", color=SOFT, fontsize=9)
    _losses(right, links)


def _losses(axes: Axes, links: pd.DataFrame) -> None:
    """Bars of loss between the rungs: noise and bias, or the whole where they were not told apart."""
    for place, row in enumerate(links.itertuples()):
        at = place + 0.5
        if math.isnan(row.noise) or math.isnan(row.bias):
            axes.barh(at, row.loss, 0.42, color=SOFT)
        else:
            axes.barh(at, row.noise, 0.42, color=BLUE)
            axes.barh(at, row.bias, 0.42, left=max(row.noise, 0.0), color=RED, hatch="////", edgecolor="#ffffff00")
        end = max(row.loss, row.noise, 0.0) if not math.isnan(row.noise) else max(row.loss, 0.0)
        said = "undefined" if math.isnan(row.loss) else digits(_zero(row.loss), ".3f")
        beside(axes, said, (0.0 if math.isnan(end) else end, at), (4, 0))
    top = max(0.0, float(links.loss.max(skipna=True)) if links.loss.notna().any() else 0.0)
    axes.set_xlim(min(0.0, 1.3 * float(links[["noise", "bias"]].min(axis=None, skipna=True) or 0.0)), 1.3 * top or 1.0)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_xlabel("loss, nats")
    split = bool(links.noise.notna().any())
    axes.set_title("loss: noise (plain), bias (hatched)" if split else "loss", color=SOFT, fontsize=9)


# ---- the waterfall ------------------------------------------------------------------------------------------------


def _waterfall(model: str, links: pd.DataFrame, whole: dict[str, Any], *, several: bool) -> Chart:
    steps = _steps(links, whole)
    total = number(whole["loss"], ".3f")
    each = "; ".join(f"{isolated(r.step)} {number(r.loss, '.3f')}" for r in steps.iloc[:-1].itertuples())
    says = f"Losses in nats, one after the other: {each}. The whole way loses {total}."
    note = (
        "Links' losses add up from left to right; the side channel is what the whole loses more than its links, or less"
        " (to the left)."
    )
    titles = {"loss": "loss (nats)", "from": "from (nats)", "to": "to (nats)", "share": "share of losses"}
    numbers = Numbers(
        suffixed("waterfall", model, several), about("Losses added up along the way", model, several), steps, titles
    )
    title = about("Where alignment is lost", model, several)
    return Chart(
        numbers, title, says, lambda figure: _draw_waterfall(figure, steps), 0.75 + 0.32 * len(steps), note, model
    )


def _steps(links: pd.DataFrame, whole: dict[str, Any]) -> pd.DataFrame:
    """A row for each link, the side channel and the whole, with where each begins and ends; steps from an undefined
    loss on begin nowhere."""
    import pandas as pd

    rows, at = [], 0.0
    for link in links.itertuples():
        rows.append({"step": f"→ {link.agent}", "loss": link.loss, "from": at, "to": at + link.loss})
        at += link.loss
    side = -whole["side_channel"]
    rows.append({"step": "side channel", "loss": side, "from": at, "to": at + side})
    name = f"{links.principal.iloc[0]} to {whole['agent']}"
    rows.append({"step": name, "loss": whole["loss"], "from": 0.0, "to": whole["loss"]})
    return pd.DataFrame(rows).assign(share=[*links.share, whole["share"] - 1, whole["share"]])


def _draw_waterfall(figure: Figure, steps: pd.DataFrame) -> None:
    axes = figure.subplots()
    rows_of(axes, [label(name, 26) for name in steps.step])
    last = len(steps) - 1
    for place, row in enumerate(steps.to_dict("records")):
        start, loss, end = row["from"], row["loss"], row["to"]
        if math.isnan(start) or math.isnan(loss):
            axes.text(0, place, " undefined", va="center", color=SOFT)
            continue
        colour = INK if place == last else PINK if place == last - 1 else RED if loss >= 0 else GREEN
        axes.barh(place, loss, 0.6, left=start, color=colour)
        if place < last:
            axes.plot([end, end], [place, place + 1], color=SOFT, linewidth=0.8)
        said = digits(_zero(loss), ".3f")
        beside(axes, said, (max(start, end), place), (4, 0))
    axes.margins(x=0.14)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_xlabel("loss, nats")


def _zero(value: float) -> float:
    """No minus before what is shown as 0."""
    return 0.0 if abs(value) < 5e-4 else value
