"""A small society in which consequences are tried: everybody who can judge somebody does, for two days, of vectors."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from simlab.components.consequence import Consequence
from simlab.relation import Effect

if TYPE_CHECKING:
    from simlab.clock import Steps
    from simlab.relation import Judgement, Log, Relation
    from simlab.scenario import Scenario
    from simlab.simulation import Simulation

_PEOPLE: Mapping[str, Any] = {"count": 6, "policy": {"kind": "mistaken", "flip": 0.3}, "misreading": 0.5}
_PARTIES: Mapping[str, Any] = {
    "users": {"kind": "users", "values": {"helpful": 1.0}, "count": 100},
    "owners": {"kind": "shareholders", "values": {"brand": 1.0}},
    "state": {"kind": "regulator", "law": {"helpful": 1.0}},
    "acme": {"kind": "corporation", "guideline": {"operative": {"helpful": 1.0}}},
    "vendor": {"kind": "vendor"},
    "supplier": {"kind": "vendor"},
    "pool": {"kind": "raters", **_PEOPLE},
    "staff": {"kind": "raters", **_PEOPLE},
    "desk": {"kind": "auditors", "count": 3},
    "chief": {"kind": "auditors", "count": 2},
    "inspectors": {"kind": "auditors", "count": 2},
    "rm": {"kind": "reward_model"},
    "lm": {"kind": "language_model"},
}
_JUDGE: Sequence[tuple[str, str, float | int]] = (  # who judges whom, and how much of the work
    ("users", "acme", 40), ("owners", "acme", 40), ("state", "acme", 40), ("acme", "vendor", 0.5),
    ("vendor", "supplier", 0.5), ("supplier", "staff", 0.5), ("acme", "pool", 0.5), ("acme", "desk", 0.5),
    ("vendor", "inspectors", 0.5), ("inspectors", "staff", 0.5), ("desk", "pool", 0.5), ("chief", "desk", 0.5),
    ("pool", "rm", 100), ("staff", "rm", 60), ("rm", "lm", 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Followed:
    """What a consequence did at one look: on which day, to whom in which relation."""

    day: float
    principal: str
    agent: str
    effects: Sequence[Effect]


def places(consequence: type[Consequence]) -> list[tuple[str, str]]:
    """The relations of the society in which a consequence may stand, as names of principal and agent."""
    kinds = {name: party["kind"] for name, party in _PARTIES.items()}
    return [(p, a) for p, a, _ in _JUDGE if consequence.may_follow(kinds[p], kinds[a])]


def kinds() -> set[tuple[str, str]]:
    """Which kinds of party judge which in it: all that may."""
    return {(_PARTIES[p]["kind"], _PARTIES[a]["kind"]) for p, a, _ in _JUDGE}


def living(consequence: Consequence) -> Scenario:
    """The society's scenario with this consequence wherever it may stand."""
    whole, here = scenario(), set(places(type(consequence)))
    relations = [
        relation.model_copy(update={"consequence": [*relation.consequence, consequence]})
        if (relation.principal, relation.agent) in here
        else relation
        for relation in whole.relations
    ]
    return whole.model_copy(update={"relations": relations})


def played(
    scenario: Scenario, consequence: type[Consequence], after: Callable[[Simulation], None] | None = None
) -> list[Followed]:
    """What this consequence did at each look of a run, in order; `after` is called when the last day is over."""
    from simlab.engine.jobs import Jobs, Store
    from simlab.simulation import Simulation
    from simlab.tables.recorder import Recorder

    simulation = Simulation(scenario, Jobs(Store(None), "cpu"), measured=False)
    found: list[Followed] = []
    for relation in simulation.relations:
        if any(type(c) is consequence for c in relation.consequences):
            relation.log = _Watch(relation.log, simulation, found, consequence)
    criteria = scenario.added_columns()
    with tempfile.TemporaryDirectory(prefix="simlab-testing-") as folder, Recorder(folder, "testing", criteria) as rows:
        simulation.run(rows)
        if after is not None:
            after(simulation)
    return found


class _Watch:
    """The log of a relation, which also keeps what followed of the consequence that is tried."""

    def __init__(self, log: Log, simulation: Simulation, found: list[Followed], consequence: type[Consequence]) -> None:
        self.log, self.context, self.found, self.consequence = log, simulation, found, consequence
        self.turn = 0  # of the consequences of a look, which one is next

    def judged(self, relation: Relation, judgement: Judgement) -> None:
        """A judgement has been made."""
        self.log.judged(relation, judgement)

    def followed(self, relation: Relation, judgement: Judgement, effects: Sequence[Effect], by: Any = None) -> None:
        """Keep what this consequence did, before anybody else looks at it."""
        mine = [type(c) is self.consequence for c in relation.consequences]
        if mine[self.turn % len(mine)]:
            names = relation.principal.name, relation.agent.name
            self.found.append(Followed(self.context.now, *names, effects))
        self.turn += 1
        sound = isinstance(effects, list | tuple) and all(isinstance(effect, Effect) for effect in effects)
        self.log.followed(relation, judgement, effects if sound else [], by)

    def acted(self, relation: Relation) -> Steps:
        """A look is over that had effects."""
        yield from self.log.acted(relation)


@cache
def scenario() -> Scenario:
    """The society as built-in plugins make it."""
    from simlab.plugins.registry import discover
    from simlab.scenario import Scenario
    from simlab.scenario.fields import Reading

    said = {
        "name": "society",
        "days": 2,
        "world": {"kind": "gaussian", "dimensions": 6},
        "panel": {"prompts": 500},
        "parties": _PARTIES,
        "relations": [
            {
                "principal": p,
                "agent": a,
                "every": 1,
                "sample": sample,
                "consequence": ["gradient"] * (a in ("rm", "lm")),
            }
            for p, a, sample in _JUDGE
        ],
    }
    return Scenario.model_validate(said, context=Reading(discover(local=False)))
