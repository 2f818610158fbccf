"""The methods paragraph of a report: what was simulated, with what, and the command that does it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from simlab.report.figures.chart import isolated, listed
from simlab.report.layout import many
from simlab.report.page.bibliography import CITED, reference

if TYPE_CHECKING:
    from simlab.runs.loading import Run, StudyRuns

Said = Mapping[str, Any]
_HEADS = {"raters": "raters", "auditors": "auditors", "users": "users"}


def of_run(run: Run) -> list[str]:
    """Paragraphs about how a run was made, for a paper."""
    about = run.manifest
    said = json.loads(run.runs.parameters.iloc[0])
    first = (
        f"We simulated the scenario {isolated(about['scenario'])} with simlab {about['version']} (world "
        f"{isolated(about['world'])}, seed {about['seed']}, run {about['run']}): {about['days']:g} simulated days, "
        f"{many(about['rounds'], 'round')} of training."
    )
    if about["status"] != "finished":
        first += f" The run is {about['status']}: what follows is of the rounds that it completed."
    setting = " ".join([first, *_parties(said), *_without(said)])
    return [setting, " ".join(_learning(said)), _measures(said), _computed(about)]


def of_study(study: StudyRuns) -> list[str]:
    """Paragraphs about how a study was made, for a paper."""
    plan = study.plan
    arms, seeds = plan["arms"], plan["seeds"]
    said = plan.get("base", {}).get("parameters", {})
    ended = int((study.outcomes.status == "finished").sum()) if len(study.outcomes) else 0
    first = (
        f"In the study {isolated(plan['name'])} we ran {many(len(arms), 'arm')} of the scenario "
        f"{isolated(said.get('name', plan['scenario']))} under {many(len(seeds), 'seed')} each (seeds "
        f"{_ranges(seeds)}) with simlab {plan['version']}; {ended:,} of {len(arms) * len(seeds):,} runs finished."
    )
    if study.varied:
        first += f" By design varied {listed(study.varied)}."
    second = (
        "All arms share random draws, which are keyed by name, so that under one seed arms differ by what was changed. "
        f"Means over seeds have 95 % intervals by Student's t ({reference('student1908')}); effects are differences "
        "between runs of the same seed, their p-values adjusted for several arms by Holm's method "
        f"({reference('holm1979')}). A hypothesis counts as supported where the whole interval lies beyond its margin,"
        " as not supported where none of it does, and as undecided otherwise."
    )
    base = [" ".join(part) for part in ([*_parties(said), *_without(said)], list(_learning(said))) if part]
    return [first, *base, second]


def command(run: Run) -> str:
    """The command that makes a run again from the scenario that the page holds."""
    parameters = json.loads(run.runs.parameters.iloc[0])
    without = "".join(f" --without {shlex.quote(str(who))}" for who in parameters.get("without", []))
    return f"simlab run scenario.yaml --seed {run.manifest['seed']}{without}"


def study_command(study: StudyRuns) -> str:
    """The command that makes a study again from its file."""
    return f"simlab study {shlex.quote(PurePath(study.plan['file']).name)}"


# ---- sentences ----------------------------------------------------------------------------------------------------


def _parties(said: Said) -> Iterator[str]:
    kinds: dict[str, list[tuple[str, Said]]] = {}
    for name, party in said.get("parties", {}).items():
        kinds.setdefault(str(party.get("kind", "")), []).append((name, party))
    people = [
        f"{isolated(name)} ({_people(kind, party)})"
        for kind, each in kinds.items() if kind in _HEADS for name, party in each
    ]  # fmt: skip
    if people:
        yield f"People: {'; '.join(people)}."
    others = {kind: [name for name, _ in each] for kind, each in kinds.items() if kind not in _HEADS}
    if others:
        yield "Other parties: " + "; ".join(f"{kind.replace('_', ' ')} {listed(n)}" for kind, n in others.items()) + "."


def _people(kind: str, party: Said) -> str:
    words = f"{int(party.get('count', 0)):,} {_HEADS[kind]}"
    policy = party.get("policy")
    if isinstance(policy, dict):
        words += f" with the rater policy {_named(policy, 'rater')}"
    if kind != "users" and "wage" in party:
        words += f", {float(party['wage']):g} USD an hour"
    return words


def _named(plugin: Said, kind: str) -> str:
    """A plugin with its source and its parameters, those that are numbers or words."""
    name = plugin.get("kind", "")
    given = {k: v for k, v in plugin.items() if k != "kind" and isinstance(v, int | float | str) and v != ""}
    each = [f"{key} {isolated(value, 40)}" for key, value in given.items() if not isinstance(value, bool)]
    sources = [reference(key) for key in CITED.get(f"{kind}:{name}", ())]
    inside = "; ".join(part for part in (", ".join(sources), ", ".join(each)) if part)
    return f"{isolated(name)}{f' ({inside})' if inside else ''}"


def _without(said: Said) -> Iterator[str]:
    if said.get("without"):
        yield f"It ran without {listed(said['without'])}."


def _learning(said: Said) -> Iterator[str]:
    """Who looked at whose work, and how machines learned."""
    for relation in said.get("relations", []):
        above, below = isolated(relation["principal"]), isolated(relation["agent"])
        for consequence in relation.get("consequence", []):
            if "learner" in consequence:
                shape = (
                    f" on the reward shape {_named(consequence['shape'], 'reward')}" if consequence.get("shape") else ""
                )
                yield f"{below} learned from {above} by {_named(consequence['learner'], 'learner')}{shape}."
                break
        else:
            kinds = [str(consequence.get("kind")) for consequence in relation.get("consequence", [])]
            led = f", which led to: {', '.join(isolated(kind) for kind in kinds)}" if kinds else ""
            yield f"{above} looked at work of {below} every {float(relation.get('every', 0)):g} days{led}."


def _measures(said: Said) -> str:
    panel = said.get("panel", {})
    return (
        f"After every round each party said how good it finds the responses to a fixed panel of "
        f"{panel.get('prompts', '?')} prompts; ρ is the correlation of two parties' utilities, centred within prompts, "
        "and the loss of a level −ln ρ with the level above. Fidelity is the agreement, corrected for chance, of what "
        "people do with the guideline; validity is the correlation of a judge's scores with it. Intervals are at 95 %, "
        "bootstrapped within this run, and say nothing about other seeds."
    )


def _computed(about: Said) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in about.get("libraries", {}).items())
    threads = many(int(about.get("threads", 1)), "thread")
    device = about.get("device", "cpu")
    return f"It was computed with {libraries or 'libraries of unknown versions'}, on {threads} ({device})."


def _ranges(seeds: Iterable[int]) -> str:
    """Seeds in short: 1 to 5, 9."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{p[0]} to {p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
