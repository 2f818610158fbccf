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

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simlab.streams import further, hashes
from simlab.threads import side_by_side

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64] | NDArray[np.uint64]

FIRST = 4  # the first 2^FIRST people are looked up one by one
CHUNK = 1 << 15  # tasks at a time: what a processor's cache holds
MOST = 1 << 24  # people in a pool
SLACK = 1.5  # standard deviations of a number of arrivals
NOBODY = np.uint64(0xFFFFFFFFFFFFFFFF)


def assigned(key: int, tasks: Numbers, employed: NDArray[np.bool_], many: int) -> Indices:
    """`many` different people for each task [n, many]; row r of `employed` [R] is the person with number r.

    Raises ValueError if fewer than `many` are employed.
    """
    if many > int(employed.sum()):
        raise ValueError(f"{many} people a task, but only {int(employed.sum())} are employed")
    if len(employed) > MOST:
        raise ValueError(f"{len(employed):,} people in one pool; the most is {MOST:,}")
    chosen = np.empty((len(tasks), many), dtype=np.int64)
    step = CHUNK if many == 1 else max(1, 4 * CHUNK // (3 * many + 2**FIRST))

    def assign(start: int) -> None:
        part = slice(start, start + step)
        chosen[part] = _one(key, tasks[part], employed) if many == 1 else _several(key, tasks[part], employed, many)

    side_by_side(assign, range(0, len(tasks), step))
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
    wanted = many + SLACK * many**0.5 + 3  # arrivals to wait for, so that hardly ever fewer than `many` are different
    until = -np.log(max(1 - wanted / people, 1 / (8 * people)))
    while len(open_):
        arrived = _arrivals(key, tasks[open_], here, until)
        arrived.sort(axis=1)
        found, enough = _first_different(arrived, many)
        chosen[open_[enough]] = found[enough]
        open_ = open_[~enough]
        until *= 2
    return chosen


def _arrivals(key: int, tasks: Numbers, here: NDArray[np.bool_], until: float) -> Hashes:
    """Who of those who are `here` arrives at each task [n, …], in no order: time and person in one number.

    All arrivals up to a time of which it is certain that nobody is missing; that is `until` for nearly all tasks
    and a little earlier for the others. NOBODY elsewhere.
    """
    levels = range(FIRST, len(here).bit_length() - 1)  # people 2^level … 2·2^level − 1
    points = [int(until * 2**level + SLACK * (until * 2**level) ** 0.5 + 3) for level in levels]
    ends = np.cumsum([1 << FIRST, *points]).tolist()
    time = np.empty((len(tasks), ends[-1]), dtype=np.float32)
    person = np.empty((len(tasks), ends[-1]), dtype=np.uint64)
    state = hashes(key, tasks)[:, None]
    person[:, : ends[0]] = np.arange(1 << FIRST)
    time[:, : ends[0]] = _waiting(further(state, np.arange(1 << FIRST)))
    for level, (start, end) in zip(levels, pairwise(ends), strict=True):
        lots = further(further(state, NOBODY, level), np.arange(end - start))
        person[:, start:end] = (lots >> np.uint64(64 - level)) + np.uint64(1 << level)
        np.cumsum(_waiting(lots << np.uint64(level)), axis=1, out=time[:, start:end])
        time[:, start:end] *= np.float32(0.5**level)
    complete = np.minimum(time[:, np.array(ends[1:], dtype=int) - 1].min(axis=1, initial=np.inf), np.float32(until))
    code = (time.view(np.uint32).astype(np.uint64) << np.uint64(32)) | person
    code[(time > complete[:, None]) | ~here.take(person.astype(np.int64))] = NOBODY
    return code


def _waiting(lots: Hashes) -> NDArray[np.float32]:
    """Exponential times of mean 1, from the upper 24 bits of these hashes."""
    time = (lots >> np.uint64(40)).view(np.int64).astype(np.float32)
    time += np.float32(1)
    time *= np.float32(2.0**-24)
    return np.negative(np.log(time, out=time), out=time)


def _first_different(arrived: Hashes, many: int) -> tuple[Indices, NDArray[np.bool_]]:
    """The first `many` different people of each row of arrivals in order [n, many], and which rows have so many [n]."""
    people = (arrived & np.uint64(0xFFFFFFFF)).view(np.int64)
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
