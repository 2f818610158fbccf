"""Reviews: who is dismissed, and the performance record that such a rule is shown."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.components.return_values import given
from simlab.components.shown_data import ShownData
from simlab.errors import PluginFailed
from simlab.rng import Streams, uniforms

Count = NDArray[np.int64]

_ALIKE = 1000  # people by whose fate a review rule without a formula says how likely dismissal is


class Review(Component):
    """Who is dismissed, given what the employer has on record. Says yes or no of everybody at once."""

    kind: ClassVar[str] = "review"
    history: ClassVar[bool] = True  # whether it reads single answers; if not, the record holds none

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        """Who is dismissed [R]."""
        raise NotImplementedError(f"review {self.name!r} does not define decide")

    def needed(self) -> int:
        """Checked answers it takes before the rule can say anything of a person."""
        return 1

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        """How likely [n] a look at `audits` [n] answers of somebody who is right with chance `accuracy` [n] ends it.

        This is what people reckon with; `peers` [R] is everybody's accuracy. As defined here, it is what `decide`
        would do to a thousand people alike; rules with a formula, and rules that compare people, say it themselves.
        """
        length = max(1, int(np.max(audits, initial=0)))
        key = Streams(0).key("reckoning", self.name)
        draws = uniforms(key, np.arange(_ALIKE)[:, None], np.arange(length)[None, :])
        place = np.arange(length)
        fate = np.zeros(len(accuracy))
        for row, (right, asked) in enumerate(zip(accuracy.tolist(), audits.tolist(), strict=True)):
            answers = np.where(place < asked, (draws < right).astype(float), np.nan)
            fate[row] = np.mean(self.decide(PerformanceRecord.of(answers)))
        return fate


@dataclass(slots=True)
class PerformanceRecord(ShownData):
    """Columns over R people. `answers` are in the order in which they were given; rows are padded with NaN."""

    audited: Array  # [R] pairs that were checked
    agreed: Array  # [R] of which agreed with gold; an undecided label counts half
    warnings: Count  # [R] received so far
    days: Array  # [R] since hiring
    answers: (
        Array  # [R, N] each checked pair: 1 right, ½ undecided, 0 wrong (or what a look gives), NaN beyond the last
    )

    def __len__(self) -> int:
        return len(self.audited)

    def __getitem__(self, rows: Any) -> PerformanceRecord:
        return PerformanceRecord(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def score(self) -> Array:
        """Share of checked pairs that agreed with gold [R]; NaN where nothing was checked."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited

    @staticmethod
    def of(answers: Array, warnings: Count | None = None, days: Array | None = None) -> PerformanceRecord:
        """The record that these answers [R, N] make."""
        people = len(answers)
        return PerformanceRecord(
            audited=np.isfinite(answers).sum(axis=1).astype(float),
            agreed=np.nansum(answers, axis=1),
            warnings=np.zeros(people, dtype=np.int64) if warnings is None else warnings,
            days=np.zeros(people) if days is None else days,
            answers=answers,
        )


def decided(rule: Review, record: PerformanceRecord) -> NDArray[np.bool_]:
    """Who is dismissed by this rule [R]. Raises PluginFailed, naming the rule, where it does not say so of all."""
    try:
        found = rule.decide(record)
        verdict = np.asarray(found)
    except Exception as error:
        raise PluginFailed.raised(f"review rule {rule.name!r}", error) from error
    if verdict.shape != (len(record),) or verdict.dtype != bool:
        what = f"must say True or False of {len(record)} people; it gave {given(found)}"
        raise PluginFailed.returned(rule, what, "decide")
    return verdict


def below_share(record: PerformanceRecord, below: float, min_sample: int, after_warnings: int) -> NDArray[np.bool_]:
    """Who agreed with gold on less than `below` of enough checked pairs, after enough warnings [R]."""
    known = (record.audited >= min_sample) & (record.warnings >= after_warnings)
    return np.asarray(known & (record.score < below))


def chance_below(accuracy: Array, audits: Array, below: float, min_sample: int) -> Array:
    """How likely [n] that is after so many checked pairs, for somebody right with chance `accuracy`: binomial.

    Warnings are not reckoned with: they are history.
    """
    from scipy.stats import binom

    least = np.ceil(np.round(below * audits, 9))  # right answers it takes to stay
    return np.where(audits >= min_sample, binom.cdf(least - 1, audits, accuracy), 0.0)


class Below(Review):
    """The rule of `fire: {below: …}`; as a plugin it is called `threshold`."""

    history = False

    below: float
    min_sample: int = 1
    after_warnings: int = 0

    def needed(self) -> int:
        return self.min_sample

    def decide(self, record: PerformanceRecord) -> NDArray[np.bool_]:
        return below_share(record, self.below, self.min_sample, self.after_warnings)

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        return chance_below(accuracy, audits, self.below, self.min_sample)


def lined_up(who: Count, right: Array, people: int) -> Array:
    """Answers [people, N] from a list of them: `who[i]` gave one worth `right[i]`, in this order. NaN beyond the last.

    N is the longest anybody's list is.
    """
    order = np.argsort(who, kind="stable")
    each = np.bincount(who, minlength=people)
    place = np.arange(len(who)) - np.repeat(np.cumsum(each) - each, each)
    lines = np.full((people, int(each.max(initial=0))), np.nan)
    lines[who[order], place] = right[order]
    return lines
