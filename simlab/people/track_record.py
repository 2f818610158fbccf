"""What people have done so far, and how it was found to be."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array


@dataclass(slots=True)
class Record:
    """What one principal knows of each person of a cohort."""

    audited: Array  # [R] pairs it checked, so far
    agreed: Array  # [R] of which agreed with its own opinion
    answers: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = field(
        default_factory=list
    )  # rows, right; look by look

    @staticmethod
    def blank(count: int) -> Record:
        """Of `count` people, nothing."""
        return Record(np.zeros(count), np.zeros(count))

    def extended(self, count: int) -> Record:
        """The record of a cohort that has grown to `count` people."""
        more = np.zeros(count - len(self.audited))
        return Record(np.concatenate([self.audited, more]), np.concatenate([self.agreed, more]), self.answers)

    @property
    def score(self) -> Array:
        """Share of audited pairs that agreed [R]; NaN if never audited."""
        with np.errstate(invalid="ignore"):
            return self.agreed / self.audited
