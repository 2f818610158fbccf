"""Reading a scenario file: layers put together, checked, with every problem at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simlab.components.catalogue import Catalogue
from simlab.components.spec import kind_of, named, parts_of, specs_in
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.scenario import layers
from simlab.scenario.checks import (
    consequences,
    criteria,
    demonstrations,
    efforts,
    judges,
    looks,
    rater_policies,
    relations,
    saved_models,
    sizes,
    society,
)
from simlab.scenario.choices import Choices
from simlab.scenario.fields import Reading
from simlab.scenario.layers import Overrides
from simlab.scenario.messages import Complaint, Complaints
from simlab.scenario.model import Scenario
from simlab.scenario.parties import AnyParty
from simlab.scenario.yaml_tree import Node, Place, located
from simlab.worlds.world import World

_MOST_PROBLEMS = 30  # shown at once


def load(
    path: Path | str,
    plugins: Catalogue,
    *,
    overrides: Overrides = (),
    small: bool = False,
    seed: int | None = None,
    without: Sequence[str | Node] = (),
    inline: Node | None = None,
) -> Scenario:
    """The scenario of a file, with what it `extends`, its `small:` block if asked for, and `key=value` overrides.

    `plugins` are the components it may name; `without` names whom the run is to be without, beside those the file
    names; `inline` is the part of the file that is a scenario, if not all of it is. Raises `InvalidInput` with every
    problem of the file at once, each as `file:line:column: path: what is wrong (the likely fix)`.
    """
    file = os.fspath(given(path))
    root = layers.resolve(file, overrides=overrides, small=small, choices=_choices(plugins), inline=inline)
    if seed is not None:
        seed = seed.tolist() if hasattr(seed, "tolist") else seed  # a number of numpy
        root.value["seed"], root.keys["seed"] = Node(seed, Place("--seed")), Place("--seed")
    layers.leave_out(root, without)
    data = root.plain()
    reading = Reading(plugins, nodes=dict(located(root, data)))
    complaints = Complaints(root, data, reading.models)
    problems = reading.plugins.refused()
    try:
        scenario = Scenario.model_validate(data, context=reading)
        problems += [complaints.problem(*p) for p in _together(scenario)]
        problems += [complaints.problem(*p) for p in criteria.undeclared_by_plugins(scenario, data, plugins)]
    except ValidationError as error:
        problems += complaints.of(error)
    problems += [complaints.problem(at, what, fix) for at, what, fix in relations.complaints(data, plugins)]
    world = _world(data, reading.plugins)
    if world is not None:
        learners = relations.known_learners(plugins)
        problems += [complaints.problem(*p, at_key=True) for p in criteria.unknown(data, world, reading)]
        problems += [complaints.problem(*p) for p in relations.learners_misplaced(data, world.networks, learners)]
        problems += [complaints.problem(*p) for p in demonstrations.misplaced(data, world.networks)]
        problems += [complaints.problem(*p) for p in relations.direct_misplaced(data, world.networks)]
    if problems:
        raise InvalidInput(*_presentable(problems))
    scenario._complaints = complaints
    return scenario


def has_small(path: Path | str, plugins: Catalogue) -> bool:
    """Whether a scenario file has a small form. Raises `InvalidInput` if it cannot be read."""
    return layers.has_small(os.fspath(given(path)), _choices(plugins))


def _together(scenario: Scenario) -> Iterator[Complaint]:
    """What entries that are well-formed one by one cannot be together; `checks.relations` complains of relations that
    lead to nobody, of which nothing else can be said."""
    if all({relation.principal, relation.agent} <= scenario.parties.keys() for relation in scenario.relations):
        yield from sizes.beyond(scenario)
        yield from society.impossible(scenario)
        yield from consequences.misplaced(scenario)
        yield from looks.misplaced(scenario)
        yield from saved_models.unfit(scenario)
        yield from judges.at_odds(scenario)
        yield from criteria.unknown_to_plugins(scenario)
        yield from rater_policies.pointless(scenario)
        yield from efforts.pointless(scenario)


def _choices(plugins: Catalogue) -> Choices:
    """Which settings take the place of others, as kinds of party, their parts, consequences and plugins say it."""
    return Choices.of([*_said_by_specs(), *((cls.name, cls.instead_of) for cls in plugins.classes())])


@cache
def _said_by_specs() -> tuple[tuple[str, Mapping[str, tuple[str, ...]]], ...]:
    specs = [(name, spec) for party in specs_in(AnyParty) for name, spec in parts_of(party).items()]
    specs += [(kind_of(party), party) for party in specs_in(AnyParty)]
    return tuple((name, spec.instead_of) for name, spec in specs if spec.instead_of)


def _presentable(problems: Sequence[Problem]) -> list[Problem]:
    """In the order of the files' lines, each once, and not more than a person reads."""
    ordered = sorted(dict.fromkeys(problems), key=lambda p: (str(p.file), p.line or 0, p.column or 0))
    rest = len(ordered) - _MOST_PROBLEMS
    return [*ordered[:_MOST_PROBLEMS], *([Problem(f"… and {rest} more problems")] if rest > 0 else [])]


def _world(data: Mapping[str, Any], plugins: Catalogue) -> type[World] | None:
    """The class of the world the raw data names, if there is one."""
    entry = named(data.get("world"))
    name = entry.get("kind") if isinstance(entry, dict) else None
    cls = plugins.get("world", name) if isinstance(name, str) and name in plugins.names("world") else None
    return cls if cls is not None and issubclass(cls, World) else None
