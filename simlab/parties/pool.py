"""People who are paid to judge: what raters and auditors have in common.

A pool of them is a cohort of arrays, not of objects: one SimPy event per cohort and shift, numpy inside; a person
still has an identity (the number) from hiring to the label a reward model learned from. Every draw is keyed by
person and task, so that one person more or less leaves the others' draws as they were.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.components.cohort import Cohort
from simlab.parties.guideline import write_readings
from simlab.parties.language_model import LanguageModel
from simlab.people import hiring, payroll, population, quitting, working_life
from simlab.people.choice import Judges
from simlab.people.effort import newly, reconsider, thinking
from simlab.people.noise_calibration import calibrate
from simlab.people.table_rows import spells
from simlab.rankings import Rankings
from simlab.relation import Judgement, Standard
from simlab.rng import Streams

if TYPE_CHECKING:
    from simlab.measures.panel import Panel

T = TypeVar("T")
PANEL_RATERS = 256  # a larger pool is represented by this many in its utility; its mean no longer moves
MOST_READINGS = 2000  # people of a pool beyond which nobody's reading of the guideline is written down


class Pool(Judges):
    """A pool of people with an employer, as a party. Its work is what they say of pairs of responses."""

    # ---- who they are -------------------------------------------------------------------------------------------

    def on_guideline(self, standard: Standard) -> None:
        """A new version of the guideline: each reads it with the same error as the last one."""
        if len(self.cohort):
            self.cohort.vector = population.understood(self, self.cohort, self.standard())
            self.forget_panel()
            self._note_readings(self.cohort[self.cohort.employed])

    def recruit(self, count: int) -> list[int]:
        """Hire up to `count` new people, after a test if there is one; returns the numbers of those hired."""
        hired = hiring.hire(self, count)
        self.begin(hired)
        reconsider(self, newly(self, hired))
        return [int(n) for n in hired]

    def admit(self, count: int) -> Indices:
        """Take in `count` people from the same population, or from the labor market; returns their numbers.

        Who is left out of this run (`without: [pool:17]`) has a row, too, so that nobody else's number changes,
        but is never employed.
        """
        first = len(self.cohort)
        people = population.drawn(self, np.arange(first, first + count))
        movers = self.labor_market.hire(self.spec.market, self, count)
        persons = population.moved_in(self, people, movers)
        self.cohort = self.cohort.joined(people)
        names = self.labels_of(people.number).tolist()
        keys = self.context.rng.keys(self.name, "beliefs", numbers=people.number.tolist())
        observers = self.context.game.observers(names, keys, people.knowledge.tolist())
        observers[: len(movers)] = [pool.observers[row] for pool, row in movers]
        self.observers += observers
        self.persons += persons
        working_life.join(self, people.number, movers)
        return people.number

    def begin(self, numbers: Indices) -> None:
        """These people are employed from now on."""
        spells(self, self.cohort[numbers])
        self._note_readings(self.cohort[numbers])

    def _note_readings(self, people: Cohort) -> None:
        """Write down what these people go by, unless the pool is very large."""
        if len(people) and self.spec.count <= MOST_READINGS:
            names = self.labels_of(people.number).tolist()
            write_readings(self.context, self.name, names, people.vector, self.standard().version)

    def dismiss(self, number: int, reason: str, *, banned: bool = False) -> None:
        """End a person's employment today, and pay what is owed; who is banned is not hired from the labor market."""
        payroll.pay_off(self, number)
        self.cohort.ended[number] = self.context.now
        if not banned:
            self.labor_market.seek(self.spec.market, self, number)
        spells(self, self.cohort[[number]], reason)

    def retrain(self, rows: Indices, readings: Array, shrink: float, hours: float) -> None:
        """Train some people, by what their trainers [n, D] go by: their own reading of the guideline moves toward that,
        until `shrink` of the way is left. Training takes so many hours of the next shifts.

        Repeated, it is e ← shrink·e + (1 − shrink)·t with the trainer's error t, both in norms of the guideline, so
        that a person ends where the trainer is, right or wrong (iterated learning: Griffiths & Kalish 2007).
        """
        standard = self.standard()
        errors = (readings - standard.vector) / standard.unit
        before = self.taught_to(rows)
        self.teach(rows, (1 - shrink) * errors + (0.0 if before is None else shrink * before))
        self.cohort.misread = hiring.retrained(self.cohort.misread, rows, shrink)
        self.cohort.vector = population.understood(self, self.cohort, self.standard())
        self.work_state.away[rows] += hours
        self.forget_panel()
        self._note_readings(self.cohort[rows])

    def utility(self, panel: Panel) -> Array:
        """The mean of the employed people's standardized utilities (or ranks) as perceived."""
        people = self.representatives()
        if not len(people):
            return np.zeros(len(panel.items))
        each = panel.centred(self.individual_utilities(panel, people))
        spread = each.std(axis=0)
        return np.asarray((each / np.where(spread > 0, spread, 1)).mean(axis=1))

    def resampled_utility(self, panel: Panel, key: int) -> Array | None:
        """As it would be, had other people been hired: as many, from the same population, told the same.

        What has happened to those who are here since is not repeated: if dismissals select, strangers agree less with
        the guideline, and the waterfall finds a negative bias.
        """
        numbers = np.arange(len(self.representatives()))
        if not len(numbers):
            return None
        strangers, rng = copy(self), Streams(key)
        strangers.cohort = self._strangers(numbers, key)
        keys = [rng.key(self.name, "beliefs", n) for n in numbers.tolist()]
        names, known = self.labels_of(numbers).tolist(), strangers.cohort.knowledge.tolist()
        strangers.observers = self.context.game.observers(names, keys, known)
        strangers.forget_panel()
        return strangers.utility(panel)

    def _strangers(self, numbers: Indices, key: int) -> Cohort:
        """Other people by the draws of this key; the same as before, while their number and guideline are the same and
        nobody was taught anything else."""
        told = self.standard().vector
        known = self.strangers.get(key)
        if (
            known is None
            or len(known[1]) != len(numbers)
            or not np.array_equal(known[0], told)
            or self.taught is not None
        ):
            people = population.drawn(self, numbers, Streams(key))
            people.ended[:] = np.nan
            self.strangers[key] = known = told.copy(), people
        return known[1]

    # ---- what they say ------------------------------------------------------------------------------------------

    def start(self) -> Steps:
        """Hire the first people, and set their noise once; where there is a test, those who fail it are replaced."""
        first = self.recruit if self.spec.screening is None else self.admit
        first(self.spec.count)
        if model := self.context.hierarchy.model_below(self.name):
            yield from calibrate(self, self.context.party(model, LanguageModel))
        yield from hiring.screen(self)
        reconsider(self)
        if self.spec.quits is not None:
            self.context.start(quitting.days(self))

    def clock_off(self, who: Indices, made: Rankings, *, elapsed: bool) -> None:
        """Count work that has just been written down; its hours are over (`elapsed`), or still lie ahead."""
        seconds = made.seconds
        self.cohort.tasks += np.bincount(who, minlength=len(self.cohort))
        np.add.at(self.cohort.hours, who, seconds / 3600)
        np.add.at(self.cohort.unpaid, who, seconds / 3600)
        working_life.worked(self, who, made, elapsed)

    # ---- what becomes of it -------------------------------------------------------------------------------------

    def subjects(self, made: Rankings) -> tuple[list[str], NDArray[np.int64]]:
        """Who is judged by their work: the names of those who made it, and for each ranking which of them."""
        people, place = np.unique(made.worker, return_inverse=True)
        return self.labels_of(people).tolist(), place

    def on_judged(self, judgement: Judgement) -> None:
        """Keep everyone's record: how many pairs were audited, and how many agreed with whoever did."""
        record = self.record(judgement.principal)
        rows = np.array([int(name.rpartition(":")[2]) for name in judgement.scores], dtype=np.int64)
        sample = np.array([judgement.samples[name] for name in judgement.scores], dtype=float)
        agreed = sample * np.array(list(judgement.scores.values()))
        for kept in (self.cohort, record):
            kept.audited[rows] += sample
            kept.agreed[rows] += agreed
        if judgement.answers is not None:
            record.answers.append(working_life.note(self, rows[judgement.answers.who], judgement.answers.right))
        reconsider(self, thinking(self, judgement.principal))

    def by_themselves(self) -> Pool:
        """The pool as it would be if all its people judged by themselves."""
        if self.delegation is None:
            return self
        other = copy(self)
        other.delegation = None
        other.forget_panel()
        return other
