"""The corporation: it writes a guideline, serves the model's responses, and ranks the raters who follow it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.components import Array
from simlab.parties.workforce import audit
from simlab.relation import Judgement, Party, Relation, Standard, Steps, Work
from simlab.streams import branch

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.scenario import CorporationSpec
    from simlab.simulation import Simulation


class Corporation(Party):
    """A maker of language models. Its guideline is written in the scenario; what it operates by may differ.

    `misreading` turns the written guideline by an isotropic error of that many of its norms, once and for
    all below; the published guideline is what users and regulators are shown.
    """

    def __init__(self, simulation: Simulation, name: str, spec: CorporationSpec) -> None:
        super().__init__(simulation, name)
        self.spec = spec
        self.version = 1
        written = simulation.game.value(spec.guideline.operative)
        unit = float(np.linalg.norm(written))
        (error,) = simulation.deviations(simulation.streams.key(name, "misreading"), np.arange(1))
        operative = written + spec.misreading * unit * error
        published = simulation.game.value(spec.guideline.published or spec.guideline.operative)
        self._standard = Standard(name, self.version, operative, published, unit)

    def standard(self) -> Standard:
        return self._standard

    def start(self) -> Steps:
        yield from ()
        told = self.spec.guideline
        self.simulation.chronicle.guideline(self.name, self.version, "published", told.published or told.operative)
        self.simulation.chronicle.guideline(self.name, self.version, "operative", told.operative)

    def utility(self, panel: Panel) -> Array:
        return panel.features @ self._standard.vector

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """A sample of the responses its model gave to the public since the last look."""
        model = self.simulation.model_below(self.name)
        if model is None:
            return Work(self.name)
        count = relation.sampled(getattr(relation.principal, "count", 1))
        key = self.simulation.streams.key(relation.principal.name, "asks", self.name, relation.looks)
        prompts = self.simulation.game.draw_prompts(branch(key, "prompts"), count)
        served = yield from model.respond(prompts, key)
        return Work(self.name, served, count)

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Audit a random sample of what its people said against gold, which is itself wrong now and then."""
        yield from ()
        return audit(relation, work, self._standard.vector, self.spec)
