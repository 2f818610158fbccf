"""Consequences for people: pay, warn, fire, hire."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.parties.cohort import Cohort
from simlab.parties.raters import Raters
from simlab.relation import Consequence, Effect, Judgement, Relation

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
    """Wages for the hours worked since the last payday, to everyone who worked them, dismissed or not."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = np.flatnonzero(cohort.unpaid > 0)
        if not len(rows):
            return []
        names, amounts = pool.labels_of(rows), cohort.unpaid[rows] * pool.spec.wage
        self.simulation.chronicle.transfer(relation.principal.name, names, amounts, "wages for ranking")
        cohort.unpaid[:] = 0.0
        return [Effect("pay", n, a, "$", "wages") for n, a in zip(names.tolist(), amounts.tolist(), strict=True)]


class Warn(LaborConsequence):
    """A warning to every rater just judged whose record stands below `below`."""

    spec: WarnSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        rows = rows[cohort.score[rows] < self.spec.below]
        cohort.warnings[rows] += 1
        reason = f"agreement with gold below {self.spec.below:g}"
        return [Effect("warn", f"{pool.name}:{r}", float(cohort.score[r]), "agreement", reason) for r in rows.tolist()]


class Fire(LaborConsequence):
    """Dismissal of every rater just judged whose record, over enough audited rankings, stands below `below`."""

    spec: FireSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        known = (cohort.audited[rows] >= self.spec.min_sample) & (cohort.warnings[rows] >= self.spec.after_warnings)
        rows = rows[known & (cohort.score[rows] < self.spec.below)]
        reason = f"agreement with gold below {self.spec.below:g}"
        for row in rows.tolist():
            pool.dismiss(row, f"fired: {reason}")
        return [Effect("fire", f"{pool.name}:{r}", float(cohort.score[r]), "agreement", reason) for r in rows.tolist()]


class Hire(LaborConsequence):
    """New raters for every vacant place."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        vacant = pool.spec.count - int(cohort.employed.sum())
        if vacant <= 0:
            return []
        return [Effect("hire", f"{pool.name}:{n}", 1.0, "person", "vacant place") for n in pool.recruit(vacant)]


def _pool(relation: Relation) -> tuple[Raters, Cohort]:
    pool = relation.agent
    assert isinstance(pool, Raters)
    assert pool.cohort is not None
    return pool, pool.cohort


def _judged(judgement: Judgement, cohort: Cohort) -> Any:
    """Rows of the raters this judgement is about who still work here."""
    rows = np.array([int(name.rpartition(":")[2]) for name in judgement.scores], dtype=np.int64)
    return rows[cohort.employed[rows]] if len(rows) else rows
