"""The report of a study: which sections there are and what is in them, from the tables of its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.report.effects import verdicts
from simlab.report.figures.arms import MOST_ARMS, curves, effect_plots, outcomes
from simlab.report.figures.chart import Numbers, isolated
from simlab.report.figures.overoptimization import overoptimization
from simlab.report.layout import many
from simlab.report.page import methods
from simlab.report.page.bibliography import bibtex, keys
from simlab.report.page.blocks import Block, Code, Page, Plot, Section, Table, Text
from simlab.runs.study_folder import TEXT

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns

_TITLES = {"says": "hypothesis", "mean": "difference", "low": "95 % from", "high": "to", "margin": "more than",
           "p": "p (of no difference)", "n": "seeds", "less": "less that of"}  # fmt: skip
_VERDICT = ("says", "verdict", "outcome", "arm", "less", "mean", "low", "high", "margin", "n")


def page_of_study(study: StudyRuns) -> Page:
    """The report of a study."""
    plan = study.plan
    arms, seeds = len(plan["arms"]), len(plan["seeds"])
    facts = (
        ("Extent", f"{many(arms, 'arm')} × {many(seeds, 'seed')}"),
        ("Runs that ended", f"{len(study.outcomes):,} of {arms * seeds:,}"),
        ("Failed", f"{len(study.failures):,}"), ("Status", study.status), ("simlab", plan["version"]),
    )  # fmt: skip
    found = tuple(section for section in _sections(study) if section.blocks)
    return Page(plan["name"], "study", plan["description"].strip(), facts, found)


def _sections(study: StudyRuns) -> Iterator[Section]:
    ended = len(study.outcomes) > 0
    if not ended:
        yield Section("state", "No run yet", (Text("No run has ended yet."),))
    if ended and study.plan["hypotheses"]:
        table = Numbers("verdicts", "Hypotheses and verdicts", verdicts(study)[list(_VERDICT)], _TITLES)
        yield Section("verdicts", "Verdicts", (Table(table), Text(_RULE)))
    if len(study.plan["arms"]) > MOST_ARMS:
        yield Section("many", "Arms", (Text(f"More than {MOST_ARMS} arms are not drawn one by one."),))
    yield Section("effects", "Effects", tuple(map(Plot, effect_plots(study))))
    yield Section("outcomes", "Outcomes by arm", tuple(map(Plot, outcomes(study))))
    yield Section("curves", "Response curves", tuple(map(Plot, curves(study))))
    if ended:
        yield Section("overoptimization", "Gold against proxy", tuple(map(Plot, overoptimization(study))))
    yield Section("runs", "Runs", tuple(_runs(study)))
    yield Section("methods", "Methods", tuple(_methods(study)))


_RULE = (
    "Supported: the whole 95 % interval of the difference lies beyond the margin; not supported: none of it does; "
    "undecided otherwise."
)


def _runs(study: StudyRuns) -> Iterator[Block]:
    yield Table(Numbers("arms", "Arms: what was changed in each", _arms(study)))
    if len(study.outcomes):
        rows = study.outcomes.drop(columns=["seconds"])
        yield Table(Numbers("runs", "Every run that ended, with its outcomes", rows), folded=True)
    if len(study.failures):
        yield Table(Numbers("failures", f"{many(len(study.failures), 'run')} failed", study.failures))


def _arms(study: StudyRuns) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for arm in study.plan["arms"]:
        changed = [f"{key} = {_plain(value)}" for key, value in arm["settings"].items() if key != "panel.rounds"]
        changed += [f"without {who}" for who in arm["without"]]
        rows.append({"arm": arm["name"], "changed": "; ".join(changed) or "nothing"})
    return pd.DataFrame(rows)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _methods(study: StudyRuns) -> Iterator[Block]:
    yield from (Text(words) for words in methods.of_study(study))
    yield Code("The command, with the file of the study", methods.study_command(study))
    if (file := study.path / TEXT).is_file():
        yield Code("The file of the study", file.read_text(encoding="utf-8", errors="replace"), folded=True)
    if scenario := study.plan.get("base", {}).get("parameters"):
        title = "The scenario before arms change it, with every default (JSON, which is YAML, too)"
        yield Code(title, json.dumps(scenario, indent=1, ensure_ascii=False), folded=True)
    plugins = dict.fromkeys(plugin for run in study.parts for plugin in run.manifest.get("plugins", {}))
    yield Code("BibTeX", bibtex(study.plan["version"], keys(plugins, "student1908", "holm1979")), folded=True)
    hashes = sorted({(c.arm, c.seed, r.manifest["run"]) for c, r in zip(study.cells, study.parts, strict=True)})
    listed = "\n".join(f"{arm}, seed {seed}: {run}" for arm, seed, run in hashes)
    yield Code(f"Identifiers of {isolated(study.plan['name'])}'s runs", listed, folded=True)
