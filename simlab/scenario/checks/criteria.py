"""Criteria that a scenario names and that are none; in a vector world, new ones that were not declared.

In a world of words a criterion is a plugin. In a world whose criteria are directions any name could be one, so that a
misspelt name would make a new direction that nobody else knows of: new ones are listed under `criteria:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from simlab.components.catalogue import Catalogue
from simlab.names import clip, did_you_mean, shown
from simlab.scenario.criteria import mentions
from simlab.scenario.fields import Reading
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.tables.schemas import TABLES
from simlab.worlds.world import World


def unknown(data: Mapping[str, Any], world: type[World], reading: Reading) -> Iterator[Complaint]:
    """Names of criteria that are no plugins, or would be columns of the responses table twice."""
    taken, plugins = TABLES["responses"].means, reading.plugins
    if reading.brought is None and world.brings is not World.brings:
        return  # the world is wrong, and what it would bring along is not known
    known = [*plugins.names("criterion"), *world.directions, *_declared(data)] if world.own_criteria else []
    for at, name in _in_file(data):
        if name in (reading.brought or ()) and not taken(name):
            continue
        if taken(name):
            yield at, f"{shown(name)} cannot be a criterion: it is a column of the responses table", "rename it"
        elif world.own_criteria and name not in known:
            yield _undeclared(at, name, known)
        elif not world.own_criteria and name not in plugins.names("criterion"):
            problem = plugins.unknown("criterion", name)
            yield at, problem.what, problem.fix
        elif not world.own_criteria and (doubt := plugins.doubtful("criterion", name)):
            yield at, doubt.what, doubt.fix


def _declared(data: Mapping[str, Any]) -> Iterable[str]:
    """The criteria that the raw data lists under `criteria:`."""
    listed = data.get("criteria")
    return listed if isinstance(listed, dict) else ()


def unknown_to_plugins(scenario: Scenario) -> Iterator[Complaint]:
    """Names in the parameters of guideline policies, combination rules and charters that no criterion can have."""
    for at, name in _by_plugins(scenario):
        if name not in scenario.criteria:
            yield at, f"there is no criterion called {shown(name)}", "simlab plugins lists them"
        elif TABLES["responses"].means(name):
            yield at, f"{shown(name)} cannot be a criterion: it is a column of the responses table", "rename it"


def undeclared_by_plugins(scenario: Scenario, data: Mapping[str, Any], plugins: Catalogue) -> Iterator[Complaint]:
    """The same of names that are new in a vector world, and were not declared."""
    world = scenario.world
    known = [*plugins.names("criterion"), *world.directions, *_declared(data)]
    for at, name in _by_plugins(scenario) if world.own_criteria else ():
        if name not in known:
            yield _undeclared(at, name, known)


def _by_plugins(scenario: Scenario) -> Iterable[tuple[Path, str]]:
    """What plugins and charters name, each once, with the place of the plugin."""
    found = mentions(scenario.parties, scenario.relations)
    return dict.fromkeys((m.at, m.name) for m in found if m.how in ("plugin", "charter"))


def _undeclared(at: Path, name: str, known: Sequence[str]) -> Complaint:
    """What to say of a name that would be a new direction of a vector world, and is perhaps only misspelt."""
    what = f"there is no criterion called {shown(name)} in this world"
    declare = f"a new one is declared, as in criteria: {{{clip(name)}: {{}}}}"
    return at, what, f"{did_you_mean(name, known)} {declare}".strip()


def _in_file(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every criterion the raw data names, with its path."""
    yield from ((("criteria", name), name) for name in _declared(data))
    yield from ((m.at, m.name) for m in mentions(data.get("parties"), data.get("relations")))
