"""How well the people of one pool agree with one another, from all their labels, with intervals by task.

The observatory writes it down as the table `agreement`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.measures.agreement import (
    agreement_of,
    alpha_of,
    beyond_chance,
    chance_by_habit,
    chance_of_category,
    chance_of_hard_items,
    item_sums,
    quadratic_weights,
)
from simlab.measures.statistics import interval, times_drawn
from simlab.parallel import side_by_side
from simlab.rng import hashes

STATISTICS = ("percent", "cohen", "fleiss", "krippendorff", "gwet_ac1", "gwet_ac2")
VALUES = {1: -1.0, 0: 0.0, 2: 1.0}  # where a label lies between left and right; undecided is half-way
PART, MOST_PARTS = 1 << 21, 16  # labels, over all replicates, that are worth a part of the work of their own
MOST_TASKS = 5000  # more than these tell nothing that a share's error of .007 would hide


@dataclass(frozen=True, slots=True)
class Agreement:
    """One statistic of a pool: its value, how many tasks it rests on, and a 95 % bootstrap interval by task."""

    statistic: str
    value: float
    n: int
    low: float
    high: float


def interrater(
    task: NDArray[np.int64], worker: NDArray[np.int64], label: NDArray[np.int64], *, key: int, replicates: int = 200
) -> list[Agreement]:
    """All of STATISTICS for labels in long form [n], each 1 (left), 2 (right) or 0 (undecided).

    Only tasks that several people did say anything; of very many, MOST_TASKS by lot. `percent` is the chance that
    two of a task's labels are equal; `cohen` is Conger's κ, which for two people is Cohen's; AC2 counts undecided
    against decided as three quarters of an agreement. Empty if no task was shared.
    """
    task, worker, label = _shared(task, worker, label, key)
    if not len(task):
        return []
    tasks, row = np.unique(task, return_inverse=True)
    people, who = np.unique(worker, return_inverse=True)
    categories, said = np.unique(label, return_inverse=True)
    row, who, said, q = row.ravel(), who.ravel(), said.ravel(), len(categories)
    counts = np.bincount(row * q + said, minlength=len(tasks) * q).reshape(len(tasks), q)
    weights = quadratic_weights([VALUES[c] for c in categories.tolist()])
    times = np.concatenate([np.ones((1, len(tasks))), times_drawn(key, replicates, len(tasks))])  # the first is as is
    sums, weighted = times @ item_sums(counts), times @ item_sums(counts, weights)
    cells, size = who * q + said, len(people) * q

    def chances(part: Array) -> list[float]:
        habits = (np.bincount(cells, weights=t[row], minlength=size).reshape(1, -1, q) for t in part)
        return [float(chance_by_habit(np.asarray(h, dtype=float))[0]) for h in habits]

    parts = np.array_split(times, min(MOST_PARTS, 1 + len(row) * len(times) // PART))
    by_habit = np.concatenate(side_by_side(chances, parts))
    observed = agreement_of(sums)
    found = {
        "percent": observed,
        "cohen": beyond_chance(observed, by_habit),
        "fleiss": beyond_chance(observed, chance_of_category(sums)),
        "krippendorff": alpha_of(sums),
        "gwet_ac1": beyond_chance(observed, chance_of_hard_items(sums)),
        "gwet_ac2": beyond_chance(agreement_of(weighted), chance_of_hard_items(weighted, weights)),
    }
    return [_said(name, found[name], len(tasks)) for name in STATISTICS]


def _said(name: str, values: Array, n: int) -> Agreement:
    low, high = interval(values[1:])
    return Agreement(name, float(values[0]), n, low, high)


def _shared(
    task: NDArray[np.int64], worker: NDArray[np.int64], label: NDArray[np.int64], key: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The labels of tasks that several people judged, of MOST_TASKS at most; of one person's on one task the last."""
    people, who = np.unique(worker, return_inverse=True)
    said = np.unique((np.unique(task, return_inverse=True)[1] * len(people) + who)[::-1], return_index=True)[1]
    latest = np.sort(len(task) - 1 - said)
    task, worker, label = task[latest], worker[latest], label[latest]
    tasks, place, count = np.unique(task, return_inverse=True, return_counts=True)
    kept = count >= 2
    if kept.sum() > MOST_TASKS:
        lot = np.where(kept, hashes(key, tasks), np.iinfo(np.uint64).max)
        kept &= lot <= np.partition(lot, MOST_TASKS - 1)[MOST_TASKS - 1]
    rows = kept[place.ravel()]
    return task[rows], worker[rows], label[rows]
