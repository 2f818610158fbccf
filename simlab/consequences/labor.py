"""Consequences for people: pay, bonus, warn, retrain, fire, hire; probation; and what became of their appeals."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.components.cohort import Cohort
from simlab.components.review import Below, Review, decided
from simlab.parties.pool import Pool
from simlab.people import payroll, working_life
from simlab.relation import Consequence, Effect, Judgement, Relation

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario import BonusSpec, FireSpec, RetrainSpec, WarnSpec
    from simlab.scenario.working_conditions import ProbationSpec


class LaborConsequence(Consequence):
    """A consequence that takes no simulated time: it is told the relation and says what it did."""

    def __init__(self, context: Context, spec: Any) -> None:
        self.context = context
        self.spec = spec

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        yield from ()
        return self.act(relation, judgement)

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        """What is done, at once."""
        raise NotImplementedError


class Pay(LaborConsequence):
    """What everybody is owed for work since the last payday, by the pool's pay scheme; leavers were paid off.

    Paid are the people the relation judges; or `people`, if those are others (auditors nobody looks at).
    """

    def __init__(self, context: Context, spec: Any, people: Pool | None = None) -> None:
        super().__init__(context, spec)
        self.people = people

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        pool = self.people or _pool(relation)[0]
        rows = payroll.due(pool)
        amounts = payroll.pay(pool, rows)
        pool.marks.clear()
        names = pool.labels_of(rows).tolist() if len(amounts) else []
        return [Effect("pay", n, a, "$", "wages") for n, a in zip(names, amounts.tolist(), strict=True)]


class Bonus(LaborConsequence):
    """Extra pay for everyone whose answers, of this look alone, agreed with the judge often enough."""

    spec: BonusSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        good = [
            name for name, score in judgement.scores.items()
            if score >= self.spec.above and judgement.samples[name] >= self.spec.min_sample
        ]  # fmt: skip
        numbers = np.array([int(name.rpartition(":")[2]) for name in good], dtype=np.int64)
        rows = numbers[cohort.employed[numbers]]
        employer = self.context.hierarchy.employer_of(pool.name)
        if not len(rows) or not employer:
            return []
        amounts, kind = np.full(len(rows), self.spec.amount), payroll.KINDS[pool.spec.kind]
        self.context.log.transfer(employer, pool.labels_of(rows), amounts, f"bonus for {kind}")
        pay = float(amounts.sum())
        self.context.log.labor(pool.name, kind, order=pool.work_order, hours=0.0, pay=pay)
        reason = f"agreement with gold of at least {self.spec.above:g}"
        return [Effect("bonus", f"{pool.name}:{r}", self.spec.amount, "$", reason) for r in rows.tolist()]


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


class Retrain(LaborConsequence):
    """Training for everyone just judged whose record stands below `below`: less misreading, for hours that are paid."""

    spec: RetrainSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows, record = _judged(judgement, cohort), pool.record(relation.principal.name)
        rows = rows[(record.audited[rows] >= self.spec.min_sample) & (record.score[rows] < self.spec.below)]
        if not len(rows):
            return []
        pool.retrain(rows, self.spec.shrink, self.spec.hours)
        employer = self.context.hierarchy.employer_of(pool.name)
        pay = np.full(len(rows), self.spec.hours * pool.spec.wage if employer else 0.0)
        self.context.log.labor(
            pool.name,
            "being trained",
            order=pool.work_order,
            hours=self.spec.hours * len(rows),
            pay=float(pay.sum()),
        )
        if employer:
            self.context.log.transfer(employer, pool.labels_of(rows), pay, "wages in training")
        payroll.spend(pool, payroll.TRAINING, pool.spec.training_cost * len(rows))
        reason = f"agreement with gold below {self.spec.below:g}"
        return [Effect("retrain", f"{pool.name}:{r}", self.spec.hours, "hours", reason) for r in rows.tolist()]


class Fire(LaborConsequence):
    """Dismissal of everyone just judged whose record with this principal, over enough pairs, stands below `below`; or
    whom the review rule dismisses.
    """

    spec: FireSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        rule, reason = self.spec.review, f"agreement with gold below {self.spec.below or 0.0:g}"
        if rule is None:
            rule = Below(
                below=self.spec.below or 0.0,
                min_sample=self.spec.min_sample,
                after_warnings=self.spec.after_warnings,
            )
        else:
            reason = f"{rule.name} review"
        return dismissed(relation, pool, rows, rule, reason, "fired")


class Probation(LaborConsequence):
    """Dismissal of everyone just judged who is new here and fails the review for beginners."""

    spec: ProbationSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        rows = _judged(judgement, cohort)
        rows = rows[self.context.now - cohort.hired[rows] <= self.spec.days]
        return dismissed(relation, pool, rows, self.spec.review, f"{self.spec.review.name} review", "failed probation")


def dismissed(
    relation: Relation, pool: Pool, rows: NDArray[np.int64], rule: Review, reason: str, how: str
) -> Sequence[Effect]:
    """Dismiss those in `rows` whom the rule says to dismiss, by what the judge has on record."""
    if not len(rows):
        return []
    principal = relation.principal.name
    verdict = decided(rule, working_life.standing(pool, principal, rows, rule.history))
    rows, score = rows[verdict], pool.record(principal).score
    for row in rows.tolist():
        pool.dismiss(row, f"{how}: {reason}")
    kind, why = ("fire", reason) if how == "fired" else ("fire", f"{how}: {reason}")
    return [Effect(kind, f"{pool.name}:{r}", float(score[r]), "agreement", why) for r in rows.tolist()]


class Heard(LaborConsequence):
    """What came of appeals against the judgement, which has taken them into account; and the time they took."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        assert pool.voice is not None
        rows = np.array([int(name.rpartition(":")[2]) for name in judgement.appeals], dtype=np.int64)
        made = np.array([made for made, _ in judgement.appeals.values()], dtype=float)
        hours = np.where(cohort.employed[rows], made * pool.voice.cost / 3600, 0.0)
        if np.any(hours):
            cohort.hours[rows] += hours
            cohort.unpaid[rows] += hours
            pay = float(pool.spec.pay.nominal(pool.spec.wage, hours, 0.0).sum())
            self.context.log.labor(pool.name, "appealing", order=pool.work_order, hours=float(hours.sum()), pay=pay)
        return [
            Effect("appeal", name, float(upheld), "upheld", f"{upheld} of {made} appeals upheld")
            for name, (made, upheld) in judgement.appeals.items()
        ]


class Hire(LaborConsequence):
    """New people for every vacant place."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, cohort = _pool(relation)
        vacant = pool.places - int(cohort.employed.sum())
        if vacant <= 0:
            return []
        return [Effect("hire", f"{pool.name}:{n}", 1.0, "person", "vacant place") for n in pool.recruit(vacant)]


def _pool(relation: Relation) -> tuple[Pool, Cohort]:
    pool = relation.agent
    assert isinstance(pool, Pool)
    return pool, pool.cohort


def _judged(judgement: Judgement, cohort: Cohort) -> Any:
    """Rows of the people this judgement is about who still work here."""
    rows = np.array([int(name.rpartition(":")[2]) for name in judgement.scores], dtype=np.int64)
    return rows[cohort.employed[rows]] if len(rows) else rows
