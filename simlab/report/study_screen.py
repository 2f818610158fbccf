"""A study for people, as a screen, and for programs, as one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.names import clip
from simlab.report import prices_screen
from simlab.report.effects import PLAIN, effects, summaries, verdicts
from simlab.report.layout import between, measured, noted, number, spaced, table
from simlab.report.prices import has_prices
from simlab.report.records import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.runs.loading import StudyRuns

_MOST_ARMS, _MOST_FAILURES = 24, 8


def screen(study: StudyRuns) -> RenderableType:
    """What a study found, for people: outcomes by arm, differences to the first arm, verdicts, failures."""
    arms, seeds = len(study.plan["arms"]), len(study.plan["seeds"])
    head = Text(study.plan["name"], style="bold")
    head.append(f"  {arms} arm{'s' * (arms != 1)} × {seeds} seed{'s' * (seeds != 1)}, in {study.path}", "not bold")
    if study.plan["description"]:
        head.append(f"\n{study.plan['description'].strip()}", "not bold")
    parts: list[RenderableType] = [head]
    if study.plan["outcomes"] and len(study.outcomes):
        parts.append(_outcomes(study))
    if has_prices(study):
        parts.append(prices_screen.section(study))
    if study.plan["hypotheses"] and len(study.outcomes):
        parts.append(_verdicts(study))
    if len(study.failures):
        parts.append(_failures(study))
    return Group(*spaced(parts))


def _outcomes(study: StudyRuns) -> RenderableType:
    """Every outcome of every arm, with its difference to the first arm where there are several."""
    found = summaries(study, told=PLAIN)
    several = len(study.plan["arms"]) > 1
    change = {(r["outcome"], r["arm"]): r for r in effects(study, told=PLAIN).to_dict("records")} if several else {}
    made = table("Outcomes, mean over seeds", ["", "arm", "mean", "95 %", "difference", "95 %", "p"])
    names = list(dict.fromkeys(arm["name"] for arm in study.plan["arms"]))[:_MOST_ARMS]
    units = study.plan.get("units", {})
    for outcome in study.plan["outcomes"]:
        called = f"{outcome}, {units[outcome]}" if units.get(outcome) else outcome
        for row in found[(found.outcome == outcome) & found.arm.isin(names)].to_dict("records"):
            other = change.get((outcome, row["arm"]))
            cells = [escape(called), escape(clip(row["arm"], 40)), _mean(row), _interval(row)]
            cells += [_mean(other, "+"), _interval(other), number(other["p_holm"], ".2g")] if other else [""] * 3
            made.add_row(*cells)
            called = ""
    first = study.plan["arms"][0]["name"]
    what = f"Differences are to {first}, seed by seed under the same draws; p by Student's t, adjusted by Holm."
    more = len(study.plan["arms"]) - len(names)
    notes = [what] if several else []
    if several and found.n.nunique() > 1:
        notes.append("Means are over the seeds that gave a number, differences over those that did so in both arms.")
    notes += [f"{more} more arms are in outcomes.csv."] if more > 0 else []
    return noted(made, " ".join(notes + _without_numbers(study)))


def _without_numbers(study: StudyRuns) -> list[str]:
    """What to say of outcomes of which some runs that finished give no number, and means leave these out."""
    rows = study.outcomes[study.outcomes.status == "finished"]
    without = {name: int(rows[name].isna().sum()) for name in study.plan["outcomes"]}
    return [
        f"Of {name}, {many} of {len(rows)} runs give no number" + (", and are left out." if many < len(rows) else ".")
        for name, many in without.items()
        if many
    ]


def _verdicts(study: StudyRuns) -> RenderableType:
    made = table("Hypotheses", ["", "difference", "95 %", "more than", "verdict"], fold=True)
    for row in verdicts(study, told=PLAIN).to_dict("records"):
        said = [_mean(row, "+"), _interval(row), f"{row['margin']:g}", row["verdict"]]
        made.add_row(escape(row["says"]), *said)
    return made


def _failures(study: StudyRuns) -> RenderableType:
    found = study.failures
    made = table(f"{len(found)} runs failed", ["arm", "seed", "at", "what"], fold=True)
    for row in found.head(_MOST_FAILURES).to_dict("records"):
        made.add_row(escape(row["arm"]), str(row["seed"]), row["stage"], escape(clip(row["message"], 300)))
    return noted(made, "The same command tries them again.")


def _mean(row: Mapping[str, Any], sign: str = "") -> str:
    return measured(row["mean"], sign, (row["low"], row["high"]))


def _interval(row: Mapping[str, Any]) -> str:
    return between(row["low"], row["high"])


def record(study: StudyRuns) -> dict[str, Any]:
    """The one object that `simlab study --json` prints."""
    frames = {"outcomes": study.outcomes, "verdicts": verdicts(study), "failures": study.failures}
    said = {name: records(frame) for name, frame in frames.items()}
    if has_prices(study):
        said |= prices_screen.record(study)
    return {"study": study.plan["name"], "out": str(study.path), "status": study.status, **said}
