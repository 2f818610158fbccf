"""Figure: gold against proxy, over KL: what a model gained by its score, and for those for whom it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import TYPE_CHECKING

from simlab.report.figures.canvas import beside
from simlab.report.figures.chart import (
    BLUE,
    COLOURS,
    GREEN,
    RED,
    SOFT,
    Chart,
    Numbers,
    about,
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

_TITLES = {"kl": "KL (nats)", "value": "score or gain", "best": "largest gain possible at this KL"}


def frontier(run: Run) -> Iterator[Chart]:
    """For each model, its mean score by the reward model (proxy) and what its responses gained for users and maker
    (gold), over KL from its reference; none for a model of which either was not measured."""
    models = [model for model in dict.fromkeys(run.policy.agent) if (run.on_policy.model == model).any()]
    for model in models:
        proxy, gold = _proxy(run, model), _gold(run, model)
        if proxy.value.notna().any() and gold.value.notna().any():
            yield _chart(model, proxy, gold, several=len(models) > 1)


def _proxy(run: Run, model: str) -> pd.DataFrame:
    """The mean score in every iteration of training."""
    rows = run.policy[run.policy.agent == model]
    return rows.assign(measure="proxy", kl=rows.objective_kl, value=rows.objective_scores, of=rows.principal)[
        ["measure", "of", "round", "iteration", "kl", "value"]
    ]


def _gold(run: Run, model: str) -> pd.DataFrame:
    """The gain for each party after every round; parties that gain the same are one."""
    rows = run.on_policy[run.on_policy.model == model].rename(columns={"party": "of", "gain": "value"})
    found: dict[tuple[float, ...], list[str]] = {}
    for party, part in rows.groupby("of", sort=False, observed=True):
        found.setdefault((*part.value.round(9), *part.best.round(9)), []).append(str(party))
    called = {names[0]: ", ".join(names) for names in found.values()}
    rows = rows[rows.of.isin(list(called))]
    rows = rows.assign(measure="gold", of=rows.of.astype(str).map(called))
    return rows[["measure", "of", "round", "kl", "value", "best", "share", "beyond"]]


def _chart(model: str, proxy: pd.DataFrame, gold: pd.DataFrame, *, several: bool) -> Chart:
    import pandas as pd

    last = gold.groupby("of", sort=False).last()
    gains = "; ".join(
        f"{isolated(of)} {number(row.value)}{_most(row.best)} at {number(row.kl)} nats" for of, row in last.iterrows()
    )
    says = (
        f"Proxy: the mean score by {isolated(proxy.of.iloc[-1])} went from {number(proxy.value.iloc[0])} to "
        f"{number(proxy.value.iloc[-1])} at {number(proxy.kl.iloc[-1])} nats. Gold, in the last round: {gains}."
    )
    note = (
        "KL: divergence of the model from its reference, nats a response. Proxy: in standard deviations of the score "
        "among the pretrained model's responses, a line for each round's training. Gold: mean utility of responses less"
        " that of the reference's; dashed: the largest gain possible at the same KL. Where proxy stays high and gold "
        "falls, the score is overoptimized (Gao et al. 2023), or was taught something else than they want."
    )
    if gold.beyond.any():
        note += " In some rounds KL is beyond what the sampled responses can say: the largest gain is not known there."
    rows = pd.concat([proxy, gold], ignore_index=True)
    numbers = Numbers(
        suffixed("frontier", model, several), about("Score and gain over KL", model, several), rows, _TITLES
    )
    title = about("Gold against proxy", model, several)
    return Chart(numbers, title, says, lambda figure: _draw(figure, proxy, gold), 4.4, note, model)


def _most(best: float) -> str:
    return "" if isnan(best) else f" of at most {number(best)}"


def _draw(figure: Figure, proxy: pd.DataFrame, gold: pd.DataFrame) -> None:
    above, below = figure.subplots(2, 1, sharex=True)
    for _, part in proxy.groupby("round"):
        above.plot(part.kl, part.value, ".-", color=BLUE, linewidth=1.2, markersize=5)
    above.set_title(f"proxy: mean score by {label(proxy.of.iloc[-1])}")
    for colour, mark, (of, part) in zip(
        (RED, GREEN, *COLOURS[::3]) * len(gold), "osD^v" * len(gold), gold.groupby("of", sort=False), strict=False
    ):
        _gains(below, part, label(of), colour, mark)
    below.set_title("gold: gain in utility (dashed: the most that is possible)")
    below.set_xlabel("KL from the reference, nats")
    below.set_xlim(right=below.get_xlim()[1] * 1.25)  # room for the names
    for axes in (above, below):
        axes.axhline(0, color=SOFT, linewidth=0.8)
        axes.grid(axis="y")


def _gains(axes: Axes, rows: pd.DataFrame, name: str, colour: str, mark: str) -> None:
    """Gains by KL from round to round, with the most that is possible, and a name at the last."""
    axes.plot(rows.kl, rows.value, f"{mark}-", color=colour, markersize=5)
    most = rows.sort_values("kl")
    axes.plot(most.kl, most.best, "--", color=colour, linewidth=1.2)
    end = rows.iloc[-1]
    beside(axes, name, (end.kl, end.value), (7, 0))
