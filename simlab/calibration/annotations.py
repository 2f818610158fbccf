"""Annotations: labels that people gave to pairs of responses, and what is known of either response."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.rng import Streams, uniforms

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Annotations:
    """n labels of pairs. Without criteria, quality of responses is latent, and models rest on who agrees with whom."""

    label: Codes  # [n] 1 left is better, 2 right is better, 0 undecided
    task: Codes  # [n] which pair, coded from 0
    worker: Codes  # [n] who, as a place in `workers`
    differences: Array  # [n, K] left less right, of each criterion; K is 0 where nothing is known
    words: Array | None  # [n] length of left less that of right, in words; None if it is not known
    workers: tuple[str, ...]
    criteria: tuple[str, ...]
    source: str  # the file, or whatever they are from
    persons: bool = True  # whether a worker is one and the same person throughout
    placed: bool = True  # whether people saw the left one on the left
    remarks: tuple[str, ...] = ()  # what was read otherwise than it stands there, or left out

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: Any) -> Annotations:
        """The labels of these rows; codes of tasks and workers stay."""
        return replace(
            self, label=self.label[rows], task=self.task[rows], worker=self.worker[rows],
            differences=self.differences[rows], words=None if self.words is None else self.words[rows],
        )  # fmt: skip

    def indexed(self, weights: Array) -> Annotations:
        """The same labels, with one criterion: the utility of those who give each criterion its weight [K]."""
        return replace(self, differences=self.weighted(weights)[:, None], criteria=("utility",))

    @property
    def ties(self) -> bool:
        """Whether anybody was ever undecided."""
        return bool(np.any(self.label == 0))

    @property
    def latent(self) -> bool:
        """Whether nothing is known of how good the responses are."""
        return not self.criteria

    def split(self, share: float) -> tuple[Annotations, Annotations]:
        """Labels to fit to, and labels of about this `share` of tasks, which are held out; the same ones every time."""
        draw = uniforms(Streams(0).key("calibrate", "held out"), self.task)
        return self[draw >= share], self[draw < share]

    def weighted(self, weights: Array) -> Array:
        """The difference in utility [n] for raters who give each criterion its weight [K]."""
        return np.asarray(np.einsum("nk,k->n", self.differences, weights))

    def clusters(self) -> tuple[str, Codes]:
        """Which labels may err alike, and whose they are [n]: those of one rater if there are many raters, those of
        one pair if they come from ratings; "" if labels are taken one by one.

        Intervals clustered by a few raters would be too narrow (Cameron & Miller 2015, Journal of Human Resources 50,
        §VI, who call 20 few to some), so fewer than 20 are not clustered.
        """
        if not self.placed:  # ratings: a pair that is hard for one is hard for all
            return "task", self.task
        if len(np.unique(self.worker)) >= 20:
            return "worker", self.worker
        return "", np.arange(len(self), dtype=np.int64)
