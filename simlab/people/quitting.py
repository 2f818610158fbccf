"""Leaving by one's own choice: each evening, everybody may decide that it was the last one here.

The hazard rises with how much better one could be paid elsewhere, with fatigue and with exposure to harm
(`wellbeing.quit_hazard`). Who leaves after a day has been paid for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.clock import Steps, at
from simlab.people import payroll, working_life
from simlab.people.fatigue import leaving, quit_hazard
from simlab.relation import Effect, Judgement
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.people.roster import Roster

EVENING = 0.99  # of a day: before anybody looks at midnight


def days(pool: Roster) -> Steps:
    """Evening after evening, those leave who choose to."""
    context, day = pool.context, 0
    while day + EVENING <= context.days:
        yield from at(context.env, day + EVENING)
        leave(pool, day)
        day += 1


def leave(pool: Roster, day: int) -> None:
    """Let people leave this evening, each by a draw of their own."""
    cohort, context = pool.cohort, pool.context
    draws = uniforms(context.rng.key(pool.name, "quits"), cohort.number, day)
    gone = np.flatnonzero(cohort.employed & (draws < leaving(hazard(pool), 1.0)))
    for row in gone.tolist():
        pool.dismiss(row, f"quit: {_reason(pool, row)}")
    relation = payroll.relation_of(pool)
    if relation is not None:
        effects = [Effect("quit", f"{pool.name}:{row}", 1.0, "person", _reason(pool, row)) for row in gone.tolist()]
        context.log.followed(relation, Judgement(pool.name), effects)


def hazard(pool: Roster) -> Array:
    """Everybody's hazard of leaving [R], per day, as things stand."""
    spec = pool.spec.quits
    assert spec is not None
    strain = spec.fatigue * working_life.current_fatigue(pool) + spec.exposure * working_life.current_exposure(pool)
    return quit_hazard(spec.rate, hourly_pay(pool), spec.outside, spec.wage, strain)


def hourly_pay(pool: Roster) -> Array:
    """What an hour has brought each so far [R], in $; the wage, before the first payday."""
    lives = pool.work_state
    known = np.round(lives.received / np.maximum(lives.hours, 1e-12), 9)  # so that a wage of 21 is 21 again
    return np.where(lives.hours > 0, known, pool.cohort.wage)


def _reason(pool: Roster, row: int) -> str:
    spec = pool.spec.quits
    assert spec is not None
    if spec.wage and spec.outside > hourly_pay(pool)[row]:
        return "better paid elsewhere"
    strain = {
        "fatigue": spec.fatigue * working_life.current_fatigue(pool)[row],
        "exposure": spec.exposure * working_life.current_exposure(pool)[row],
    }
    return max(strain, key=lambda cause: strain[cause]) if any(strain.values()) else "own reasons"
