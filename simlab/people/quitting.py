"""Leaving by one's own choice: each evening, everybody may decide that it was the last one here.

The hazard rises with how much better one could be paid elsewhere, with fatigue and with exposure to harm
(`wellbeing.quit_hazard`). Who leaves after a day has been paid for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.clock import Steps, at
from simlab.people import payroll
from simlab.people.fatigue import leaving, quit_hazard
from simlab.relation import Effect, Judgement
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.parties.people import People

EVENING = 0.99  # of a day: before anybody looks at midnight


def days(pool: People) -> Steps:
    """Evening after evening, those leave who choose to."""
    context, day = pool.context, 0
    while day + EVENING <= context.days:
        yield from at(context.env, day + EVENING)
        leave(pool, day)
        day += 1


def leave(pool: People, day: int) -> None:
    """Let people leave this evening, each by a draw of their own."""
    cohort, context = pool.cohort, pool.context
    assert cohort is not None
    draws = uniforms(context.rng.key(pool.name, "quits"), cohort.number, day)
    gone = np.flatnonzero(cohort.employed & (draws < leaving(hazard(pool), 1.0)))
    for row in gone.tolist():
        pool.dismiss(row, f"quit: {_reason(pool, row)}")
    relation = payroll.relation_of(pool)
    if relation is not None:
        effects = [Effect("quit", f"{pool.name}:{row}", 1.0, "person", _reason(pool, row)) for row in gone.tolist()]
        context.log.followed(relation, Judgement(pool.name), effects)


def hazard(pool: People) -> Array:
    """Everybody's hazard of leaving [R], per day, as things stand."""
    spec, life = pool.spec.quits, pool.life
    assert spec is not None
    strain = spec.fatigue * life.fatigue() + spec.exposure * life.exposure()
    return quit_hazard(spec.rate, hourly_pay(pool), spec.outside, spec.wage, strain)


def hourly_pay(pool: People) -> Array:
    """What an hour has brought each so far [R], in $; the wage, before the first payday."""
    lives = pool.life.lives
    known = np.round(lives.received / np.maximum(lives.hours, 1e-12), 9)  # so that a wage of 21 is 21 again
    return np.where(lives.hours > 0, known, pool.spec.wage)


def _reason(pool: People, row: int) -> str:
    spec, life = pool.spec.quits, pool.life
    assert spec is not None
    if spec.wage and spec.outside > hourly_pay(pool)[row]:
        return "better paid elsewhere"
    strain = {"fatigue": spec.fatigue * life.fatigue()[row], "exposure": spec.exposure * life.exposure()[row]}
    return max(strain, key=lambda cause: strain[cause]) if any(strain.values()) else "own reasons"
