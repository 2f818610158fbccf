"""Several raters' rankings of one task become one, before a reward model learns from them.

How is an aggregator's business (`plugins/aggregators`); this turns rankings into votes and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.components.aggregator import Aggregator, Votes
from simlab.components.return_values import not_numbers
from simlab.errors import PluginFailed
from simlab.rankings import ROOM, Rankings, sides

if TYPE_CHECKING:
    pass

NOBODY = -1  # the worker of a ranking that nobody made alone


def votes_of(rankings: Rankings) -> Votes:
    """Every label of the rankings as a vote on its pair; people of different pools are told apart."""
    left, right = sides(rankings.options)
    pool = rankings.task // ROOM
    return Votes(
        task=rankings.pair_numbers.ravel(),
        worker=np.repeat(pool * ROOM + rankings.worker, rankings.pairs),
        left=rankings.ids[:, left].ravel(),
        right=rankings.ids[:, right].ravel(),
        label=rankings.label.ravel().astype(np.int64),
    )


def merged(rankings: Rankings, aggregator: Aggregator) -> tuple[Rankings, Array]:
    """One ranking for each task, and P(left is better) of each of its pairs [tasks, pairs].

    Its labels are the likelier side, undecided at ½; what raters perceived is averaged, and their time added up.
    """
    _, first, place, count = np.unique(rankings.task, return_index=True, return_inverse=True, return_counts=True)
    place = place.ravel()
    one = rankings[first]
    chances = _asked(aggregator, votes_of(rankings), len(first) * rankings.pairs).reshape(len(first), rankings.pairs)
    perceived = np.zeros_like(one.perceived)
    np.add.at(perceived, place, rankings.perceived)
    one.worker = np.full(len(one), NOBODY)
    one.label = np.where(chances > 0.5, 1, np.where(chances < 0.5, 2, 0))
    one.perceived = perceived / count[:, None]
    one.seconds = np.asarray(np.bincount(place, weights=rankings.seconds), dtype=float)
    return one, chances


def _asked(aggregator: Aggregator, votes: Votes, tasks: int) -> Array:
    """What the aggregator makes of the votes, if it is a probability for every task."""
    try:
        found = aggregator.aggregate(votes)
    except Exception as error:
        raise PluginFailed.raised(f"aggregator {aggregator.name!r}", error) from error
    if wrong := not_numbers(found, (tasks,)):
        raise PluginFailed.returned(
            aggregator, f"must give a probability for each of {tasks} tasks; it gave {wrong}", "aggregate"
        )
    chances = np.asarray(found, dtype=float)
    outside = ~((chances >= -1e-9) & (chances <= 1 + 1e-9))  # NaN is outside
    if outside.any():
        what = f"must give a probability for each of {tasks} tasks; it gave {chances[outside][0]:g}"
        raise PluginFailed.returned(aggregator, what, "aggregate")
    return np.asarray(np.clip(chances, 0.0, 1.0))
