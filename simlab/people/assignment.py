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

from simlab.parallel import side_by_side
from simlab.rng import further, hashes

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64] | NDArray[np.uint64]

FIRST = 4  # the first 2^FIRST people are looked up one by one
CHUNK = 1 << 15  # tasks at a time: what a processor's cache holds
MOST = 1 << 24  # people in a pool
SLACK = 1.5  # standard deviations of a number of arrivals
LATER = 1.25  # how much longer to wait where too few came
NOBODY = np.uint64(0xFFFFFFFFFFFFFFFF)


def assigned(key: int, tasks: Numbers, employed: NDArray[np.bool_], many: int) -> Indices:
    """`many` different people for each task [n, many]; row r of `employed` [R] is the person with number r.

    Raises ValueError if fewer than `many` are employed.
    """
    if many > int(employed.sum()):
        raise ValueError(f"{many} people a task, but only {int(employed.sum())} are employed")
    if len(employed) > MOST:
        raise ValueError(f"{len(employed):,} people in one pool; the most is {MOST:,}")
    if many > 1:
        return _several(key, tasks, employed, many)
    parts = [slice(start, start + CHUNK) for start in range(0, len(tasks), CHUNK)]
    each = side_by_side(lambda part: _one(key, tasks[part], employed), parts)
    return np.concatenate([np.zeros(0, dtype=np.int64), *each])[:, None]


# ---- one person a task --------------------------------------------------------------------------------------------


def _one(key: int, tasks: Numbers, employed: NDArray[np.bool_]) -> Indices:
    """The first employed person of each task's sequence of draws [n]."""
    chosen = np.empty(len(tasks), dtype=np.int64)
    state, open_, attempt = hashes(key, tasks), np.arange(len(tasks)), 0
    while len(open_):
        drawn = draw(further(state[open_], attempt), len(employed))
        fit = employed[drawn]
        chosen[open_[fit]] = drawn[fit]
        open_ = open_[~fit]
        attempt += 1
    return chosen


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
    step = max(1, 4 * CHUNK // (3 * many + 2**FIRST))

    def meet(start: int) -> Indices:
        rows = open_[start : start + step]
        arrived = _arrivals(key, tasks[rows], here, until)
        arrived.sort(axis=1)
        found, enough = _first_different(arrived, many)
        chosen[rows[enough]] = found[enough]
        return rows[~enough]

    while len(open_):
        open_ = np.concatenate(side_by_side(meet, range(0, len(open_), step)))
        until *= LATER
    return chosen


def _arrivals(key: int, tasks: Numbers, here: NDArray[np.bool_], until: float) -> Hashes:
    """Who of those who are `here` arrives at each task [n, …], in no order: time and person in one number.

    All arrivals up to a time of which it is certain that nobody is missing; that is `until` for nearly all tasks
    and a little earlier for the others. NOBODY elsewhere.
    """
    levels = np.arange(FIRST, len(here).bit_length() - 1, dtype=np.uint64)  # people 2^level … 2·2^level − 1
    wanted = np.ldexp(until, levels.astype(np.int32))
    points = np.floor(wanted + SLACK * np.sqrt(wanted) + 3).astype(np.int64)
    ends = np.cumsum([1 << FIRST, *points])
    level = np.repeat(levels, points)[:, None]
    place = np.arange(ends[0], ends[-1]) - np.repeat(ends[:-1], points)
    # tasks lie side by side: long rows are quickly worked
    state = hashes(key, tasks)
    lots = further(np.repeat(further(state, NOBODY, levels[:, None]), points, axis=0), place[:, None])
    person = np.empty((ends[-1], len(tasks)), dtype=np.uint64)
    person[: ends[0]] = np.arange(1 << FIRST, dtype=np.uint64)[:, None]
    np.right_shift(lots, np.uint64(64) - level, out=person[ends[0] :])
    person[ends[0] :] += np.uint64(1) << level
    lots <<= level
    time = np.empty(person.shape, dtype=np.float32)
    time[: ends[0]] = _waiting(further(state, np.arange(1 << FIRST)[:, None]))
    time[ends[0] :] = _waiting(lots)
    for start, end in pairwise(ends.tolist()):
        np.cumsum(time[start:end], axis=0, out=time[start:end])
    time[ends[0] :] *= np.ldexp(np.float32(1), -level.astype(np.int32))
    complete = np.minimum(time[ends[1:] - 1].min(axis=0, initial=np.inf), np.float32(until))
    code = time.view(np.uint32).astype(np.uint64)
    code <<= np.uint64(32)
    code |= person
    nobody = here.take(person.view(np.int64))
    np.logical_not(nobody, out=nobody)
    nobody |= time > complete
    code |= np.negative(nobody.astype(np.int64)).view(np.uint64)  # NOBODY has every bit
    return np.ascontiguousarray(code.T)


def _waiting(lots: Hashes) -> NDArray[np.float32]:
    """Exponential times of mean 1, from the upper 24 bits of these hashes."""
    time = (lots >> np.uint64(40)).view(np.int64).astype(np.float32)
    time += np.float32(1)
    time *= np.float32(2.0**-24)
    return np.negative(np.log(time, out=time), out=time)


def _first_different(arrived: Hashes, many: int) -> tuple[Indices, NDArray[np.bool_]]:
    """The first `many` different people of each row of arrivals in order [n, many], and which rows have so many [n]."""
    people = arrived & np.uint64(0xFFFFFFFF)
    enough = arrived[:, min(many, arrived.shape[1]) - 1] != NOBODY
    enough &= arrived.shape[1] >= many
    found = people[:, :many].astype(np.int64)
    among = np.sort(people[:, :many].astype(np.uint32), axis=1)
    twice = np.flatnonzero(enough & (among[:, 1:] == among[:, :-1]).any(axis=1))
    if len(twice):
        new = _first_time(people[twice]) & (arrived[twice] != NOBODY)
        enough[twice] = whole = new.sum(axis=1) >= many
        row, place = np.nonzero(new[whole] & (np.cumsum(new[whole], axis=1) <= many))
        found[twice[whole]] = people[twice[whole]][row, place].reshape(-1, many)
    return found, enough


def _first_time(people: Hashes) -> NDArray[np.bool_]:
    """Whether whoever arrives has not been there before [n, …]."""
    seen = np.sort(people << np.uint64(32) | np.arange(people.shape[1], dtype=np.uint64), axis=1)
    row, later = np.nonzero((seen[:, 1:] ^ seen[:, :-1]) < np.uint64(1 << 32))
    new = np.ones(people.shape, dtype=bool)
    new[row, seen[row, later + 1].astype(np.uint32)] = False
    return new
