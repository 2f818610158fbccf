"""Figure: what each party came to prefer, as ρ with users and with the guideline's author, first round and last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.report.figures.canvas import beside, interval, ring, rows_of
from simlab.report.figures.chart import BLUE, SOFT, Chart, Numbers, about, digits, isolated, label, suffixed
from simlab.report.layout import number
from simlab.report.summary_screen.preferences import involved
from simlab.report.summary_screen.selection import of_model, parties

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

_TITLES = {"with": "ρ with", "first": "first round", "last": "last round", "low": "95 % from", "high": "to",
           "why_nan": "why a number is missing"}  # fmt: skip


def preferences(run: Run) -> Iterator[Chart]:
    """For each model, ρ of those who have a part in it with users and with its maker."""
    models = list(dict.fromkeys(run.responses.agent))
    for model in models:
        rows = _rows(run, model)
        if rows["last"].notna().any():
            yield _chart(model, rows, several=len(models) > 1)


def _rows(run: Run, model: str) -> pd.DataFrame:
    """A row for each party and whom it is held against."""
    import pandas as pd

    maker = str(of_model(run, model).corporation.iloc[0])
    references = list(dict.fromkeys([*(name for name, _ in parties(run, "users")[:1]), maker]))
    part = involved(run, model)
    found = []
    for other in references:
        for name, party in parties(run):
            if name in part and name != other and (both := _both(run, model, name, other)):
                kind = str(party.get("kind", "")).replace("_", " ")
                found.append({"party": name, "kind": kind, "with": other, **both})
    return pd.DataFrame(found, columns=["party", "kind", "with", "first", "last", "low", "high", "n", "why_nan"])


def _both(run: Run, model: str, a: str, b: str) -> dict[str, Any]:
    """ρ of two parties in the first round and the last, with the last one's interval; empty if it was not measured."""
    rows = run.alignment[(run.alignment.model == model) & (run.alignment.order == 1)]
    rows = rows[((rows.a == a) & (rows.b == b)) | ((rows.a == b) & (rows.b == a))]
    if rows.empty:
        return {}
    last = rows.iloc[-1]
    return {"first": rows.rho.iloc[0], "last": last.rho, **{k: last[k] for k in ("low", "high", "n", "why_nan")}}


def _chart(model: str, rows: pd.DataFrame, *, several: bool) -> Chart:
    said = [
        f"with {isolated(other)}: "
        + ", ".join(f"{isolated(r.party)} {number(r.first)} → {number(r.last)}" for r in part.itertuples(index=False))
        for other, part in rows.groupby("with", sort=False)
    ]
    caption = about("Agreement of each party with users and with the guideline's author", model, several)
    numbers = Numbers(suffixed("preferences", model, several), caption, rows, _TITLES)
    note = (
        "Hollow: first round; filled: last round, with its 95 % interval (bootstrap by prompt, within run). Of people, "
        "what they value, not yet what they mark. A reward model starts without an opinion, hence without a first ρ."
    )
    names = rows.party.nunique()
    title = about("What each party came to prefer", model, several)
    says = f"ρ, first round → last, {'; '.join(said)}."
    return Chart(numbers, title, says, lambda figure: _draw(figure, rows), 1.0 + 0.3 * names, note, model)


def _draw(figure: Figure, rows: pd.DataFrame) -> None:
    others = list(dict.fromkeys(rows["with"]))
    names = sorted(set(rows.party), key=[*others, *rows.party].index)
    panels = figure.subplots(1, len(others), sharey=True, sharex=True, squeeze=False)[0]
    for axes, other in zip(panels, others, strict=True):
        rows_of(axes, [label(name, 18) for name in names])
        axes.set_title(f"ρ with {label(other, 18)}")
        axes.axvline(0, color=SOFT, linewidth=0.8)
        axes.margins(x=0.12)
        for row in rows[rows["with"] == other].to_dict("records"):
            at, first, last = names.index(row["party"]), row["first"], row["last"]
            interval(axes, row["low"], row["high"], at, BLUE)
            axes.plot([first, last], [at, at], color=SOFT, linewidth=0.8, zorder=1)
            ring(axes, [first], [at])
            axes.plot([last], [at], "o", color=BLUE, markersize=6)
            if last == last:
                beside(axes, digits(last), (last, at), (0, 5), 8)
