"""Consequences for people: pay, warn, fire, hire."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.parties.cohort import Cohort
from simlab.parties.people import People
from simlab.relation import Consequence, Effect, Judgement, Relation

KINDS = {"raters": "ranking", "auditors": "auditing"}

if TYPE_CHECKING:
    from simlab.scenario import FireSpec, WarnSpec
    from simlab.simulation import Simulation


class LaborConsequence(Consequence):
    """A consequence that takes no simulated time: it is told the relation and says what it did."""

    def __init__(self, simulation: Simulation, spec: Any) -> None:
        self.simulation = simulation
        self.spec = spec

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        yield from ()
        return self.act(relation, judgement)

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        """What is done, at once."""
        raise NotImplementedError


class Pay(LaborConsequence):
    """Wages for the hours worked since the last payday, to everyone who worked them, dismissed or not.

    Paid are the people the relation judges; or `people`, if those are others (auditors nobody looks at).
    """

    def __init__(self, simulation: Simulation, spec: Any, people: People | None = None) -> None:
        super().__init__(simulation, spec)
        self.people = people

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        pool = self.people or _pool(relation)[0]
        cohort, employer = pool.cohort, self.simulation.employer_of(pool.name)
        assert cohort is not None
        rows = np.flatnonzero(cohort.unpaid > 0)
        if not len(rows) or not employer:
            return []
        names, amounts = pool.labels_of(rows), cohort.unpaid[rows] * pool.spec.wage
        self.simulation.chronicle.transfer(employer, names, amounts, f"wages for {KINDS[pool.spec.kind]}")
        cohort.unpaid[:] = 0.0
        return [Effect("pay", n, a, "$", "wages") for n, a in zip(names.tolist(), amounts.tolist(), strict=True)]


class Warn(LaborConsequence):
    """A warning to everyone just judged whose record with this principal stands below `below`."""

    spec: WarnSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        score = pool.record(relation.principal.name).score
        rows = rows[score[rows] < self.spec.below]
        cohort.warnings[rows] += 1
        reason = f"agreement with gold below {self.spec.below:g}"
        return [Effect("warn", f"{pool.name}:{r}", float(score[r]), "agreement", reason) for r in rows.tolist()]


class Fire(LaborConsequence):
    """Dismissal of everyone just judged whose record with this principal, over enough pairs, stands below `below`."""

    spec: FireSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        record = pool.record(relation.principal.name)
        score = record.score
        known = (record.audited[rows] >= self.spec.min_sample) & (cohort.warnings[rows] >= self.spec.after_warnings)
        rows = rows[known & (score[rows] < self.spec.below)]
        reason = f"agreement with gold below {self.spec.below:g}"
        for row in rows.tolist():
            pool.dismiss(row, f"fired: {reason}")
        return [Effect("fire", f"{pool.name}:{r}", float(score[r]), "agreement", reason) for r in rows.tolist()]


class Hire(LaborConsequence):
    """New people for every vacant place."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        vacant = pool.places - int(cohort.employed.sum())
        if vacant <= 0:
            return []
        return [Effect("hire", f"{pool.name}:{n}", 1.0, "person", "vacant place") for n in pool.recruit(vacant)]


def _pool(relation: Relation) -> tuple[People, Cohort]:
    pool = relation.agent
    assert isinstance(pool, People)
    assert pool.cohort is not None
    return pool, pool.cohort


def _judged(judgement: Judgement, cohort: Cohort) -> Any:
    """Rows of the people this judgement is about who still work here."""
    rows = np.array([int(name.rpartition(":")[2]) for name in judgement.scores], dtype=np.int64)
    return rows[cohort.employed[rows]] if len(rows) else rows
