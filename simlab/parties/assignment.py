"""Who does which task: by consistent hashing, so that a person more or less changes nobody else's tasks.

Who leaves hands over only their own tasks, and who comes takes tasks over without moving any other (Karger et al.
1997, "Consistent hashing and random trees"). Loads are multinomial. Constant expected time a label, whatever the size
of the pool.

*One person a task.* Each task has a sequence of draws of its own over everybody who ever worked in the pool; whoever
is drawn first and is employed gets it. A draw over n people is made level by level over powers of two, as in
BinomialHash (Coluzzi et al. 2024): a task that falls into the lower half of a level is decided by the level below, as
it was when there were only so many people.

*Several people a task.* Everybody arrives at each task after an exponential time of their own, and it goes to those
who come first; that is highest random weight (Thaler & Ravishankar 1998), the weight being the time. But nobody's
time is looked up person by person: the people of a level (twice as many as those below it) arrive together as one
Poisson process, whose first points are the first arrivals. One level more adds points and moves none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simlab.components import Array
from simlab.streams import further, hashes

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64] | NDArray[np.uint64]

FIRST = 4  # the first 2^FIRST people are looked up one by one
CHUNK = 1 << 15  # tasks at a time: what a processor's cache holds
BITS = np.uint64(24)  # enough to say who arrives; the bits of a time that are left over tell apart one part in 10^8
NOBODY = np.uint64(0xFFFFFFFFFFFFFFFF)


def assigned(key: int, tasks: Numbers, employed: NDArray[np.bool_], many: int) -> Indices:
    """`many` different people for each task [n, many]; row r of `employed` [R] is the person with number r.

    Raises ValueError if fewer than `many` are employed.
    """
    if many > int(employed.sum()):
        raise ValueError(f"{many} people a task, but only {int(employed.sum())} are employed")
    if len(employed) > 1 << int(BITS):
        raise ValueError(f"{len(employed):,} people in one pool; the most is {1 << int(BITS):,}")
    chosen = np.empty((len(tasks), many), dtype=np.int64)
    step = CHUNK if many == 1 else max(1, 8 * CHUNK // (3 * many + 2**FIRST))
    for start in range(0, len(tasks), step):
        part = slice(start, start + step)
        chosen[part] = _one(key, tasks[part], employed) if many == 1 else _several(key, tasks[part], employed, many)
    return chosen


# ---- one person a task --------------------------------------------------------------------------------------------


def _one(key: int, tasks: Numbers, employed: NDArray[np.bool_]) -> Indices:
    """The first employed person of each task's sequence of draws [n, 1]."""
    chosen = np.empty(len(tasks), dtype=np.int64)
    state, open_, attempt = hashes(key, tasks), np.arange(len(tasks)), 0
    while len(open_):
        drawn = draw(further(state[open_], attempt), len(employed))
        fit = employed[drawn]
        chosen[open_[fit]] = drawn[fit]
        open_ = open_[~fit]
        attempt += 1
    return chosen[:, None]


def draw(state: Hashes, n: int) -> Indices:
    """A uniform draw from 0 … n−1 for each hash, that only moves to n when there are n + 1 people."""
    out = np.zeros(len(state), dtype=np.int64)
    active = np.arange(len(state))
    level = int(n - 1).bit_length()  # people fit into 2^level places, and not into half as many
    while level and len(active):
        undecided, retry = active, 0
        lower = []
        while len(undecided):  # at the top level some places are still empty
            draws = further(state[undecided], level, retry)
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


# ---- several people a task ----------------------------------------------------------------------------------------


def _several(key: int, tasks: Numbers, employed: NDArray[np.bool_], many: int) -> Indices:
    """The `many` employed people who arrive first at each task [n, many]."""
    chosen = np.empty((len(tasks), many), dtype=np.int64)
    here = np.zeros(1 << max(FIRST, int(len(employed) - 1).bit_length()), dtype=bool)
    here[: len(employed)] = employed
    people, open_ = int(employed.sum()), np.arange(len(tasks))
    wanted = many + 3 * many**0.5 + 3  # arrivals to wait for, so that hardly ever fewer than `many` are different
    until = -np.log(max(1 - wanted / people, 1 / (8 * people)))
    while len(open_):
        arrived = np.concatenate(list(_arrivals(key, tasks[open_], here, until)), axis=1)
        arrived.sort(axis=1)
        found, enough = _first_different(arrived[:, : int((arrived != NOBODY).sum(axis=1).max())], many)
        chosen[open_[enough]] = found[enough]
        open_ = open_[~enough]
        until *= 2
    return chosen


def _arrivals(key: int, tasks: Numbers, here: NDArray[np.bool_], until: float) -> Iterator[Hashes]:
    """Who of those who are `here` arrives at each task, level by level [n, …]: time and person in one number.

    All arrivals up to a time of which it is certain that nobody is missing; that is `until` for nearly all tasks
    and a little earlier for the others. NOBODY elsewhere.
    """
    state = hashes(key, tasks)[:, None]
    first = np.arange(min(1 << FIRST, len(here)))
    levels = [(_waiting(further(state, first)), np.broadcast_to(first, (len(tasks), len(first))))]
    complete = np.full((len(tasks), 1), until)
    for level in range(FIRST, len(here).bit_length() - 1):
        size = 1 << level  # people size … 2·size − 1
        points = int(until * size + 2.5 * (until * size) ** 0.5 + 3)
        lots = further(further(state, NOBODY, level), np.arange(points))
        time = np.cumsum(_waiting(lots << np.uint64(level)), axis=1) / size
        levels.append((time, (lots >> np.uint64(64 - level)).astype(np.int64) + size))
        complete = np.minimum(complete, time[:, -1:])
    for time, person in levels:
        code = (time.view(np.uint64) >> BITS << BITS) | person.astype(np.uint64)
        yield np.where(here[person] & (time <= complete), code, NOBODY)


def _waiting(lots: Hashes) -> Array:
    """Exponential times of mean 1."""
    return np.asarray(-np.log1p(-((lots >> np.uint64(11)).astype(np.float64) * 2.0**-53)))


def _first_different(arrived: Hashes, many: int) -> tuple[Indices, NDArray[np.bool_]]:
    """The first `many` different people of each row of arrivals in order [n, many], and which rows have so many [n]."""
    people = (arrived & ((np.uint64(1) << BITS) - np.uint64(1))).astype(np.int64)
    enough = arrived[:, min(many, arrived.shape[1]) - 1] != NOBODY
    enough &= arrived.shape[1] >= many
    found = people[:, :many].copy()
    among = np.sort(found, axis=1)
    twice = np.flatnonzero(enough & (among[:, 1:] == among[:, :-1]).any(axis=1))
    if len(twice):
        order = np.argsort(people[twice], axis=1, kind="stable")
        same = np.diff(np.take_along_axis(people[twice], order, axis=1), axis=1) == 0
        new = arrived[twice] != NOBODY
        row, later = np.nonzero(same)
        new[row, order[row, later + 1]] = False
        enough[twice] = whole = new.sum(axis=1) >= many
        row, place = np.nonzero(new[whole] & (np.cumsum(new[whole], axis=1) <= many))
        found[twice[whole]] = people[twice[whole]][row, place].reshape(-1, many)
    return found, enough
