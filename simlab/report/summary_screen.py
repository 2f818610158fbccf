"""The screen a run ends with: what was asked, what everybody came to prefer, who was fired, what the model says now.

`screen` makes it from the run's tables only; the command line prints it. Worlds without words show no words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.hierarchy import Hierarchy
from simlab.names import from_here
from simlab.report.alarm import alarm
from simlab.report.labor import labor
from simlab.report.layout import NOTHING, change, many, noted, number, spaced, table
from simlab.report.losses import losses
from simlab.report.orders import orders
from simlab.report.shortfall import shortfalls
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

_ANSWERING = "when it\nanswers"
_BELIEVED = "truthful_believed"
_CALLED = {_BELIEVED: "· believed"}
_TOLD = {"published": "public", "operative": "raters"}  # whom a corporation tells which guideline
_EXAMPLES = 3  # prompts for which responses before and after are shown


def screen(run: Run) -> RenderableType:
    """Everything worth knowing about a run at a glance, for 80 columns or more."""
    parts: list[RenderableType] = [_heading(run)]
    if not len(run.responses):
        parts.append(Text("No round has been measured yet."))
    else:
        models = list(dict.fromkeys(run.responses.agent))
        for model in models:
            parts += [*alarm(run, model), _criteria(run, model), _parties(run, model)]
            parts += losses(run, model, _named(run, model))
        parts += [*labor(run), *shortfalls(run), *_recursion(run)]
        for model in models:
            parts += _examples(run, model)
    return Group(*spaced([*parts, _where(run)]))


def _heading(run: Run) -> Text:
    """Scenario, seed, extent and state."""
    row = run.runs.iloc[0]
    colour = {"finished": "green", "running": "cyan", "interrupted": "yellow"}.get(row.status, "red")
    text = Text.assemble(
        (row.scenario, "bold"),
        f"  {row.world} world, seed {row.seed}, {row.days:g} days, {many(row.rounds, 'round')}, ",
    )
    return text.append(row.status, style=f"not bold {colour}")


def _criteria(run: Run, model: str) -> RenderableType:
    """Weights asked for, beside what a model's responses are like in the first round and in the last."""
    responses = _of_model(run, model)
    weights = _weights(run, responses.corporation.iloc[0])
    first, last = _ends(responses)
    parts = _kinds(responses)
    made = table("What was asked for, and what the responses are like" + _named(run, model), ["", *weights, *parts])
    for criterion in _criteria_names(run, weights):
        asked = [number(by.get(criterion), "g") for by in weights.values()]
        shown = (p for title, p in parts.items() if (criterion, title) != ("answered", _ANSWERING))
        means = [[_mean(rows[part.loc[rows.index]], criterion) for rows in (first, last)] for part in shown]
        cells = [change(before, now) for before, now in means]
        made.add_row(escape(_CALLED.get(criterion, criterion)), *asked, *cells)
    note = f"Weights, and mean scores in round {first['round'].iloc[0]} → {last['round'].iloc[0]}."
    note += " Believed: true by what raters take to be true." if _BELIEVED in _criteria_names(run, weights) else ""
    return noted(made, note)


def _kinds(responses: pd.DataFrame) -> dict[str, pd.Series]:
    """Which responses are shown apart, by title: on facts that may be compared and others, and real answers."""
    held, everything = responses.fact_held_out, responses.fact_held_out.notna()
    kinds = {"may be\ncompared": ~held, "never\ncompared": held} if held.any() else {"every prompt": everything}
    return kinds if responses.answered.all() else {**kinds, _ANSWERING: responses.answered}


def _of_model(run: Run, model: str) -> pd.DataFrame:
    """The responses of one model."""
    return run.responses[run.responses.agent == model].reset_index(drop=True)


def _named(run: Run, model: str) -> str:
    """Which model is meant, if there are several."""
    return f": {model}" if run.responses.agent.nunique() > 1 else ""


def _weights(run: Run, maker: str) -> dict[str, dict[str, float]]:
    """Criterion weights by who asks: users, and the latest guideline of one corporation."""
    found: dict[str, dict[str, float]] = {}
    for name, party in _parties_of(run, "users"):
        found[name] = {str(k): float(v) for k, v in party.get("values", {}).items()}
    told = run.guidelines[run.guidelines.corporation == maker]
    for corporation, rows in told.groupby("corporation", sort=False):
        latest = {
            str(kind): dict(zip(each.criterion, each.weight, strict=True))
            for kind, each in rows[rows.version == rows.version.max()].groupby("kind", sort=False)
        }
        if latest.get("published") == latest.get("operative"):
            found[str(corporation)] = latest["operative"]
            continue
        found |= {f"{corporation}\n{_TOLD.get(kind, kind)}": weights for kind, weights in latest.items()}
    return found


def _criteria_names(run: Run, weights: Mapping[str, Mapping[str, float]]) -> list[str]:
    """`answered` in worlds of words, then the criteria measured, then those only asked for."""
    measured = [c for c in run.responses.columns if c not in TABLES["responses"].names]
    asked = [c for by in weights.values() for c in by]
    names = list(dict.fromkeys([*(["answered"] if _has_words(run) else []), *measured, *asked]))
    if run.responses[_BELIEVED].notna().any():
        names.insert(names.index("truthful") + 1 if "truthful" in names else len(names), _BELIEVED)
    return names


def _parties(run: Run, model: str) -> RenderableType:
    """How far those who have a part in a model agree with its guideline and with users' intent, first round → last."""
    maker = str(_of_model(run, model).corporation.iloc[0])
    references = [name for name in (maker, *(name for name, _ in _parties_of(run, "users")[:1])) if name]
    titles = [f"ρ with {name}" for name in references]
    made = table(f"What each party came to prefer{_named(run, model)}", ["", "", *titles, "prefers now"])
    involved = _involved(run, model)
    for name, party in _parties_of(run):
        if name in involved:
            agreement = [NOTHING if name == o else change(*_rho(run, model, name, o)) for o in references]
            wins = _wins(run, model, name)
            made.add_row(escape(name), str(party.get("kind", "")).replace("_", " "), *agreement, wins)
    return noted(
        made,
        "ρ: correlation of preferences among responses to one prompt; of people, what they value, and not yet what "
        "they mark. Prefers now: share of the last round's responses it likes better than those of round 0.",
    )


def _involved(run: Run, model: str) -> set[str]:
    """The model, everyone above it, and whoever audits those; less whom the run was without."""
    edges = [(r["principal"], r["agent"]) for r in json.loads(run.runs.parameters.iloc[0]).get("relations", [])]
    parties = [name for name, _ in _parties_of(run)]
    rows = run.alignment[run.alignment.order == 1]
    measured = {*rows.a, *rows.b}
    above = {model, *Hierarchy(parties, edges).above(model)} if edges else set(parties)
    return above & measured if len(measured) else above


def _rho(run: Run, model: str, a: str, b: str) -> tuple[float, float]:
    """ρ between two parties in the first and the last measured round of a model."""
    rows = run.alignment[run.alignment.model == model]
    rows = rows[(rows.order == 1) & (((rows.a == a) & (rows.b == b)) | ((rows.a == b) & (rows.b == a)))]
    return (rows.rho.iloc[0], rows.rho.iloc[-1]) if len(rows) else (math.nan, math.nan)


def _wins(run: Run, model: str, judge: str) -> str:
    rows = run.win_rate[(run.win_rate.judge == judge) & (run.win_rate.model == model)]
    return number(100 * rows.rate.iloc[-1], ".0f", " %") if len(rows) else NOTHING


def _recursion(run: Run) -> list[RenderableType]:
    """Who judges those who judge, how well, and at what cost."""
    rows = orders(run)
    if rows.empty:
        return []
    made = table("Who judges the judges", ["order", "", "", "ρ", "95 %", "judged", "hours", "USD"])
    for r in rows.itertuples():
        interval = NOTHING if math.isnan(r.rho) else f"{r.low:.2f} to {r.high:.2f}"
        cost = (f"{r.hours:,.1f}", f"{r.pay:,.0f}")
        whom = f"judges {r.agent}" if r.agent != "vendors" else "judges its vendors"
        made.add_row(str(r.order), escape(r.principal), escape(whom), number(r.rho), interval, str(r.n), *cost)
    note = (
        "ρ: correlation of a principal's scores of its agents with how well each really follows the guideline; at "
        "order 1, of preferences among responses with the corporation's."
    )
    return [noted(made, note)]


def _examples(run: Run, model: str) -> list[RenderableType]:
    """Responses before and after, for prompts where the most weighty criteria changed: of each, the typical case."""
    if not _has_words(run):
        return []
    made = table(f"What the model says{_named(run, model)}", ["prompt", "before", "now"], fold=True)
    for row in _typical(run, model):
        made.add_row(escape(row["prompt"]), escape(row["response"]), escape(row["response_now"]))
    note = "For each of the weightiest criteria, the prompt whose score in it changed by the median amount."
    return [noted(made, note)] if made.row_count else []


def _typical(run: Run, model: str) -> list[Mapping[str, Any]]:
    """For each of the weightiest criteria in turn, the prompt whose score in it changed by the median amount.

    Prompts unlike those already chosen come first: ones that other criteria speak to, then ones of another force.
    """
    both = _changed(_of_model(run, model))
    maker = str(_of_model(run, model).corporation.iloc[0])
    asked = _weights(run, maker)
    weights = asked.get(f"{maker}\n{_TOLD['operative']}", asked.get(maker, {}))
    criteria = sorted((c for c in weights if c in both), key=lambda c: (-abs(weights[c]), -both[c].isna().sum()))
    if both.empty or not criteria:
        return []
    both["kind"] = both[criteria].isna().apply(tuple, axis=1)
    found: list[Mapping[str, Any]] = []
    for criterion in criteria * _EXAMPLES:
        change = both[f"{criterion}_now"] - both[criterion]
        fit = both.assign(change=change)[(change.abs() > 0) & ~both.prompt.isin([row["prompt"] for row in found])]
        for names in (["kind"], ["kind", "force"]):
            seen = [tuple(row[name] for name in names) for row in found]
            other = fit[[traits not in seen for traits in zip(*(fit[name] for name in names), strict=True)]]
            fit = other if len(other) else fit
        if len(fit) and len(found) < _EXAMPLES:
            found.append(fit.sort_values(["change", "prompt", "nth"]).iloc[len(fit) // 2].to_dict())
    return found


def _changed(responses: pd.DataFrame) -> pd.DataFrame:
    """The first round's responses beside the last round's (with `_now`), where they differ."""
    first, last = (frame.assign(nth=frame.groupby(["agent", "prompt"]).cumcount()) for frame in _ends(responses))
    both = first.merge(last, on=["agent", "prompt", "nth"], suffixes=("", "_now"))
    return both[both.response != both.response_now].copy()


def _where(run: Run) -> Text:
    """Where the tables are, and the line of Python that opens them."""
    tables = from_here(run.path / "tables")
    text = Text(f"Tables in {tables}", style="bold").append("; to look into them:", style="not bold")
    return text.append(f'\n  import simlab\n  run = simlab.load("{from_here(run.path)}")', style="cyan not bold")


def _ends(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the first round and of the last."""
    return rows[rows["round"] == rows["round"].min()], rows[rows["round"] == rows["round"].max()]


def _has_words(run: Run) -> bool:
    return bool((run.responses.response != "").any())


def _parties_of(run: Run, kind: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """Names and settings of the parties of a kind, or of all, in the order of the scenario."""
    parties = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return [(name, party) for name, party in parties.items() if not kind or party.get("kind") == kind]


def _mean(rows: pd.DataFrame, column: str) -> float:
    return float(rows[column].mean()) if column in rows and len(rows) else math.nan
