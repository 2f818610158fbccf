"""How people stand with whoever judges them: all that is on record, as columns; row i is one person.

Review rules (`plugins/reviews/`) decide from it who goes. What people are really like is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.answers import given
from simlab.components import Array, Review
from simlab.errors import PluginFailed
from simlab.knowing import Known

Count = NDArray[np.int64]


@dataclass(slots=True)
class Standing(Known):
    """Columns over R people. `answers` are in the order in which they were given; rows are padded with NaN."""

    audited: Array  # [R] pairs that were checked
    agreed: Array  # [R] of which agreed with gold; an undecided label counts half
    warnings: Count  # [R] received so far
    days: Array  # [R] since hiring
    answers: Array  # [R, N] each checked pair: 1 right, ½ undecided, 0 wrong, NaN beyond the last

    def __len__(self) -> int:
        return len(self.audited)

    def __getitem__(self, rows: Any) -> Standing:
        return Standing(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def score(self) -> Array:
        """Share of checked pairs that agreed with gold [R]; NaN where nothing was checked."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited

    @staticmethod
    def of(answers: Array, warnings: Count | None = None, days: Array | None = None) -> Standing:
        """The record that these answers [R, N] make."""
        people = len(answers)
        return Standing(
            audited=np.isfinite(answers).sum(axis=1).astype(float),
            agreed=np.nansum(answers, axis=1),
            warnings=np.zeros(people, dtype=np.int64) if warnings is None else warnings,
            days=np.zeros(people) if days is None else days,
            answers=answers,
        )


def decided(rule: Review, record: Standing) -> NDArray[np.bool_]:
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


def below_share(record: Standing, below: float, min_sample: int, after_warnings: int) -> NDArray[np.bool_]:
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

    def decide(self, record: Standing) -> NDArray[np.bool_]:
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
