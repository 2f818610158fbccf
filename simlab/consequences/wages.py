"""Wages as a consequence: what people are owed for work since the last payday, by their pool's pay scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array, Indices
from simlab.people import payroll
from simlab.relation import Effect

if TYPE_CHECKING:
    from simlab.components.consequence import Amiss
    from simlab.parties.pool import Pool


def payday(pool: Pool) -> Sequence[Effect]:
    """Pay everybody in a pool what is owed; leavers were paid off."""
    rows = payroll.due(pool)
    amounts = payroll.pay(pool, rows)
    pool.marks.clear()
    names = pool.labels_of(rows).tolist() if len(amounts) else []
    return [Effect("pay", n, a, "$", "wages") for n, a in zip(names, amounts.tolist(), strict=True)]


def extra(pool: Pool, rows: Indices, amounts: Array, why: str) -> bool:
    """Pay these people amounts [R] beside their wages, as a bonus; returns whether anybody employs and pays them."""
    employer, kind = pool.context.hierarchy.employer_of(pool.name), payroll.KINDS[pool.spec.kind]
    if not len(rows) or not employer:
        return False
    pool.context.log.transfer(employer, pool.labels_of(rows), amounts, f"{why} for {kind}")
    pool.context.log.labor(pool.name, kind, order=pool.work_order, hours=0.0, pay=float(np.sum(amounts)))
    return True


def wages_in_training(pool: Pool, rows: Indices, hours: float) -> None:
    """Pay these people for so many hours of training, which also costs whoever employs them."""
    employer, log = pool.context.hierarchy.employer_of(pool.name), pool.context.log
    pay = hours * pool.cohort.wage[rows] if employer else np.zeros(len(rows))
    log.labor(pool.name, "being trained", order=pool.work_order, hours=hours * len(rows), pay=float(pay.sum()))
    if employer:
        log.transfer(employer, pool.labels_of(rows), pay, "wages in training")
    payroll.spend(pool, payroll.TRAINING, pool.spec.training_cost * len(rows))


def set_wages(pool: Pool, rows: Indices, wages: Array, kind: str, reason: str) -> Sequence[Effect]:
    """From now on these people earn wages [R], in $ per hour."""
    pool.cohort.wage[rows] = wages
    names = pool.labels_of(rows).tolist()
    return [Effect(kind, name, wage, "$ per hour", reason) for name, wage in zip(names, wages.tolist(), strict=True)]


def before_payday(relation: Any, kind: str, does: str) -> Iterator[Amiss]:
    """Whoever is given another wage before the payday would be paid it for work done at the old one."""
    names = [other.name for other in relation.consequence]
    if "pay" in names and names.index("pay") > names.index(kind):
        yield (), f"{does} people before they are paid for what they have done", "put pay first"
