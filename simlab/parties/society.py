"""Those who stand above the corporation: users, who bring an intent to every prompt and stay or leave."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.components import Array
from simlab.relation import Judgement, Party, Relation, Standard, Work
from simlab.streams import uniforms

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.scenario import UsersSpec
    from simlab.simulation import Simulation


class Users(Party):
    """A population of users who share an intent: `values`, a vector in the world's value space.

    Their judgement of a corporation is the share of a sample of responses that satisfied the user who asked.
    """

    def __init__(self, simulation: Simulation, name: str, spec: UsersSpec) -> None:
        super().__init__(simulation, name)
        self.spec = spec
        self.vector = simulation.game.value(spec.values)
        self.count = spec.count

    def standard(self) -> Standard:
        return Standard(self.name, 1, self.vector, self.vector, float(np.linalg.norm(self.vector)))

    def utility(self, panel: Panel) -> Array:
        return panel.features @ self.vector

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        raise NotImplementedError("users answer to nobody")
        yield

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Each sampled response satisfies its user with the probability that the world calls approval."""
        yield from ()
        game, key = self.simulation.game, self.simulation.streams.key(self.name, "satisfaction", relation.looks)
        approval = game.approval(self.vector, game.features(work.items))
        satisfied = uniforms(key, np.arange(work.size)) < approval
        agent = relation.agent.name
        return Judgement(
            agent=agent,
            items=satisfied,
            size=work.size,
            principal=self.name,
            order=relation.order,
            scores={agent: float(satisfied.mean())},
            samples={agent: work.size},
        )
