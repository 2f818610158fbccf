"""A cohort: people as columns, not objects, so that a hundred thousand of them cost a few arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.shown_data import ShownData, lacking


@dataclass(slots=True)
class Cohort(ShownData):
    """People as columns; row i is one person. `ended` is NaN while employed."""

    number: NDArray[np.int64]  # [R] identity, kept from one employer to the next within a labor market
    misread: Array  # [R, D] error in reading a guideline, in norms of it
    own: Array  # [R, D] what this person would go by, left alone
    vector: Array  # [R, D] what this person goes by
    skill: Array  # [R, D] in [0, 1]: how sharply each criterion is perceived
    knowledge: Array  # [R] chance of believing the truth about a fact
    noise: Array  # [R] multiplies the policy's temperature
    seconds: Array  # [R] typical time for one comparison
    wage: Array  # [R] paid per hour, in $
    hired: Array  # [R] day
    ended: Array  # [R] day, or NaN
    tasks: NDArray[np.int64]  # [R] rankings made, so far
    audited: Array  # [R] pairs that were checked by anyone, so far
    agreed: Array  # [R] of which agreed with whoever checked
    warnings: NDArray[np.int64]  # [R] received so far
    hours: Array  # [R] worked, so far
    unpaid: Array  # [R] hours worked and not yet paid

    @staticmethod
    def nobody(dimensions: int) -> Cohort:
        """No person at all, in a world of so many dimensions."""
        whole: Any = np.zeros(0, dtype=np.int64)
        each: Any = np.zeros(0)
        wide: dict[str, Any] = {name: np.zeros((0, dimensions)) for name in ("misread", "own", "vector", "skill")}
        counted = dict.fromkeys(("number", "tasks", "warnings"), whole)
        return Cohort(**dict.fromkeys((f.name for f in fields(Cohort)), each) | wide | counted)

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, rows: Any) -> Cohort:
        return Cohort(*(getattr(self, f.name)[rows] for f in fields(self)))

    def looked_up(self, rows: NDArray[np.int64]) -> Cohort:
        """The same as `self[rows]`, each column when it is first asked for: of many rows, few columns are needed.

        To be used before anything in this cohort changes.
        """
        return _LookedUp(self, rows)

    def joined(self, other: Cohort) -> Cohort:
        """This cohort with `other` behind it."""
        return Cohort(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    @property
    def employed(self) -> NDArray[np.bool_]:
        """Who is employed now [R]."""
        return np.isnan(self.ended)

    @property
    def score(self) -> Array:
        """Share of audited pairs on which whoever checked agreed, over the whole employment; NaN if never audited."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited


class _LookedUp(Cohort):
    """Rows of a cohort whose columns are there once somebody has asked for them."""

    __slots__ = ("_rows", "_whole")

    def __init__(self, whole: Cohort, rows: NDArray[np.int64]) -> None:
        self._whole, self._rows = whole, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getattr__(self, name: str) -> Any:  # asked only for what is not there yet
        if name not in Cohort.__slots__:
            raise lacking(self, name)
        found = getattr(self._whole, name)[self._rows]
        setattr(self, name, found)
        return found
