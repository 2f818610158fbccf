"""A scenario in words, in the order of the ODD protocol for agent-based models (Grimm et al. 2010): purpose,
entities, who does what to whom, schedule, and how much work that makes. `simlab describe` prints it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from simlab.components.charter import Charter
from simlab.components.component import Component
from simlab.components.learner import Learner
from simlab.components.pay import PieceSpec
from simlab.docstrings import docstring
from simlab.scenario.budget import DEMONSTRATING, HIRING, LABELS, PROMPTS, RANKING, Budget, Item, looks
from simlab.scenario.machines import LanguageModelSpec
from simlab.scenario.model import Scenario
from simlab.scenario.parties import PeopleSpec
from simlab.scenario.relations import AnyConsequence, GradientSpec, RelationSpec
from simlab.scenario.society import CorporationSpec

_THINGS = {
    LABELS: "labels to sell",
    HIRING: "people to hire at first",
    DEMONSTRATING: "demonstrations to write",
    PROMPTS: "prompts to write",
}


def describe(scenario: Scenario, file: Path) -> str:
    """The description of a scenario; its purpose is the comment its file begins with."""
    title = f"{scenario.name} ({file})"
    sections: dict[str, list[str]] = {
        "World": [f"{scenario.world.name}: {_settings(scenario.world, whole=True)}", *_meaning(scenario.world)],
        "Entities": [line for name, party in scenario.parties.items() for line in _party(name, party)],
        "Who judges whom": [line for relation in scenario.relations for line in _relation(relation)],
        "Schedule": list(_schedule(scenario)),
        "Work": list(_work(scenario)),
        "Measured": [
            f"criteria: {', '.join(scenario.criteria_used())}",
            f"panel: {_settings(scenario.panel, whole=True)}",
            *([f"waterfall: {told}"] if (told := _settings(scenario.waterfall)) else []),
        ],
    }
    text = [
        title,
        "=" * len(title),
        "",
        "Purpose",
        "-------",
        *([scenario.description] if scenario.description else []),
        *_header(file),
    ]
    for heading, lines in sections.items():
        text += ["", heading, "-" * len(heading), *map(_wrapped, lines)]
    return "\n".join(text)


def _wrapped(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(line, 100, subsequent_indent=indent, break_on_hyphens=False) if len(line) > 100 else line


def _header(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        if not line.startswith("#"):
            return
        yield line.removeprefix("#").removeprefix(" ").rstrip()


def _meaning(entry: BaseModel) -> Iterator[str]:
    """The first sentence of what its class says about it."""
    text = " ".join(docstring(type(entry)).split())
    if text:
        yield "  " + text.partition(". ")[0].rstrip(".") + "."


def _party(name: str, party: Any) -> Iterator[str]:
    yield f"{name}: {party.kind}; {_settings(party) or 'as by default'}"
    yield from _meaning(party)
    if party.description:
        yield f"  {party.description}"
    if isinstance(party, CorporationSpec) and party.guideline.charter is not None:
        yield from _charter(party.guideline.charter)


def _charter(charter: Charter) -> Iterator[str]:
    """What a charter says, article by article, and what measures it."""
    yield f"  charter {charter.name}:"
    for number, article in enumerate(charter.articles, start=1):
        measured = ", ".join(f"{name} {weight:g}" for name, weight in article.criteria.items()) or "nothing"
        yield f"    {number}. {article.text} [measured by {measured}{'; ' if article.note else ''}{article.note}]"


def _settings(entry: BaseModel, whole: bool = False) -> str:
    """The settings that have no default or differ from it; all that are given a value if `whole`."""
    said = []
    for name, info in type(entry).model_fields.items():
        value = getattr(entry, name)
        told = (
            value is not None if whole else info.is_required() or value != info.get_default(call_default_factory=True)
        )
        if told and name not in ("kind", "description"):
            said.append(f"{name} {_plain(value)}")
    return ", ".join(said)


def _plain(value: Any) -> str:
    if isinstance(value, Component):
        settings = _settings(value, whole=not isinstance(value, Learner))  # learners have many
        return f"{value.name} ({settings})" if settings else value.name
    if isinstance(value, BaseModel):
        settings, kind = _settings(value), getattr(value, "kind", "")
        return f"{kind} ({settings})".strip() if settings else str(kind) or "as by default"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} {_plain(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(v) for v in value) if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _relation(relation: RelationSpec) -> Iterator[str]:
    sample = relation.sample
    looked = f"{sample:,} pieces" if isinstance(sample, int) else f"{100 * sample:.3g} %"
    when = f"every {relation.every:g} days"
    when += f", from day {relation.since:g}" if relation.since is not None else ""
    when += f", until day {relation.until:g}" if relation.until is not None else ""
    yield f"{relation.principal} → {relation.agent}: {when}, a look at {looked} of its work"
    if relation.look is not None:
        yield f"  by {_plain(relation.look)}: {_first_sentence(docstring(type(relation.look)))}"
    for consequence in relation.consequence:
        yield f"  then {_consequence(consequence)}"


def _first_sentence(text: str) -> str:
    said = " ".join(text.split("\n\n")[0].split())
    return said[:1].lower() + said[1:].rstrip(".")


def _consequence(consequence: AnyConsequence) -> str:
    settings = _settings(consequence)
    if isinstance(consequence, GradientSpec):
        assert consequence.learner is not None
        ranked = consequence.learner.teaches == "reward_model" or consequence.learner.rankings
        last = ("aggregator", consequence.aggregator) if ranked else ("shape", consequence.shape)
        settings = ", ".join(f"{name} {_plain(part)}" for name, part in (("learner", consequence.learner), last))
        settings += f", weight {consequence.weight:g}" if consequence.weight != 1 else ""
    meaning = docstring(type(consequence)).strip().rstrip(".")
    return f"{consequence.name}{f' ({settings})' if settings else ''}: {meaning[:1].lower()}{meaning[1:]}"


def _schedule(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.days:g} simulated days, seed {scenario.seed}"
    for relation in scenario.relations:
        yield f"{relation.principal} → {relation.agent}: {looks(scenario, relation):,} looks"


def _work(scenario: Scenario) -> Iterator[str]:
    """Sizes of machines; labor, thing by thing; and what each party pays for it in all."""
    for name, party in scenario.parties.items():
        if isinstance(party, LanguageModelSpec) and scenario.world.networks:
            yield f"{name}: about {party.parameters:,} parameters besides its dictionary"
    budget = Budget(scenario)
    items = list(budget.items())
    for item in items:
        yield _labor(budget, item)
    for payer in dict.fromkeys(item.payer for item in items if item.payer):
        paid: dict[str, float] = {}
        for item in items:
            if item.payer == payer:
                paid[item.payee] = paid.get(item.payee, 0.0) + item.amount
        each = ", ".join(f"${amount:,.0f} to {payee}" for payee, amount in paid.items())
        yield f"{payer} pays about ${sum(paid.values()):,.0f} for labor: {each}"
    if any(item.what == LABELS for item in items):
        people = sum(item.amount for item in items if item.what != LABELS)
        yield f"those who do the work get about ${people:,.0f}; vendors keep the rest of their price, or make it up"
    if unforeseen := budget.unforeseen():
        yield f"not reckoned: {', '.join(unforeseen)}"


def _labor(budget: Budget, item: Item) -> str:
    """One thing that is paid for; K responses are ranked in the time of K − 1 comparisons."""
    party, relation = budget.parties.get(item.payee), item.relation
    at = f"${item.amount:,.0f}"
    if isinstance(party, PeopleSpec):
        most = f"{item.hours:,.0f} hours of the {budget.capacity(item.payee, party):,.0f} the pool has"
        piece = isinstance(party.pay, PieceSpec) and relation is not None
        at += f" at ${party.pay.rate:g} a pair" if piece else f" at ${party.wage:g} an hour"  # type: ignore[union-attr]
        at = f"{most}, {at if item.payer else 'unpaid, as nobody employs them'}"
    elif item.hours:
        at = f"{item.hours:,.0f} hours, {at}"
    count = f"about {item.pieces:,.0f}"
    if relation is None:
        return f"{item.payee}: {count} {_THINGS[item.what]}, {at}"
    if item.what == RANKING:
        return f"{item.payee}: {count} comparisons for {relation.agent}, {at}"
    return f"{item.payee}: {count} pairs of {relation.agent} to check, {at}"
