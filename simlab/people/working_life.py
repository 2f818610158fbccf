"""Working life in a pool: how careful, tired, practised and exposed everybody is, and what everybody is owed.

Functions over a pool's `work_state`, asked whenever somebody works, is judged or is paid. Under the defaults of a
scenario (diligent people paid by the hour, who neither tire nor learn) they change nothing and cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.effort import spent, tossed
from simlab.components.pay import Earned
from simlab.components.review import PerformanceRecord, lined_up
from simlab.people.fatigue import before, faded, noise_of_fatigue, practised
from simlab.people.golden import recognised
from simlab.people.track_record import Marks, WorkState
from simlab.rankings import Rankings
from simlab.rng import branch, normals, uniforms
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.roster import Roster

HOURS_PER_DAY = 24.0
ROUNDING = 1e-6  # more than sums of seconds can be off by


def join(pool: Roster, numbers: Indices, movers: list[tuple[Roster, int]]) -> None:
    """New people, the first of whom may come from elsewhere, with all they have been through."""
    new = WorkState.blank(len(numbers))
    new.effort_cost = np.exp(pool.spec.effort.cost_spread * normals(pool.context.rng.key(pool.name, "toil"), numbers))
    new.care += 1.0
    new.since += pool.context.now
    for row, (former, old) in enumerate(movers):
        for trait in ("effort_cost", "fatigue", "exposure", "since"):
            getattr(new, trait)[row] = getattr(former.work_state, trait)[old]
    pool.work_state = pool.work_state.joined(new)


# ---- at work ------------------------------------------------------------------------------------------------


def with_care(pool: Roster, who: Indices, ranking_keys: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which pieces of work [n] are looked at with care, by lot or because they are recognised as golden questions;
    None if all are."""
    if not pool.spec.effort.reckons:
        return None
    care = pool.work_state.care[who]
    if np.all(care >= 1):
        return None
    careful = uniforms(pool.context.rng.key(pool.name, "care"), who, ranking_keys) < care
    gold = recognised(pool, who, ranking_keys)
    return careful if gold is None else careful | gold


def duration(pool: Roster, who: Indices, ranking_keys: NDArray[Any], seconds: Array) -> Array:
    """Time [n] that the work takes people who are practised, careless or in a hurry."""
    learning, cohort = pool.spec.learning, pool.cohort
    if learning is not None and learning.seconds:
        seconds = seconds * practised(cohort.tasks[who], learning.seconds, learning.floor)
    careful = with_care(pool, who, ranking_keys)
    if careful is not None:
        seconds = spent(seconds, careful, pool.spec.effort.careless_seconds)
    if not pool.spec.effort.reckons:  # nobody hurries
        return seconds
    pace = pool.work_state.pace[who]
    return seconds / (1 + pace) if np.any(pace) else seconds


def noise(pool: Roster, who: Indices, seconds: Array) -> Array | None:
    """By what the noise of choice is multiplied [n] at each of these pieces of work, done in this order."""
    fatigue, learning, cohort = pool.spec.fatigue, pool.spec.learning, pool.cohort
    if fatigue is None and (learning is None or not learning.noise):
        return None
    factor = np.ones(len(who))
    if fatigue is not None:
        factor = noise_of_fatigue(current_fatigue(pool)[who] + before(who, seconds / 3600), fatigue.rate)
    if learning is not None:
        factor = factor * practised(cohort.tasks[who], learning.noise, learning.floor)
    return factor


def toss(
    pool: Roster,
    label: NDArray[np.int64],
    who: Indices,
    ranking_keys: NDArray[Any],
    key: int,
    options: int,
    shown: NDArray[np.int64] | None = None,
) -> None:
    """Replace the labels [n, pairs] of work that was done without care by tosses of a coin; or, of auditors who wave
    through, by the labels [n, pairs] they were shown. Asked for work once more, with nothing shown, they toss, too."""
    careful = with_care(pool, who, ranking_keys)
    if careful is None:
        return
    if shown is not None and pool.spec.effort.confirms:
        label[~careful] = shown[~careful]
    else:
        draws = uniforms(branch(key, "toss"), who[:, None], ranking_keys[:, None], np.arange(options)[None, :])
        label[~careful] = tossed(draws[~careful])


def worked(pool: Roster, who: Indices, made: Rankings, elapsed: bool) -> None:
    """Count rankings that have just been recorded; the hours they took are over (`elapsed`), or still lie ahead."""
    seconds = made.seconds
    pool.work_state.pairs += made.pairs * np.bincount(who, minlength=len(pool.work_state.pairs))
    if pool.spec.fatigue is None and pool.spec.exposure is None:
        return
    hours = np.bincount(who, weights=seconds / 3600, minlength=len(pool.work_state.effort_cost))
    rows = np.flatnonzero(hours)
    fatigue, exposure = current_fatigue(pool), current_exposure(pool)
    pool.work_state.fatigue[rows] = fatigue[rows] + hours[rows]
    pool.work_state.exposure[rows] = exposure[rows]
    if pool.spec.exposure is not None:
        harmful = _harmful(pool, made.items).reshape(len(who), -1).mean(axis=1)
        np.add.at(pool.work_state.exposure, who, harmful * seconds / 3600)
    pool.work_state.since[rows] = pool.context.now + (0.0 if elapsed else hours[rows] / HOURS_PER_DAY)


def _harmful(pool: Roster, items: Items) -> NDArray[np.bool_]:
    spec, game = pool.spec.exposure, pool.context.game
    assert spec is not None
    axis = game.value({spec.criterion: 1.0})
    below = game.midpoint if spec.below is None else spec.below
    return np.asarray(game.features(items) @ axis < below)


def current_fatigue(pool: Roster) -> Array:
    """Hours of work that nobody has slept off yet [R], now."""
    rest = np.maximum(0.0, pool.context.now - pool.work_state.since) * HOURS_PER_DAY
    return (
        faded(pool.work_state.fatigue, rest, pool.spec.fatigue.half_life)
        if pool.spec.fatigue
        else pool.work_state.fatigue
    )


def current_exposure(pool: Roster) -> Array:
    """Hours of harm that have not faded yet [R], now."""
    spec, days = pool.spec.exposure, np.maximum(0.0, pool.context.now - pool.work_state.since)
    return faded(pool.work_state.exposure, days, spec.half_life) if spec else pool.work_state.exposure


def free_hours(pool: Roster, hours: float) -> Array | float:
    """How many of a shift's hours each has [R]: those in training have fewer."""
    if not np.any(pool.work_state.away):
        return hours
    taken = np.minimum(pool.work_state.away, hours)
    pool.work_state.away -= taken
    return np.asarray(hours - taken)


# ---- judged and paid ----------------------------------------------------------------------------------------


def note(pool: Roster, rows: Indices, right: Array) -> Marks:
    """Somebody judged these answers; returns them as they are kept."""
    kept = rows.astype(np.int32), right.astype(np.float32)
    pool.marks.append(kept)
    return kept


def earned(pool: Roster, rows: Indices) -> Earned:
    """What these people have done since they were last paid."""
    cohort = pool.cohort
    return Earned(
        wage=cohort.wage[rows],
        hours=cohort.unpaid[rows],
        pairs=pool.work_state.pairs[rows],
        answers=answers_of(pool.marks, rows, len(cohort)),
        here=cohort.employed[rows],
    )


def settle(pool: Roster, rows: Indices) -> tuple[Array, Array]:
    """What the work of these people was to bring, and what they are owed for it [R], in $; then all is paid."""
    cohort, scheme = pool.cohort, pool.spec.pay
    nominal = scheme.nominal(cohort.wage[rows], cohort.unpaid[rows], pool.work_state.pairs[rows])
    owed = scheme.owed(earned(pool, rows)) if scheme.judged else nominal
    pool.work_state.hours[rows] += cohort.unpaid[rows]
    pool.work_state.received[rows] += owed
    cohort.unpaid[rows] = 0.0
    pool.work_state.pairs[rows] = 0.0
    return nominal, owed


def standing(pool: Roster, principal: str, rows: Indices, history: bool = True) -> PerformanceRecord:
    """All that this principal has on record about these people; single answers only if asked for."""
    cohort, record = pool.cohort, pool.record(principal)
    return PerformanceRecord(
        audited=record.audited[rows],
        agreed=record.agreed[rows],
        warnings=cohort.warnings[rows],
        days=pool.context.now - cohort.hired[rows],
        answers=answers_of(record.answers if history else [], rows, len(cohort)),
    )


def answers_of(marks: list[Marks], rows: Indices, people: int) -> Array:
    """Answers [R, N] of the people in `rows`, of `people` in all, as they were judged; padded with NaN."""
    if not marks:
        return np.empty((len(rows), 0))
    who, right = (np.concatenate([batch[column] for batch in marks]) for column in (0, 1))
    place = np.full(people, -1)
    place[rows] = np.arange(len(rows))
    mine = place[who] >= 0
    return lined_up(place[who[mine]], right[mine].astype(float), len(rows))


def within_hours(who: Indices, seconds: Array, limit: Array | float) -> NDArray[np.bool_]:
    """Which tasks [n] fit when each person works down their own list until `limit` seconds (of person who[i], if [n])
    are used up."""
    total = np.bincount(who, weights=seconds)
    busiest = total[who] if isinstance(limit, np.ndarray) else total.max(initial=0.0)
    if np.all(busiest < (1 - ROUNDING) * limit):
        return np.ones(len(who), dtype=bool)
    order = np.argsort(who, kind="stable")
    running = np.cumsum(seconds[order])
    starts = np.flatnonzero(np.r_[True, np.diff(who[order]) != 0])
    earlier = np.repeat(np.r_[0.0, running[starts[1:] - 1]], np.diff(np.r_[starts, len(who)]))
    fits = np.empty(len(who), dtype=bool)
    fits[order] = running - earlier <= (limit[order] if isinstance(limit, np.ndarray) else limit)
    return fits
