"""The working life of a pool: how careful, tired, practised and exposed everybody is, and what everybody is owed.

`People` asks it whenever somebody works, is judged or is paid. Under the defaults of a scenario (diligent people paid
by the hour, who neither tire nor learn) it changes nothing and costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.effort import spent, tossed
from simlab.components.pay import Earned
from simlab.components.review import Standing, lined_up
from simlab.people.fatigue import before, faded, noise_of_fatigue, practised
from simlab.rankings import Rankings
from simlab.rng import branch, normals, uniforms
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.parties.people import People

HOURS_PER_DAY = 24.0
ROUNDING = 1e-6  # more than sums of seconds can be off by
Marks = tuple[NDArray[np.int32], NDArray[np.float32]]  # rows of people, and 1, ½ or 0 for one answer of each


@dataclass(slots=True)
class Lives:
    """Columns over the rows of a cohort."""

    toil: Array  # [R] multiplies the cost of care
    care: Array  # [R] share of answers that are looked at with care
    pace: Array  # [R] beyond the usual one, as a share of it
    fatigue: Array  # [R] hours of work not slept off, at `since`
    exposure: Array  # [R] hours spent on harmful responses and not faded, at `since`
    since: Array  # [R] day until which all work is counted
    away: Array  # [R] hours of training still to come off the next shifts
    pairs: Array  # [R] compared and not yet paid
    hours: Array  # [R] paid so far
    received: Array  # [R] for them, in $
    turned_away: Array  # [R] 1 for candidates who were not hired

    def joined(self, other: Lives) -> Lives:
        """These with `other` behind them."""
        names = [f.name for f in fields(self)]
        return Lives(**{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names})


class WorkingLife:
    """The lives of one pool. Rows are those of the pool's cohort."""

    def __init__(self, pool: People) -> None:
        self.pool = pool
        self.spec = pool.spec
        self.simulation = pool.simulation
        self.lives = Lives(**{f.name: np.zeros(0) for f in fields(Lives)})
        self.marks: list[Marks] = []  # answers that anybody judged since the last payday

    def _key(self, purpose: str) -> int:
        return self.simulation.streams.key(self.pool.name, purpose)

    def join(self, numbers: Indices, movers: list[tuple[People, int]]) -> None:
        """New people, the first of whom may come from elsewhere, with all they have been through."""
        new = Lives(**{f.name: np.zeros(len(numbers)) for f in fields(Lives)})
        new.toil = np.exp(self.spec.effort.cost_spread * normals(self._key("toil"), numbers))
        new.care += 1.0
        new.since += self.simulation.now
        for row, (pool, old) in enumerate(movers):
            for trait in ("toil", "fatigue", "exposure", "since"):
                getattr(new, trait)[row] = getattr(pool.life.lives, trait)[old]
        self.lives = self.lives.joined(new)

    @property
    def rejected(self) -> NDArray[np.bool_]:
        """Who was never hired, for having failed the test [R]."""
        return self.lives.turned_away > 0

    # ---- at work ------------------------------------------------------------------------------------------------

    def careful(self, who: Indices, lot: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Which pieces of work [n] are looked at with care; None if all are."""
        if not self.spec.effort.reckons:
            return None
        care = self.lives.care[who]
        return None if np.all(care >= 1) else uniforms(self._key("care"), who, lot) < care

    def seconds(self, who: Indices, lot: NDArray[Any], seconds: Array) -> Array:
        """Time [n] that the work takes people who are practised, careless or in a hurry."""
        learning, cohort = self.spec.learning, self.pool.cohort
        assert cohort is not None
        if learning is not None and learning.seconds:
            seconds = seconds * practised(cohort.tasks[who], learning.seconds, learning.floor)
        careful = self.careful(who, lot)
        if careful is not None:
            seconds = spent(seconds, careful, self.spec.effort.careless_seconds)
        if not self.spec.effort.reckons:  # nobody hurries
            return seconds
        pace = self.lives.pace[who]
        return seconds / (1 + pace) if np.any(pace) else seconds

    def noise(self, who: Indices, seconds: Array) -> Array | None:
        """By what the noise of choice is multiplied [n] at each of these pieces of work, done in this order."""
        fatigue, learning, cohort = self.spec.fatigue, self.spec.learning, self.pool.cohort
        assert cohort is not None
        if fatigue is None and (learning is None or not learning.noise):
            return None
        factor = np.ones(len(who))
        if fatigue is not None:
            factor = noise_of_fatigue(self.fatigue()[who] + before(who, seconds / 3600), fatigue.rate)
        if learning is not None:
            factor = factor * practised(cohort.tasks[who], learning.noise, learning.floor)
        return factor

    def toss(self, label: NDArray[np.int64], who: Indices, lot: NDArray[Any], key: int, options: int) -> None:
        """Replace the labels [n, pairs] of work that was done without care by tosses of a coin."""
        careful = self.careful(who, lot)
        if careful is not None:
            draws = uniforms(branch(key, "toss"), who[:, None], lot[:, None], np.arange(options)[None, :])
            label[~careful] = tossed(draws[~careful])

    def worked(self, who: Indices, made: Rankings, elapsed: bool) -> None:
        """Count rankings that have just been recorded; the hours they took are over (`elapsed`), or still lie ahead."""
        seconds = made.seconds
        self.lives.pairs += made.pairs * np.bincount(who, minlength=len(self.lives.pairs))
        if self.spec.fatigue is None and self.spec.exposure is None:
            return
        hours = np.bincount(who, weights=seconds / 3600, minlength=len(self.lives.toil))
        rows = np.flatnonzero(hours)
        fatigue, exposure = self.fatigue(), self.exposure()
        self.lives.fatigue[rows] = fatigue[rows] + hours[rows]
        self.lives.exposure[rows] = exposure[rows]
        if self.spec.exposure is not None:
            harmful = self._harmful(made.items).reshape(len(who), -1).mean(axis=1)
            np.add.at(self.lives.exposure, who, harmful * seconds / 3600)
        self.lives.since[rows] = self.simulation.now + (0.0 if elapsed else hours[rows] / HOURS_PER_DAY)

    def _harmful(self, items: Items) -> NDArray[np.bool_]:
        spec, game = self.spec.exposure, self.simulation.game
        assert spec is not None
        axis = game.value({spec.criterion: 1.0})
        below = game.midpoint if spec.below is None else spec.below
        return np.asarray(game.features(items) @ axis < below)

    def fatigue(self) -> Array:
        """Hours of work that nobody has slept off yet [R], now."""
        rest = np.maximum(0.0, self.simulation.now - self.lives.since) * HOURS_PER_DAY
        return faded(self.lives.fatigue, rest, self.spec.fatigue.half_life) if self.spec.fatigue else self.lives.fatigue

    def exposure(self) -> Array:
        """Hours of harm that have not faded yet [R], now."""
        spec, days = self.spec.exposure, np.maximum(0.0, self.simulation.now - self.lives.since)
        return faded(self.lives.exposure, days, spec.half_life) if spec else self.lives.exposure

    def free(self, hours: float) -> Array | float:
        """How many of a shift's hours each has [R]: those in training have fewer."""
        if not np.any(self.lives.away):
            return hours
        taken = np.minimum(self.lives.away, hours)
        self.lives.away -= taken
        return np.asarray(hours - taken)

    # ---- judged and paid ----------------------------------------------------------------------------------------

    def heard(self, rows: Indices, right: Array) -> Marks:
        """Somebody judged these answers; returns them as they are kept."""
        kept = rows.astype(np.int32), right.astype(np.float32)
        self.marks.append(kept)
        return kept

    def earned(self, rows: Indices) -> Earned:
        """What these people have done since they were last paid."""
        cohort = self.pool.cohort
        assert cohort is not None
        return Earned(
            wage=np.full(len(rows), self.spec.wage),
            hours=cohort.unpaid[rows],
            pairs=self.lives.pairs[rows],
            answers=answers_of(self.marks, rows, len(cohort)),
            here=cohort.employed[rows],
        )

    def settle(self, rows: Indices) -> tuple[Array, Array]:
        """What the work of these people was to bring, and what they are owed for it [R], in $; then all is paid."""
        cohort, scheme = self.pool.cohort, self.spec.pay
        assert cohort is not None
        nominal = scheme.nominal(self.spec.wage, cohort.unpaid[rows], self.lives.pairs[rows])
        owed = scheme.owed(self.earned(rows)) if scheme.judged else nominal
        self.lives.hours[rows] += cohort.unpaid[rows]
        self.lives.received[rows] += owed
        cohort.unpaid[rows] = 0.0
        self.lives.pairs[rows] = 0.0
        return nominal, owed

    def standing(self, principal: str, rows: Indices, history: bool = True) -> Standing:
        """All that this principal has on record about these people; single answers only if asked for."""
        cohort, record = self.pool.cohort, self.pool.record(principal)
        assert cohort is not None
        return Standing(
            audited=record.audited[rows],
            agreed=record.agreed[rows],
            warnings=cohort.warnings[rows],
            days=self.simulation.now - cohort.hired[rows],
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
