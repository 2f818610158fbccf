"""Auditors: people paid to judge judgements, of raters or of other auditors, at any depth.

An auditor is shown what somebody said of two responses, looks at the responses, and says which is better; who is
audited is scored by how often the two agree. What auditors say can itself be audited, and so on.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.components.rater_view import UNSAID
from simlab.parties.audits import hear, sampled_pairs, verdict
from simlab.parties.looks import looked
from simlab.parties.pool import Pool
from simlab.people import table_rows
from simlab.people.assignment import assigned
from simlab.people.collusion import reported
from simlab.people.working_life import within_hours
from simlab.rankings import Rankings
from simlab.relation import Judgement, Relation, Work
from simlab.rng import hashes

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario import AuditorsSpec

HOURS_PER_DAY = 24.0


class Auditors(Pool):
    """A pool of auditors. Their judgements are labor: they take time and are paid for."""

    def __init__(self, context: Context, name: str, spec: AuditorsSpec) -> None:
        super().__init__(context, name, spec)
        self.spec: AuditorsSpec = spec

    def judge(self, relation: Relation, work: Work) -> Generator[Event, None, Judgement]:
        """Look at a sample of pairs again, as many as fit into the working hours since the last look.

        The clock runs while they do: the judgement comes when the busiest of them is done.
        """
        if relation.by is not None:
            return (yield from looked(self.context, relation, work, self))
        agent = relation.agent.name
        key = self.context.rng.key(self.name, "audits", agent)
        pairs = sampled_pairs(relation, work, key)
        if not self.cohort.employed.any() or not len(pairs):
            return Judgement(agent, principal=self.name, order=relation.order)
        who = self._auditors(agent, pairs.draw, 1)[:, 0]
        done, opinion = yield from self._look(relation, pairs, who)
        if not len(done):
            return Judgement(agent, principal=self.name, order=relation.order)
        pairs = pairs[done]
        appeals = hear(self.context, relation, pairs, opinion, lambda rows: self._second_look(relation, pairs[rows]))
        return verdict(relation, work, pairs, opinion, appeals)

    def differences(self, pairs: Rankings) -> Array:
        """Auditors as a whole have no standard of their own, only opinions [n]."""
        return np.full(len(pairs), np.nan)

    def ask(
        self, relation: Relation, pairs: Rankings, wanted: NDArray[np.int64]
    ) -> Generator[Event, None, NDArray[np.int64]]:
        """So many opinions of each pair [n, most], each of another auditor, as many as fit into their working hours."""
        most = min(int(wanted.max(initial=0)), int(self.cohort.employed.sum()))
        found = np.full((len(pairs), int(wanted.max(initial=0))), UNSAID)
        row, number = np.nonzero(wanted[:, None] > np.arange(most)[None, :])
        who = self._auditors(relation.agent.name, pairs.draw, most)[row, number]
        if len(row):
            done, opinion = yield from self._look(relation, pairs[row], who)
            found[row[done], number[done]] = opinion
        return found

    def _auditors(self, agent: str, draw: NDArray[Any], many: int) -> Indices:
        """Who looks at each pair [n, many]: first whoever does if one is enough, then others, all of them different."""
        key, employed = self.context.rng.key(self.name, "assignment", agent), self.cohort.employed
        first = assigned(key, draw, employed, 1)
        if many < 2:
            return first[:, :many]
        several = assigned(key, draw, employed, many)
        others = np.argsort(several == first, axis=1, kind="stable")[:, : many - 1]  # the first goes to the end
        return np.concatenate([first, np.take_along_axis(several, others, axis=1)], axis=1)

    def _look(
        self, relation: Relation, pairs: Rankings, who: Indices
    ) -> Generator[Event, None, tuple[Indices, NDArray[np.int64]]]:
        """Auditor who[i] looks at pair i: which get done in time [m], and what is said of them [m]."""
        rows = np.arange(len(pairs))
        seconds = self.durations(who, pairs.draw, 1)
        rows = rows[within_hours(who, seconds, self.spec.hours * 3600 * relation.every)]
        nothing = np.zeros(0, dtype=np.int64)
        if not len(rows):
            return nothing, nothing
        busiest = np.bincount(who[rows], weights=seconds[rows]).max() / 3600
        yield self.context.env.timeout(busiest / HOURS_PER_DAY)
        rows = rows[self.cohort.employed[who[rows]]]  # who was dismissed meanwhile leaves the rest undone
        if not len(rows):
            return nothing, nothing
        return rows, self._opinions(relation, pairs[rows], who[rows], seconds[rows])

    def _second_look(self, relation: Relation, pairs: Rankings) -> NDArray[np.int64]:
        """What another auditor says of pairs that were appealed [n] (the same one, where there is no other)."""
        draw = hashes(self.context.rng.key(self.name, "second look"), pairs.draw)
        key = self.context.rng.key(self.name, "assignment", relation.agent.name)
        who = assigned(key, draw, self.cohort.employed, 1)[:, 0]
        return self._opinions(relation, pairs.with_draws(draw), who, self.durations(who, draw, 1))

    def _opinions(self, relation: Relation, pairs: Rankings, who: Indices, seconds: np.ndarray) -> NDArray[np.int64]:
        """What each auditor says of the pair before them [n]; written down, and open to audit in turn."""
        rng, agent = self.context.rng, relation.agent.name
        key = rng.key(self.name, "labels", agent)
        response_keys = hashes(rng.key("response"), pairs.draw[:, None], np.arange(2)[None, :]).ravel()
        label, perceived = self.labels(pairs.items, who, response_keys, pairs.draw, key, None, seconds, pairs.label)
        if self.spec.collusion is not None or self.spec.bounty:
            label = reported(self, agent, who, pairs.worker, pairs.label[:, 0], label[:, 0])[:, None]
        made = pairs[np.arange(len(pairs))]
        made.worker, made.label, made.perceived, made.seconds = who, label, perceived, seconds
        self.clock_off(who, made, elapsed=True)
        version = self.context.guideline_for(self.name).version
        source = self.sources(who, "auditor")
        table_rows.comparisons(self, agent, version, made, table_rows.earned(self, made), source)
        table_rows.worked(self, made)
        self.deliver(made)
        return label[:, 0]
