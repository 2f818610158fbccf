"""Rows about people: spells of employment, comparisons, hours of work, demonstrations.

Each function writes what it is given through the event log of the pool's run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.cohort import Cohort
from simlab.people.perception import looked_at
from simlab.rankings import Rankings, sides
from simlab.tables.recorder import coded
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.roster import Roster


def spells(pool: Roster, people: Cohort, reason: str = "") -> None:
    """Employment spells as they begin and as they end; the last row of a spell counts."""
    pool.context.log.recorder.add(
        "employment",
        worker=pool.labels_of(people.number),
        person=[pool.persons[n] for n in people.number.tolist()],
        employer=pool.context.hierarchy.employer_of(pool.name),
        hired=people.hired,
        ended=people.ended,
        reason=reason,
    )


def comparisons(pool: Roster, agent: str, version: int, made: Rankings, pay: Array, source: pa.DictionaryArray) -> None:
    """One row per compared pair of each ranking; `pay` [m] is what a pair of each is to bring, in $, and `source`
    [m] who or what said so. Asks no plugin, and may so be called in a thread."""
    left, right = sides(made.options)
    each, number, ids = made.seconds / made.pairs, made.pair_numbers.ravel(), made.ids
    pool.context.log.add(
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


def worked(pool: Roster, made: Rankings) -> None:
    """The hours of rankings that have been written down, as labor; and whoever measures rankings is told of them."""
    pool.context.log.ranked(pool, made)
    hours = float(made.seconds.sum()) / 3600
    kind = "ranking" if pool.work_order == 1 else "auditing"
    pay = float(_worth(pool, _mean_wage(pool, made), np.array(hours), made.label.size))
    care = float(looked_at(pool, made.worker).mean())
    pool.context.log.labor(pool.name, kind, order=pool.work_order, hours=hours, pay=pay, care=care)


def earned(pool: Roster, made: Rankings) -> Array:
    """What a compared pair of each of these rankings [m] is to bring whoever made it, in $."""
    return _worth(pool, pool.cohort.wage[made.worker], made.seconds / made.pairs / 3600, 1.0)


def _mean_wage(pool: Roster, made: Rankings) -> float:
    """The wage of an hour spent on these rankings, in $: exactly everybody's, if all earn the same."""
    wages = pool.cohort.wage[made.worker]
    alike = not len(wages) or wages.min() == wages.max()
    return (
        float(wages[0] if len(wages) else pool.spec.wage) if alike else float(np.average(wages, weights=made.seconds))
    )


def _worth(pool: Roster, wage: Array | float, hours: Array, pairs: float) -> Array:
    """What so much work at this wage is to bring, in $; nobody employs, nobody pays."""
    paid = 1.0 if pool.context.hierarchy.employer_of(pool.name) else 0.0
    return np.asarray(paid * pool.spec.pay.nominal(wage, hours, pairs))


def demonstrations(pool: Roster, model: str, items: Items, who: Indices, seconds: Array, pay: Array) -> None:
    """What people wrote for a language model to imitate, and what each got for it, in $ [n]."""
    columns = pool.context.game.wording(items)
    pool.context.log.add(
        "demonstrations",
        about=model,
        agent=model,
        worker=pool.labels_of(who),
        prompt=columns["prompt"],
        text=columns["response"],
        duration=seconds,
        pay=pay,
    )


def _each(values: Any, pairs: int) -> NDArray[Any]:
    """A value of each ranking, for each of its pairs."""
    array = np.asarray(values)
    return np.repeat(array, pairs) if pairs > 1 else array
