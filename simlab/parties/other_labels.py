"""What raters would have said by other draws: of the same responses, or of others that the model might have given.

A machine that learns from labels is carried off by chance in two ways, by which pairs were compared and by what people
happened to say of them. Both vanish with ever more labels, and so both are noise; who draws the labels anew and leaves
the pairs as they are takes the chance of the pairs for a bias (White 1982, Econometrica 50: of the variance B/A² of an
estimate, labels given the pairs are one part only, wherever the model that is fitted is not the one that made them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Indices
from simlab.parties.pool import Pool
from simlab.parties.raters import Raters
from simlab.rankings import ROOM, Rankings, Shown
from simlab.rng import branch, hashes, uniforms

if TYPE_CHECKING:
    from simlab.engine.context import Context


class OtherResponses:
    """Other responses to tasks of one pool, by the key they were drawn with: those of an earlier round stay what they
    are, and who asks for some of the same tasks again is given them."""

    def __init__(self) -> None:
        self._drawn: dict[int, Shown] = {}

    def to(self, pool: Raters, shown: Shown, rows: Indices, key: int) -> Shown:
        """What other responses there would have been to some of these tasks; kept until others are asked for with this
        key."""
        before, task = self._drawn.get(key), shown.task[rows]
        if before is None or not np.isin(task, before.task).all():
            self._drawn[key] = before = pool.with_other_responses(shown, rows, key)
            return before
        order = np.argsort(before.task)
        return before[order[np.searchsorted(before.task, task, sorter=order)]]


def compared_anew(context: Context, made: Rankings, key: int, known: OtherResponses | None = None) -> Rankings:
    """The rankings of one pool in a world of vectors, had the same people been shown other responses of the model as it
    was, and drawn their labels of those. Responses that are `known` from an earlier round are not drawn again."""
    pool = pool_of(context, made)
    assert isinstance(pool, Raters), "reward models learn from raters"
    used, place = np.unique(made.place, return_inverse=True)
    other = made[:]
    known = OtherResponses() if known is None else known
    other.shown = known.to(pool, made.shown, used, branch(key, "responses"))
    other.place = place.ravel()
    other.gold = pool.gold_of(other.shown).take(other.place, axis=0)
    return relabelled(context, other, key)


def halves(rankings: Rankings, key: int) -> tuple[Rankings, Rankings]:
    """Two halves of what was ranked, no task in both: where it costs too much to compare anew, two samples of pairs
    that have none in common are as good, but half as long (Spearman 1910; Brown 1910)."""
    task, place = np.unique(rankings.task, return_inverse=True)
    first = np.zeros(len(task), dtype=bool)
    first[np.argsort(uniforms(key, task), kind="stable")[: len(task) // 2]] = True
    mine = first[place.ravel()]
    return rankings[mine], rankings[~mine]


def relabelled(context: Context, made: Rankings, key: int) -> Rankings:
    """The rankings of one pool, had the same people drawn other labels of the same responses: as they are now, their
    perception and their choice noisy in other ways."""
    pool = pool_of(context, made)
    response_keys, ranking_keys = hashes(branch(key, "seen"), made.ids).ravel(), hashes(branch(key, "lot"), made.task)
    again = made[:]
    again.label, again.perceived = pool.labels(
        made.items, made.worker, response_keys, ranking_keys, branch(key, "labels")
    )
    return again


def pool_of(context: Context, made: Rankings) -> Pool:
    """Those who made these rankings, which are all of one pool."""
    pool = context.parties[context.pools[int(made.task[0] // ROOM)]]
    assert isinstance(pool, Pool)
    return pool
