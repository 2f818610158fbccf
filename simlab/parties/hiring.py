"""Hiring: tests of candidates against gold, who passes, and what training does to those hired.

Pure functions over candidates; `People.recruit` uses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.components import Array, Review
from simlab.parties.rankings import preferred
from simlab.parties.standing import Standing
from simlab.worlds.game import Items


@dataclass(slots=True)
class Exam:
    """Gold items every candidate labels: pairs of responses, two after two, and the right label of each."""

    items: Items  # [2n]
    gold: NDArray[np.int64]  # [n] 1 or 2

    def __len__(self) -> int:
        return len(self.gold)


def set_exam(items: Items, utilities: Array, count: int) -> Exam:
    """An exam of up to `count` items from pairs of responses [2m] with these utilities [2m]: those that are no ties."""
    gold = preferred(utilities[::2] - utilities[1::2])
    chosen = np.flatnonzero(gold)[:count]
    return Exam(items[np.stack([2 * chosen, 2 * chosen + 1], axis=1).ravel()], gold[chosen])


def marks(labels: NDArray[np.int64], gold: NDArray[np.int64]) -> Array:
    """How each candidate's labels [R, n] do against gold [n]: 1 right, 0 wrong, ½ undecided."""
    return np.where(labels == 0, 0.5, (labels == gold[None, :]).astype(float))


def passed(answers: Array, test: Review) -> NDArray[np.bool_]:
    """Who passes [R]: those whom the review would not dismiss for these answers [R, n]."""
    return ~np.asarray(test.decide(Standing.of(answers)), dtype=bool)


def best(scores: Array, share: float) -> NDArray[np.bool_]:
    """The best `share` of the candidates by their scores [R]; among equals the earlier ones."""
    taken = np.zeros(len(scores), dtype=bool)
    taken[np.argsort(-scores, kind="stable")[: round(share * len(scores))]] = True
    return taken


def retrained(misread: Array, rows: NDArray[np.int64], shrink: float) -> Array:
    """Errors in reading the guideline [R, D] after the people in `rows` were trained: theirs are `shrink` as large."""
    better = misread.copy()
    better[rows] *= shrink
    return better
