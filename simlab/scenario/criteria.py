"""The criteria a scenario names: which of them there are, and in a vector world, which are new and were declared.

In a world of words a criterion is a plugin. In a world whose criteria are directions any name could be one, so that a
misspelt name would make a new direction that nobody else knows of: new ones are listed under `criteria:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simlab.components.world import World
from simlab.names import clip, did_you_mean, shown
from simlab.scenario.checks import society as market
from simlab.scenario.checks.relations import Complaint, Path
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    from simlab.plugins.registry import Registry
    from simlab.scenario.fields import Reading
    from simlab.scenario.model import Scenario


def unknown(data: Mapping[str, Any], world: type[World], reading: Reading) -> Iterator[Complaint]:
    """Names of criteria that are no plugins, or would be columns of the responses table twice."""
    taken, plugins = TABLES["responses"].names, reading.plugins
    if reading.brought is None and world.brings is not World.brings:
        return  # the world is wrong, and what it would bring along is not known
    known = [*plugins.names("criterion"), *world.directions, *_declared(data)] if world.own_criteria else []
    for at, name in _named_criteria(data):
        if name in (reading.brought or ()) and name not in taken:
            continue
        if name in taken:
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


def undeclared_by_plugins(scenario: Scenario, data: Mapping[str, Any], plugins: Registry) -> Iterator[Complaint]:
    """Names of no criterion in the parameters of guideline policies and combination rules, in a vector world."""
    world = scenario.world
    known = [*plugins.names("criterion"), *world.directions, *_declared(data)]
    for at, named in market.named_by_plugins(scenario) if world.own_criteria else ():
        yield from (_undeclared(at, name, known) for name in dict.fromkeys(named) if name not in known)


def _undeclared(at: Path, name: str, known: Sequence[str]) -> Complaint:
    """What to say of a name that would be a new direction of a vector world, and is perhaps only misspelt."""
    what = f"there is no criterion called {shown(name)} in this world"
    declare = f"a new one is declared, as in criteria: {{{clip(name)}: {{}}}}"
    return at, what, f"{did_you_mean(name, known)} {declare}".strip()


def _named_criteria(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every criterion the raw data names, with its path."""
    for way in _weighed(data):
        here: Any = data
        for step in way:
            inside = isinstance(here, list) if isinstance(step, int) else isinstance(here, dict) and step in here
            here = here[step] if inside else None
        yield from (((*way, key), key) for key in (here if isinstance(here, dict) else ()))
    parties = data.get("parties")
    for name, party in parties.items() if isinstance(parties, dict) else ():
        exposure = party.get("exposure") if isinstance(party, dict) else None
        if isinstance(exposure, dict) and isinstance(exposure.get("criterion"), str):
            yield ("parties", name, "exposure", "criterion"), exposure["criterion"]


def _weighed(data: Mapping[str, Any]) -> Iterator[Path]:
    """Where the raw data may hold weights of criteria."""
    yield ("criteria",)
    parties = data.get("parties")
    for name, party in parties.items() if isinstance(parties, dict) else ():
        yield from (("parties", name, "values"), ("parties", name, "law"))
        yield from (("parties", name, "guideline", kind) for kind in ("operative", "published"))
        intents = party.get("intents") if isinstance(party, dict) else None
        for index in range(len(intents) if isinstance(intents, list) else 0):
            yield ("parties", name, "intents", index, "values")
