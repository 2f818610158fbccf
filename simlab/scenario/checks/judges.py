"""Reward models that judge one language model together: by one calendar and sample, and with one way to learn.

The last of their relations trains the model, once a look, by all their scores. `reading` reports these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simlab.components.component import parameters
from simlab.names import shown, suggestion
from simlab.scenario.machines import LanguageModelSpec
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.relations import RelationSpec


def at_odds(scenario: Scenario) -> Iterator[Complaint]:
    """Everything in which judges of one language model differ but must not, and judges none of whom has a weight."""
    for name, party in scenario.parties.items():
        judges = scenario.judges(name)
        if not isinstance(party, LanguageModelSpec) or not judges:
            continue
        places = [i for i, r in enumerate(scenario.relations) if r.agent == name and r.principal in judges]
        if not any(judges.values()):
            here: Path = ("relations", places[-1], "consequence", 0, "weight")
            yield here, f"nobody's score counts for {name}: every weight is 0", "a weight above 0"
        yield from _rule(scenario, name, list(judges), places[0])
        for place in places[1:]:
            yield from _differences(scenario.relations[places[0]], scenario.relations[place], place)


def _rule(scenario: Scenario, model: str, judges: list[str], place: int) -> Iterator[Complaint]:
    """A rule that means nothing of these judges."""
    rule = scenario.judged_by(model)
    here: Path = ("relations", place, "consequence", 0, "combine")
    if rule is None or rule.additive:
        return
    if not scenario.world.networks:
        what = f"{rule.name} bends the score, and a world without networks knows no optimum then"
        yield here, what, "combine: weighted, or another world"
    elif len(judges) < 2:
        yield here, f"{rule.name} combines several reward models, and one judges {model}", "remove it"
    for name in dict.fromkeys(rule.criteria()):
        if name not in judges:
            yield here, f"{shown(name)} is no reward model that judges {model}", suggestion(name, judges)


def _differences(first: RelationSpec, other: RelationSpec, place: int) -> Iterator[Complaint]:
    """In what two judges of one language model differ; in nothing but their weight they may."""
    both = f"{first.principal} and {other.principal} judge {other.agent} together"
    for setting in ("every", "sample"):
        if (mine := getattr(first, setting)) != getattr(other, setting):
            fix = f"{setting}: {mine:g}"
            yield ("relations", place, setting), f"{both}, and {setting} of {first.principal} is {mine:g}", fix
    for setting in ("learner", "shape", "combine"):
        mine, theirs = (_said(relation, setting) for relation in (first, other))
        if mine != theirs:
            here: Path = ("relations", place, "consequence", 0, setting)
            yield here, f"{both}, and the {setting} of {first.principal} is {shown(mine)}", f"the same {setting}"


def _said(relation: RelationSpec, setting: str) -> dict[str, Any]:
    """A component of the gradient of a relation, with its parameters."""
    found = next(getattr(c, setting) for c in relation.consequence if c.kind == "gradient")
    return parameters(found)
