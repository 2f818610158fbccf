"""What stands in every contract, whether or not a scenario file says so: wages, invoices, probation, appeals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import PrivateAttr

from simlab.components.consequence import Consequence
from simlab.consequences.people import dismissed, judged, rows_of
from simlab.consequences.wages import payday
from simlab.parties.auditors import Auditors
from simlab.parties.pool import Pool
from simlab.parties.vendor import Vendor
from simlab.relation import Effect, Judgement, Party, Relation

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.relation import Consequence as Following
    from simlab.scenario.working_conditions import ProbationSpec


def implied(context: Context, principal: Party, agent: Party, pays: bool) -> Iterator[Following]:
    """The consequences that a relation has beside those the file gives it (which pay wages, or do not), in order."""
    employer_of, above = context.hierarchy.employer_of, context.hierarchy.principals
    employs = employer_of(agent.name) == principal.name
    if isinstance(principal, Auditors) and employer_of(principal.name) not in above(principal.name):
        yield Payday.of(principal).in_play(context)  # nobody looks at these auditors, yet they are paid
    if isinstance(agent, Vendor) and employs:
        yield Invoice().in_play(context)
    if not isinstance(agent, Pool):
        return
    if agent.spec.voice:
        yield Appealed().in_play(context)
    if employs and not pays:
        yield Payday.of(agent).in_play(context)
    looks_on = employer_of(agent.name) in above(agent.name)  # or else whoever judges them applies its terms
    if agent.spec.probation and (employs or not looks_on):
        yield Probation.by(agent.spec.probation).in_play(context)


class Payday(Consequence):
    """A pool's wages. Its people are those the relation judges, or auditors nobody looks at, who judge in it."""

    _people: str = PrivateAttr("")

    @classmethod
    def of(cls, pool: Pool) -> Self:
        """The payday of these people."""
        made = cls()
        made._people = pool.name
        return made

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        return payday(self.context.party(self._people, Pool))


class Invoice(Consequence):
    """The vendor's price for every pair delivered since the last invoice."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        vendor = self.context.party(relation.agent.name, Vendor)
        amount, vendor.sold = vendor.sold * vendor.spec.price, 0
        if not amount:
            return []
        self.context.log.transfer(relation.principal.name, vendor.name, amount, "labels delivered")
        return [Effect("invoice", vendor.name, amount, "$", "labels delivered")]


class Probation(Consequence):
    """Dismissal of everyone just judged who is new here and fails the review for beginners."""

    _terms: ProbationSpec = PrivateAttr()

    @classmethod
    def by(cls, terms: ProbationSpec) -> Self:
        """Probation on these terms."""
        made = cls()
        made._terms = terms
        return made

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool, review = self.context.party(relation.agent.name, Pool), self._terms.review
        rows = judged(pool, judgement)
        rows = rows[self.context.now - pool.cohort.hired[rows] <= self._terms.days]
        return dismissed(relation, pool, rows, review, f"{review.name} review", "failed probation")


class Appealed(Consequence):
    """What came of appeals against the judgement, which has taken them into account; and the time they took."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        pool = self.context.party(relation.agent.name, Pool)
        cohort, rows = pool.cohort, rows_of(judgement.appeals)
        made = np.array([made for made, _ in judgement.appeals.values()], dtype=float)
        hours = np.where(cohort.employed[rows], made * pool.voice.cost / 3600, 0.0)
        if np.any(hours):
            cohort.hours[rows] += hours
            cohort.unpaid[rows] += hours
            pay = float(pool.spec.pay.nominal(cohort.wage[rows], hours, 0.0).sum())
            self.context.log.labor(pool.name, "appealing", order=pool.work_order, hours=float(hours.sum()), pay=pay)
        return [
            Effect("appeal", name, float(upheld), "upheld", f"{upheld} of {made} appeals upheld")
            for name, (made, upheld) in judgement.appeals.items()
        ]
