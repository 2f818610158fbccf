"""The chronicle: what happened, row by row, as the tables want it.

Parties, relations and consequences tell it events; it writes them through the recorder. What parties *prefer* is
the observatory's business (`measures/observatory.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.cohort import Cohort
from simlab.engine.queues import Backlog, Queue
from simlab.parties.language_model import LanguageModel
from simlab.parties.people import People
from simlab.people.demonstrations import Demonstrations
from simlab.people.perception import looked_at
from simlab.rankings import ASKED, WRITTEN, Rankings, preferred, sides
from simlab.relation import Effect, Judgement, Relation
from simlab.rng import hashes
from simlab.tables.recorder import coded
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.simulation import Simulation


class Chronicle:
    """Writes down the events of one simulation, and numbers its judgements."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.judgements = 0

    def add(self, table: str, *, about: str = "", **columns: Any) -> None:
        """Rows of a table that has a time and a round, stamped with both.

        The round is that of the language model in whose making the party `about` has a part.
        """
        stamp = {"time": self.simulation.now, "round": self.simulation.round_of(about)}
        self.simulation.recorder.add(table, **{**stamp, **columns})

    def judgement(self, relation: Relation, judgement: Judgement) -> None:
        """One row per member judged; remembers the row numbers for the consequences."""
        names = list(judgement.scores)
        if not names:
            return
        first = self.judgements
        self.judgements += len(names)
        judgement.identifiers = {name: first + i for i, name in enumerate(names)}
        self.add(
            "judgements",
            about=relation.agent.name,
            judgement=np.arange(first, self.judgements),
            order=relation.order,
            principal=relation.principal.name,
            agent=names,
            guideline_version=self._guideline_version(relation),
            sample=np.array([judgement.samples[n] for n in names]),
            population=judgement.size,
            score=np.array([judgement.scores[n] for n in names]),
        )
        if relation.order > 1 and len(names) > 1:
            self._agents_compared(relation, judgement)

    def _agents_compared(self, relation: Relation, judgement: Judgement) -> None:
        """R_a ≻ R_b: a judgement of several agents as comparisons of them, each with two others.

        They stand in a circle, in an order keyed by their numbers, and each is compared with its neighbours: the label
        is by their scores; gold by their true ρ with the guideline as last measured, undecided where that is unknown.
        """
        names = list(judgement.scores)
        number = np.array([int(name.rpartition(":")[2]) for name in names])
        key = self.simulation.streams.key("circle", relation.principal.name, relation.agent.name, relation.looks)
        circle = np.argsort(hashes(key, number), kind="stable")
        left, right = circle, np.roll(circle, -1)
        if len(names) == 2:  # the circle is one pair
            left, right = left[:1], right[:1]
        score = np.array([judgement.scores[name] for name in names])
        known = self.simulation.observatory.truth.get(relation.agent.name, {})
        truth = np.array([known.get(n, np.nan) for n in number.tolist()])
        identifier = np.array([judgement.identifiers[name] for name in names])
        self.add(
            "comparisons",
            about=relation.agent.name,
            order=relation.order,
            principal=relation.principal.name,
            agent=relation.agent.name,
            task=identifier[left],
            ranking=int(identifier.min()),
            worker=relation.principal.name,
            left=number[left],
            right=number[right],
            label=preferred(score[left] - score[right]),
            source="score",
            held_out=False,
            guideline_version=self._guideline_version(relation),
            perceived=score[left] - score[right],
            gold=preferred(np.nan_to_num(truth[left] - truth[right])),
            duration=np.nan,
            pay=np.nan,
        )

    def effects(self, relation: Relation, judgement: Judgement, effects: Sequence[Effect]) -> None:
        """What followed, each with the judgement it followed from (-1: from none in particular)."""
        if not effects:
            return
        self.add(
            "consequences",
            about=relation.agent.name,
            judgement=np.array([judgement.identifiers.get(e.agent, -1) for e in effects]),
            principal=relation.principal.name,
            kind=[e.kind for e in effects],
            agent=[e.agent for e in effects],
            amount=np.array([e.amount for e in effects]),
            unit=[e.unit for e in effects],
            reason=[e.reason for e in effects],
        )

    def guideline(self, corporation: str, version: int, kind: str, weights: Mapping[str, float]) -> None:
        """One version of a guideline, published or operative."""
        self.simulation.recorder.add(
            "guidelines",
            time=self.simulation.now,
            corporation=corporation,
            version=version,
            kind=kind,
            criterion=list(weights),
            weight=np.array(list(weights.values()), dtype=float),
        )
        if kind == "operative":
            practised = self.simulation.parties[corporation].standard().vector
            self.readings(corporation, [corporation], practised[None, :], version)

    def readings(self, party: str, people: Sequence[str], vectors: Array, version: int) -> None:
        """What a party, or each of these people of a pool, goes by: value vectors [n, D], criterion by criterion.

        What lies in no named criterion's direction is one row more, its length.
        """
        criteria, game = self.simulation.scenario.criteria_valued(), self.simulation.game
        axes = np.stack([game.value({name: 1.0}) for name in criteria])
        weights = vectors @ axes.T / np.sum(axes * axes, axis=1)
        rest = np.linalg.norm(vectors - weights @ axes, axis=1)
        columns = [*criteria, ""] if rest.max(initial=0.0) > 1e-12 else criteria
        both = np.column_stack([weights, rest])[:, : len(columns)]
        self.add(
            "readings",
            about=party,
            party=coded(np.repeat(np.arange(len(people)), len(columns)), people),
            version=version,
            criterion=coded(np.tile(np.arange(len(columns)), len(people)), columns),
            weight=both.ravel(),
        )

    def spells(self, pool: People, people: Cohort, reason: str = "") -> None:
        """Employment spells as they begin and as they end; the last row of a spell counts."""
        self.simulation.recorder.add(
            "employment",
            worker=pool.labels_of(people.number),
            person=[pool.persons[n] for n in people.number.tolist()],
            employer=self.simulation.employer_of(pool.name),
            hired=people.hired,
            ended=people.ended,
            reason=reason,
        )

    def candidates(
        self, model: LanguageModel, tasks: NDArray[np.int64], items: Items, options: int, asked: NDArray[np.bool_]
    ) -> None:
        """The responses that are to be compared, and which tasks' prompts users asked [m]; their numbers are
        task · K + place."""
        columns = self.simulation.game.transcript(items)
        self.add(
            "candidates",
            about=model.name,
            agent=model.name,
            response=(tasks[:, None] * options + np.arange(options)[None, :]).ravel(),
            prompt=columns["prompt"],
            text=columns["response"],
            origin=coded(np.repeat(asked, options), [WRITTEN, ASKED]),
        )

    def comparisons(
        self, pool: People, agent: str, version: int, made: Rankings, pay: Array, source: pa.DictionaryArray
    ) -> None:
        """One row per compared pair of each ranking; `pay` [m] is what a pair of each is to bring, in $, and `source`
        [m] who or what said so. Asks no plugin, and may so be called in a thread."""
        left, right = sides(made.options)
        each, number, ids = made.seconds / made.pairs, made.pair_numbers.ravel(), made.ids
        self.add(
            "comparisons",
            about=pool.name,
            order=1,
            principal=pool.name,
            agent=agent,
            task=pa.array(number),
            ranking=pa.array(_each(made.task, made.pairs) if made.pairs > 1 else number),
            worker=coded(_each(made.worker, made.pairs), pool.names),
            left=pa.array(ids[:, left].ravel()),
            right=pa.array(ids[:, right].ravel()),
            label=made.label.ravel(),
            source=coded(_each(source.indices, made.pairs), source.dictionary),
            held_out=_each(made.held_out, made.pairs),
            guideline_version=version,
            perceived=pa.array(made.perceived.ravel()),
            gold=made.gold.ravel(),
            duration=pa.array(_each(each, made.pairs)),
            pay=pa.array(_each(pay, made.pairs)),
        )

    def worked(self, pool: People, made: Rankings) -> None:
        """The hours of rankings that have been written down, as labor; and the observatory is told of them."""
        self.simulation.observatory.heard(pool, made)
        hours = float(made.seconds.sum()) / 3600
        kind = "ranking" if pool.work_order == 1 else "auditing"
        pay = float(self._worth(pool, np.array(hours), made.label.size))
        care = float(looked_at(pool, made.worker).mean())
        self.labor(pool.name, kind, order=pool.work_order, hours=hours, pay=pay, care=care)

    def earned(self, pool: People, made: Rankings) -> Array:
        """What a compared pair of each of these rankings [m] is to bring whoever made it, in $."""
        return self._worth(pool, made.seconds / made.pairs / 3600, 1.0)

    def _worth(self, pool: People, hours: Array, pairs: float) -> Array:
        """What so much work is to bring somebody, in $; nobody employs, nobody pays."""
        paid = 1.0 if self.simulation.employer_of(pool.name) else 0.0
        return np.asarray(paid * pool.spec.pay.nominal(pool.spec.wage, hours, pairs))

    def lessons(self, pool: People, agent: str, taught: Rankings, before: Array, after: Array) -> None:
        """What each label of these rankings did to a reward model's margins [m, pairs]."""
        from scipy.special import expit

        people, place = np.unique(taught.worker, return_inverse=True)
        wins = np.choose(taught.label, (0.5, 1.0, 0.0))
        self.add(
            "lessons",
            about=agent,
            principal=pool.name,
            agent=agent,
            task=taught.pair_numbers.ravel(),
            worker=coded(np.repeat(place, taught.pairs), pool.labels_of(people).tolist()),
            label=taught.label.ravel(),
            margin_before=before.ravel(),
            margin_after=after.ravel(),
            push=(wins - expit(before)).ravel(),
        )

    def demonstrations(self, pool: People, model: str, shown: Demonstrations, pay: Array) -> None:
        """What people wrote for a language model to imitate, and what each got for it [n]."""
        columns = self.simulation.game.transcript(shown.items)
        self.add(
            "demonstrations",
            about=model,
            agent=model,
            worker=pool.labels_of(shown.who),
            prompt=columns["prompt"],
            text=columns["response"],
            duration=shown.seconds,
            pay=pay,
        )

    def labor(
        self, party: str, kind: str, *, hours: float, order: int = 0, pay: float = 0.0, flops: float = 0.0,
        about: str = "", care: float = float("nan"),
    ) -> None:  # fmt: skip
        """Work that was done: hours, pay and care of people, hours and operations of machines."""
        work: dict[str, Any] = {"kind": kind, "order": order, "hours": hours, "pay": pay, "flops": flops, "care": care}
        self.add("labor", about=about or party, party=party, **work)

    def transfer(self, payer: str, payee: Any, amount: Any, reason: str) -> None:
        """Money that changes hands: one payee and amount ($), or arrays of both for the people of one pool.

        Each transfer has two rows in the ledger, one for either side, and they sum to zero.
        """
        accounts, now = self.simulation.accounts, self.simulation.now
        amounts = np.atleast_1d(np.asarray(amount, dtype=float))
        if not len(amounts):
            return
        payees = np.atleast_1d(np.asarray(payee, dtype=object))
        numbers = accounts.transfers + np.arange(len(amounts))
        accounts.transfers += len(amounts)
        accounts.post(now, payer, str(payees[0]).partition(":")[0], float(amounts.sum()), reason)
        both = np.arange(2 * len(amounts)) // 2
        paid = np.arange(2 * len(amounts)) % 2 == 0
        self.simulation.recorder.add(
            "ledger",
            time=now,
            transfer=numbers[both],
            account=np.where(paid, payer, payees[both]),
            counterparty=np.where(paid, payees[both], payer),
            amount=np.where(paid, -amounts[both], amounts[both]),
            reason=reason,
        )

    def flows(self, queues: Mapping[str, Queue | Backlog]) -> None:
        """What went through every queue from the first day to now."""
        flows = [queue.flow() for queue in queues.values()]
        self.simulation.recorder.add(
            "queues",
            time=self.simulation.now,
            queue=list(queues),
            arrivals=np.array([f.arrivals for f in flows]),
            departures=np.array([f.departures for f in flows]),
            length=np.array([f.length for f in flows]),
            rate=np.array([f.rate for f in flows]),
            stay=np.array([f.stay for f in flows]),
            waiting=np.array([f.waiting for f in flows]),
        )

    def incidents(self, corporation: str, source: str, counts: Mapping[str, int]) -> None:
        """Complaints or violations that reached a corporation, by criterion."""
        if counts:
            columns = {"criterion": list(counts), "count": np.array(list(counts.values()), dtype=np.int64)}
            self.add("incidents", about=corporation, corporation=corporation, source=source, **columns)

    def _guideline_version(self, relation: Relation) -> int:
        """The version of the guideline in force where this relation stands; 0 where there is none."""
        parties = self.simulation.parties
        line = [relation.principal.name, *self.simulation.hierarchy.above(relation.principal.name), relation.agent.name]
        found = next((v for v in (getattr(parties[name], "version", 0) for name in line) if v), 0)
        if not found and isinstance(relation.agent, People):  # auditors who answer to nobody
            found = self.simulation.guideline_for(relation.agent.name).version
        return int(found)


def _each(values: Any, pairs: int) -> NDArray[Any]:
    """A value of each ranking, for each of its pairs."""
    array = np.asarray(values)
    return np.repeat(array, pairs) if pairs > 1 else array
