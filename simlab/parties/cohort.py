"""A cohort: people as columns, not objects, so that a hundred thousand of them cost a few arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.components import Array


@dataclass(slots=True)
class Cohort:
    """Raters as columns; row i is one person. `ended` is NaN while employed."""

    number: NDArray[np.int64]  # [R] identity within the pool
    vector: Array  # [R, D] what this person goes by
    skill: Array  # [R, D] in [0, 1]: how sharply each criterion is perceived
    knowledge: Array  # [R] chance of believing the truth about a fact
    noise: Array  # [R] multiplies the policy's temperature
    seconds: Array  # [R] typical time for one comparison
    hired: Array  # [R] day
    ended: Array  # [R] day, or NaN
    tasks: NDArray[np.int64]  # [R] rankings made, so far
    audited: Array  # [R] pairs that were checked, so far
    agreed: Array  # [R] of which agreed with gold
    warnings: NDArray[np.int64]  # [R]
    hours: Array  # [R] worked, so far
    unpaid: Array  # [R] hours worked and not yet paid

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, rows: Any) -> Cohort:
        return Cohort(*(getattr(self, f.name)[rows] for f in fields(self)))

    def joined(self, other: Cohort) -> Cohort:
        """This cohort with `other` behind it."""
        return Cohort(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    @property
    def employed(self) -> NDArray[np.bool_]:
        """Who is employed now [R]."""
        return np.isnan(self.ended)

    @property
    def score(self) -> Array:
        """Share of audited rankings that agreed with gold, over the whole employment; NaN if never audited."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited
