"""Who does which task: by consistent hashing, so that a person more or less changes nobody else's tasks.

Each task has a sequence of draws of its own over everybody who ever worked in the pool; whoever is drawn first and is
employed gets it. Who leaves therefore hands over only their own tasks, and who comes takes tasks over without moving
any other (Karger et al. 1997, "Consistent hashing and random trees"). The draws are uniform: loads are multinomial.

Several people for one task are those of highest random weight (Thaler & Ravishankar 1998), which costs n a task; in
pools of more than SMALL they are drawn one after another, where one task in n² is an exception to the rule.

A draw over n people is made level by level over powers of two, as in BinomialHash (Coluzzi et al. 2024): a task that
falls into the lower half of a level is decided by the level below, as it was when there were only so many people.
Constant expected time a task, whatever n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simlab.streams import hashes

Indices = NDArray[np.int64]
SMALL = 1024


def assigned(
    key: int, tasks: NDArray[np.int64] | NDArray[np.uint64], employed: NDArray[np.bool_], many: int
) -> Indices:
    """`many` different people for each task [n, many]; row r of `employed` [R] is the person with number r.

    Raises ValueError if fewer than `many` are employed.
    """
    if many > int(employed.sum()):
        raise ValueError(f"{many} people a task, but only {int(employed.sum())} are employed")
    if many > 1 and len(employed) <= SMALL:
        return weightiest(key, tasks, np.flatnonzero(employed), many)
    chosen = np.full((len(tasks), many), -1, dtype=np.int64)
    found = np.zeros(len(tasks), dtype=np.int64)  # people found for each task so far
    open_ = np.arange(len(tasks))
    attempt = 0
    while len(open_):
        drawn = draw(key, tasks[open_], attempt, len(employed))
        fit = employed[drawn] & (chosen[open_] != drawn[:, None]).all(axis=1)
        rows = open_[fit]
        chosen[rows, found[rows]] = drawn[fit]
        found[rows] += 1
        open_ = open_[found[open_] < many]
        attempt += 1
    return chosen


def weightiest(key: int, tasks: NDArray[np.int64] | NDArray[np.uint64], people: Indices, many: int) -> Indices:
    """The `many` people of highest random weight for each task [n, many]."""
    step = max(1, 5_000_000 // len(people))
    rows = []
    for start in range(0, len(tasks), step):
        weight = hashes(key, tasks[start : start + step, None], people[None, :])
        rows.append(people[np.argsort(weight, axis=1, kind="stable")[:, ::-1][:, :many]])
    return np.concatenate(rows) if rows else np.empty((0, many), dtype=np.int64)


def draw(key: int, tasks: NDArray[np.int64] | NDArray[np.uint64], attempt: int, n: int) -> Indices:
    """A uniform draw from 0 … n−1 for each task, that only moves to n when there are n + 1 people."""
    out = np.zeros(len(tasks), dtype=np.int64)
    active = np.arange(len(tasks))
    level = int(n - 1).bit_length()  # people fit into 2^level places, and not into half as many
    while level and len(active):
        undecided, retry = active, 0
        lower = []
        while len(undecided):  # at the top level some places are still empty
            draws = hashes(key, tasks[undecided], attempt, level, retry)
            place = (draws >> np.uint64(64 - level)).astype(np.int64)
            below = place < 1 << (level - 1)
            lower.append(undecided[below])
            taken = ~below & (place < n)
            out[undecided[taken]] = place[taken]
            undecided = undecided[~below & (place >= n)]
            retry += 1
        active = np.concatenate(lower)
        level -= 1
    return out
