"""Aggregators: how several labels of one pair become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.components.shown_data import ShownData


class Aggregator(Component):
    """How the labels of several raters of one pair become one, before a reward model learns from them."""

    kind: ClassVar[str] = "aggregator"
    merges: ClassVar[bool] = True  # False: every label is learned from as it is, and `aggregate` is not asked

    def aggregate(self, votes: Votes) -> Array:
        """P(left is better) [T] in [0, 1] for each distinct task, in ascending order of task numbers."""
        raise NotImplementedError(f"aggregator {self.name!r} does not define aggregate")


@dataclass(slots=True)
class Votes(ShownData):
    """What people said of pairs of responses, one entry a vote; those who share a task compared the same pair."""

    task: NDArray[np.int64]  # [n] number of the compared pair
    worker: NDArray[np.int64]  # [n] number of the person
    left: NDArray[np.int64]  # [n] number of the first response
    right: NDArray[np.int64]  # [n] number of the second
    label: NDArray[np.int64]  # [n] 1 left is better, 2 right is better, 0 undecided

    def __len__(self) -> int:
        return len(self.task)

    @property
    def wins(self) -> Array:
        """1 for a vote for the left, 0 for the right, ½ undecided [n]."""
        return np.asarray(np.choose(self.label, (0.5, 1.0, 0.0)), dtype=float)

    def by_task(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each task, in ascending order of numbers, has its first vote [T]; and each vote's place there [n]."""
        _, first, place = np.unique(self.task, return_index=True, return_inverse=True)
        return first, place.ravel()

    def share(self) -> Array:
        """Share of the votes on each task that are for the left [T], an undecided one half."""
        first, place = self.by_task()
        return np.bincount(place, weights=self.wins) / np.bincount(place, minlength=len(first))

    def items(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The left and the right response of each vote [n], renumbered from 0."""
        _, codes = np.unique(np.stack([self.left, self.right]), return_inverse=True)
        left, right = codes.reshape(2, -1)
        return left, right
