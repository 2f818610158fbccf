"""What people have done so far, and how it was found to be."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array

Marks = tuple[NDArray[np.int32], NDArray[np.float32]]  # rows of people, and 1, ½ or 0 for one answer of each


@dataclass(slots=True)
class AuditRecord:
    """What one principal knows of each person of a cohort."""

    audited: Array  # [R] pairs it checked, so far
    agreed: Array  # [R] of which agreed with its own opinion
    answers: list[Marks] = field(default_factory=list)  # look by look

    @staticmethod
    def blank(count: int) -> AuditRecord:
        """Of `count` people, nothing."""
        return AuditRecord(np.zeros(count), np.zeros(count))

    def extended(self, count: int) -> AuditRecord:
        """The record of a cohort that has grown to `count` people."""
        more = np.zeros(count - len(self.audited))
        return AuditRecord(np.concatenate([self.audited, more]), np.concatenate([self.agreed, more]), self.answers)

    @property
    def score(self) -> Array:
        """Share of audited pairs that agreed [R]; NaN if never audited."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited


@dataclass(slots=True)
class WorkState:
    """Columns over the rows of a cohort."""

    effort_cost: Array  # [R] multiplies the cost of care
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

    def joined(self, other: WorkState) -> WorkState:
        """These with `other` behind them."""
        names = [f.name for f in fields(self)]
        return WorkState(**{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names})

    @staticmethod
    def blank(count: int) -> WorkState:
        """Of `count` people who have done nothing yet."""
        return WorkState(**{f.name: np.zeros(count) for f in fields(WorkState)})
