"""Auditors: people paid to judge judgements, of raters or of other auditors, at any depth.

An auditor is shown what somebody said of two responses, looks at the responses, and says which is better; who is
audited is scored by how often the two agree. What auditors say can itself be audited, and so on.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.parties.assignment import assigned
from simlab.parties.people import People, within_hours
from simlab.parties.rankings import Rankings
from simlab.parties.workforce import sampled_pairs, verdict
from simlab.relation import Judgement, Relation, Work
from simlab.streams import hashes
from simlab.worlds.game import Indices

if TYPE_CHECKING:
    from simlab.scenario import AuditorsSpec
    from simlab.simulation import Simulation

HOURS_PER_DAY = 24.0


class Auditors(People):
    """A pool of auditors. Their judgements are labor: they take time and are paid for."""

    def __init__(self, simulation: Simulation, name: str, spec: AuditorsSpec) -> None:
        super().__init__(simulation, name, spec)
        self.spec: AuditorsSpec = spec

    def judge(self, relation: Relation, work: Work) -> Generator[Event, None, Judgement]:
        """Look at a sample of pairs again, as many as fit into the working hours since the last look.

        The clock runs while they do: the judgement comes when the busiest of them is done.
        """
        assert self.cohort is not None
        agent = relation.agent.name
        key = self.simulation.streams.key(self.name, "audits", agent)
        pairs = sampled_pairs(relation, work, key)
        if not self.cohort.employed.any() or not len(pairs):
            return Judgement(agent, principal=self.name, order=relation.order)
        key = self.simulation.streams.key(self.name, "assignment", agent)
        who = assigned(key, pairs.draw, self.cohort.employed, 1)[:, 0]
        seconds = self.durations(who, pairs.draw, 1)
        fits = within_hours(who, seconds, self.spec.hours * 3600 * relation.every)
        pairs, who, seconds = pairs[fits], who[fits], seconds[fits]
        if not len(pairs):
            return Judgement(agent, principal=self.name, order=relation.order)
        busiest = np.bincount(who, weights=seconds).max() / 3600
        yield self.simulation.env.timeout(busiest / HOURS_PER_DAY)
        opinion = self._opinions(relation, pairs, who, seconds)
        return verdict(relation, work, pairs, opinion)

    def _opinions(self, relation: Relation, pairs: Rankings, who: Indices, seconds: np.ndarray) -> NDArray[np.int64]:
        """What each auditor says of the pair before them [n]; written down, and open to audit in turn."""
        streams, agent = self.simulation.streams, relation.agent.name
        seen = hashes(streams.key("response"), pairs.draw[:, None], np.arange(2)[None, :]).ravel()
        label, perceived = self.labels(pairs.items, who, seen, pairs.draw, streams.key(self.name, "labels", agent))
        made = pairs[np.arange(len(pairs))]
        made.worker, made.label, made.perceived, made.seconds = who, label, perceived, seconds
        self.clock_off(who, seconds)
        version = self.simulation.guideline_for(self.name).version
        source = np.where(self.delegates(who), self.spec.delegation.to if self.spec.delegation else "", "auditor")
        self.simulation.chronicle.rankings(self, agent, made, version, source)
        self.deliver(made)
        return label[:, 0]
