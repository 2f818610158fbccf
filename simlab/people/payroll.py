"""The payroll: people are paid what they are owed, on paydays and when they leave.

Whoever leaves is paid off the same day. So nobody is paid before being hired or after having left, and every hour
that is paid for lies within a spell of employment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array, Indices
from simlab.people import working_life
from simlab.relation import Effect, Judgement, Relation

if TYPE_CHECKING:
    from simlab.people.roster import Roster

KINDS = {"raters": "ranking", "auditors": "auditing"}
HIRING, TESTING, TRAINING = "hiring", "testing candidates", "training people"
PROVIDERS = {HIRING: "recruiters", TESTING: "recruiters", TRAINING: "trainers"}  # whom the employer pays for it


def due(pool: Roster) -> Indices:
    """Rows of those to be paid today: who has worked since the last payday, or can win something by that work."""
    working = pool.cohort.unpaid > 0
    if pool.spec.pay.judged and pool.marks:
        judged = np.zeros(len(working), dtype=bool)
        judged[np.concatenate([who for who, _ in pool.marks])] = True
        working = working | (judged & pool.cohort.employed)
    return np.flatnonzero(working)


def pay_off(pool: Roster, row: int) -> None:
    """Pay somebody who is leaving what is still owed, with a slip of its own."""
    if not pool.cohort.unpaid[row] > 0:
        return
    amounts, context = pay(pool, np.array([row])), pool.context
    relation = relation_of(pool, context.hierarchy.employer_of(pool.name))
    if len(amounts) and relation is not None:
        slip = Effect("pay", f"{pool.name}:{row}", float(amounts[0]), "$", "wages")
        context.log.followed(relation, Judgement(pool.name), [slip])


def pay(pool: Roster, rows: Indices) -> Array:
    """Pay these people what they are owed by their employer; returns the amounts [R] in $, empty if there is none."""
    employer, log = pool.context.hierarchy.employer_of(pool.name), pool.context.log
    if not len(rows) or not employer:
        return np.zeros(0)
    names, kind = pool.labels_of(rows), KINDS[pool.spec.kind]
    nominal, owed = working_life.settle(pool, rows)
    log.transfer(employer, names, np.minimum(owed, nominal), f"wages for {kind}")
    more = owed > nominal
    log.transfer(employer, names[more], (owed - nominal)[more], f"bonus for {kind}")
    if pool.spec.pay.judged:  # hours stand in the labor table already, with what they were to bring
        log.labor(pool.name, kind, order=pool.work_order, hours=0.0, pay=float((owed - nominal).sum()))
    return owed


def relation_of(pool: Roster, principal: str = "") -> Relation | None:
    """The relation under which is written down what happens to these people: that with this principal (or with any);
    where nobody looks at them, one in which they look. None if there is neither."""
    relations = pool.context.relations
    below = (r for r in relations if r.agent is pool and principal in ("", r.principal.name))
    return next(below, None) or next((r for r in relations if r.principal is pool), None)


def spend(pool: Roster, what: str, amount: float) -> None:
    """What these people's employer pays others so as to have them: to find, test or train them, `amount` in $."""
    employer, log = pool.context.hierarchy.employer_of(pool.name), pool.context.log
    if not amount or not employer:
        return
    log.labor(employer, what, hours=0.0, pay=amount, about=pool.name)
    log.transfer(employer, f"{employer} {PROVIDERS[what]}", amount, what)
