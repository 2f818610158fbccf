"""The contract of consequences. They are tried in a small society, in every relation in which they may stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlab.components.return_values import given
from simlab.relation import Effect, Judgement
from simlab.testing import society
from simlab.testing.contract import Subject, check


@check("consequence")
def placed(subject: Subject) -> Iterator[str]:
    """It says which kinds of party may apply it to which, and these are kinds that judge one another."""
    cls: Any = subject.cls
    for trait in ("principals", "agents"):
        if isinstance(getattr(cls, trait), str) or not getattr(cls, trait):
            yield f'{trait} should be a tuple of kinds of party, as {trait} = ("corporation",)'
            return
    kinds = society.kinds()
    for principal in cls.principals:
        if not any((principal, agent) in kinds for agent in cls.agents):
            yield f"no {principal} judges any of {', '.join(cls.agents)}"
    for agent in cls.agents:
        if not any((principal, agent) in kinds for principal in cls.principals):
            yield f"none of {', '.join(cls.principals)} judges any {agent}"


@check("consequence")
def answers(subject: Subject) -> Iterator[str]:
    """What it says that it did is a list of effects, each with a finite amount."""
    for found in _life(subject).followed:
        if not isinstance(found.effects, list | tuple):
            yield f"act gave {given(found.effects)}; it should be a list of effects"
            return
        for effect in found.effects:
            if not isinstance(effect, Effect):
                yield f"act gave a list with {given(effect)}; it should be one of effects"
            elif not np.isfinite(effect.amount):
                yield f"says that the amount was {effect.amount}"


@check("consequence")
def named(subject: Subject) -> Iterator[str]:
    """Its effects are on the agent of the relation, or on people in it, and say why."""
    for found in _life(subject).followed:
        for effect in found.effects:
            if effect.agent.partition(":")[0] != found.agent:
                yield f"did something to {effect.agent!r}, where {found.principal} judges {found.agent}"
            elif not effect.reason:
                yield "does not say why (Effect(…, reason=…))"


@check("consequence")
def reproducible(subject: Subject) -> Iterator[str]:
    """In a second run of the same scenario it does the same: it remembers nothing of the first."""
    first = _life(subject)
    if society.played(first.scenario, type(subject.made())) != first.followed:
        yield "did something else in a second run (what it remembers should be private attributes: _looks: int = 0)"


@check("consequence")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves its parameters, and the scenario it stands in, as they are."""
    life = _life(subject)
    if life.plugin != subject.made() or life.scenario.model_dump_json() != life.before:
        yield "changed its parameters, or what a scenario says of it"


@check("consequence")
def nothing(subject: Subject) -> Iterator[str]:
    """It bears a judgement for which there was nothing to look at, with no scores and no samples."""
    plugin, wrong = subject.made(), list[str]()

    def judge_nothing(simulation: Any) -> None:
        for relation in simulation.relations:
            empty = Judgement(relation.agent.name, principal=relation.principal.name, order=relation.order)
            for consequence in relation.consequences:
                if type(consequence) is type(plugin):
                    wrong.extend(_ended(consequence.apply(relation, empty)))

    society.played(society.living(plugin), type(plugin), judge_nothing)
    yield from wrong


def _ended(process: Any) -> Iterator[str]:
    """What is wrong with a process, as far as it gets without time going by."""
    if not hasattr(process, "send"):
        yield f"apply gave {given(process)}; it should be a process (or define act alone)"
        return
    try:
        next(process)
    except StopIteration as end:
        if not isinstance(end.value, list | tuple):
            yield f"gave {given(end.value)} of a judgement of nothing; it should be a list of effects"


@dataclass(frozen=True, slots=True)
class _Life:
    """A consequence that has been through a run: the scenario, as it was written before, and what followed."""

    plugin: Any
    scenario: Any
    before: str
    followed: list[society.Followed]


def _life(subject: Subject) -> _Life:
    """Its first run, which several checks look at."""

    def lived() -> _Life:
        plugin = subject.made()
        scenario = society.living(plugin)
        before = scenario.model_dump_json()
        return _Life(plugin, scenario, before, society.played(scenario, type(plugin)))

    life: _Life = subject.kept("life", lived)
    return life
