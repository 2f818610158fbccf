"""The report of a run: which sections there are and what is in them, from its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.report.figures.chart import Numbers, isolated, suffixed
from simlab.report.figures.employment import dismissed, employment
from simlab.report.figures.frontier import frontier
from simlab.report.figures.ladder import ladders, waterfalls
from simlab.report.figures.money import money
from simlab.report.figures.orders import decisions, orders
from simlab.report.figures.overoptimization import overoptimization
from simlab.report.figures.preferences import preferences
from simlab.report.labor_costs import hours, labor_costs, shares
from simlab.report.layout import many, number
from simlab.report.page import methods
from simlab.report.page.bibliography import bibtex, keys
from simlab.report.page.blocks import Block, Code, Page, Plot, Section, Table, Text, Transcript
from simlab.report.summary_screen.alerts import told
from simlab.report.summary_screen.criteria import criteria_names
from simlab.report.summary_screen.examples import typical
from simlab.report.summary_screen.selection import criterion_weights, ends, has_words, of_model

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

_TRANSCRIPTS = 6


def page_of_run(run: Run) -> Page:
    """The report of a run."""
    about = run.manifest
    facts = (
        ("Run", about["run"]), ("World", about["world"]), ("Seed", str(about["seed"])),
        ("Length", f"{about['days']:g} days, {many(about['rounds'], 'round')} of training"),
        ("Status", about["status"]), ("simlab", about["version"]),
    )  # fmt: skip
    description = str(json.loads(run.runs.parameters.iloc[0]).get("description", ""))
    found = tuple(section for section in _sections(run) if section.blocks)
    return Page(about["scenario"], "run", description.strip(), facts, found)


def _sections(run: Run) -> Iterator[Section]:
    measured = len(run.responses) > 0
    if not measured:
        yield Section("state", "No round yet", (Text("No round has been measured yet."),))
    yield Section("alarms", "Alarms", tuple(map(Text, told(run))))
    if measured:
        yield Section("ladder", "The hierarchy as a ladder", (*map(Plot, ladders(run)), *map(Plot, waterfalls(run))))
        yield Section("asked", "What was asked for", tuple(_asked(run)))
        yield Section("preferences", "What each party came to prefer", tuple(map(Plot, preferences(run))))
        yield Section("orders", "Orders of judgement", tuple(map(Plot, orders(run))))
    yield Section("people", "Hired, warned, fired", tuple(_people(run)))
    if measured:
        yield Section("frontier", "Gold against proxy", (*map(Plot, frontier(run)), *map(Plot, overoptimization(run))))
        yield Section("transcripts", "Before and after", tuple(_transcripts(run)))
    yield Section("money", "Money", tuple(_money(run)))
    yield Section("methods", "Methods", tuple(_methods(run)))


def _asked(run: Run) -> Iterator[Block]:
    """For each model, weights of its maker's guideline beside mean scores of its responses."""
    models = list(dict.fromkeys(run.responses.agent))
    for model in models:
        frame = _weights_and_scores(run, model)
        first, last = (int(rows["round"].iloc[0]) for rows in ends(of_model(run, model)))
        caption = f"Weights of criteria, and mean scores of responses in rounds {first} and {last}"
        caption += f": {model}" if len(models) > 1 else ""
        titles = {"before": f"score, round {first}", "now": f"score, round {last}"}
        yield Table(Numbers(suffixed("criteria", model, len(models) > 1), caption, frame, titles))


def _weights_and_scores(run: Run, model: str) -> pd.DataFrame:
    import pandas as pd

    responses = of_model(run, model)
    weights = criterion_weights(run, str(responses.corporation.iloc[0]))
    first, last = ends(responses)
    rows: list[dict[str, Any]] = []
    for name in criteria_names(run, weights):
        asked = {f"weight for {who}".replace("\n", ", "): by.get(name, float("nan")) for who, by in weights.items()}
        means = [float(part[name].mean()) if name in part else float("nan") for part in (first, last)]
        rows.append({"criterion": name, **asked, "before": means[0], "now": means[1]})
    return pd.DataFrame(rows)


def _people(run: Run) -> Iterator[Block]:
    yield from map(Plot, employment(run))
    yield from map(Plot, decisions(run))
    if (fired := dismissed(run)) is not None:
        yield Table(fired, folded=True)


def _transcripts(run: Run) -> Iterator[Block]:
    """Responses before and after, of worlds that have words."""
    if not has_words(run):
        return
    yield Text(
        "For each of the weightiest criteria in turn, the prompt whose score in it changed by the median amount: "
        "typical cases, not the best or the worst."
    )
    models = list(dict.fromkeys(run.responses.agent))
    for model in models:
        if len(models) > 1:
            yield Text(f"What {isolated(model)} says:")
        weights = criterion_weights(run, str(of_model(run, model).corporation.iloc[0]))
        names = [name for name in criteria_names(run, weights) if name in run.responses]
        for row in typical(run, model, _TRANSCRIPTS):
            scores = tuple(
                (name, number(row[name]), number(row[f"{name}_now"])) for name in names
                if row[name] == row[name] or row[f"{name}_now"] == row[f"{name}_now"]
            )  # fmt: skip
            yield Transcript(row["prompt"], row["response"], row["response_now"], scores)


def _money(run: Run) -> Iterator[Block]:
    if not len(run.ledger) and not len(run.labor):
        return
    paid, unpaid = hours(run)
    said = f"{paid:,.0f} hours of paid work"
    said += "".join(f", {h:,.0f} hours of {kind} unpaid" for kind, h in unpaid.items()) + "."
    for name, amount in labor_costs(run).items():
        said += f" {name} paid {amount:,.0f} USD for labor."
    people, kept = shares(run)
    if abs(kept) > 0.005:
        said += f" Those who did the work got {people:,.0f} USD; vendors kept {kept:,.0f}."
    yield Text(said)
    yield from map(Plot, money(run))


def _methods(run: Run) -> Iterator[Block]:
    yield from (Text(words) for words in methods.of_run(run))
    yield Code("The command, with the scenario below as scenario.yaml", methods.command(run))
    others = ["gao2023"] if len(run.policy) else []
    yield Code("BibTeX", bibtex(run.manifest["version"], keys(run.manifest.get("plugins", {}), *others)), folded=True)
    scenario = json.dumps(json.loads(run.runs.parameters.iloc[0]), indent=1, ensure_ascii=False)
    yield Code("The whole scenario, with every default (JSON, which is YAML, too)", scenario, folded=True)
