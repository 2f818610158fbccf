"""The contract of label aggregators."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from simlab.arrays import Array
from simlab.components.aggregator import Votes
from simlab.components.return_values import not_numbers
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_CLOSE = 1e-6  # EM and Newton steps stop when little changes


@check("aggregator")
def answers(subject: Subject) -> Iterator[str]:
    """It gives one number for each task: an array [T]."""
    votes = samples.votes()
    shape = (len(np.unique(votes.task)),)
    if wrong := not_numbers(subject.made().aggregate(votes), shape):
        yield f"aggregate must give numbers of shape {shape}; it gave {wrong}"


@check("aggregator")
def bounded(subject: Subject) -> Iterator[str]:
    """P(left is better) is in [0, 1], for many votes, for a single one and where all are undecided."""
    votes = samples.votes()
    undecided = _some(votes, np.arange(len(votes)))
    undecided.label = np.zeros_like(votes.label)
    for what, sample in (
        ("thirty-six tasks", votes),
        ("one vote", _some(votes, np.arange(1))),
        ("no opinions", undecided),
    ):
        found = np.asarray(subject.made().aggregate(sample), dtype=float)
        wrong = found[~((found >= -1e-9) & (found <= 1 + 1e-9))]
        if len(wrong):
            yield f"says that the left is better with probability {wrong[0]:g} for {what}"


@check("aggregator")
def reproducible(subject: Subject) -> Iterator[str]:
    """Of the same votes it makes the same."""
    if not np.array_equal(_aggregated(subject, samples.votes()), _aggregated(subject, samples.votes())):
        yield "made something else of the same votes"


@check("aggregator")
def order(subject: Subject) -> Iterator[str]:
    """What it makes of votes does not depend on the order in which they were cast."""
    votes = samples.votes()
    shuffled = _some(votes, np.arange(len(votes))[::-1])
    gap = np.abs(_aggregated(subject, votes) - _aggregated(subject, shuffled)).max()
    if gap > _CLOSE:
        yield f"made something else of the same votes in another order (by {gap:.2g})"


@check("aggregator")
def sides(subject: Subject) -> Iterator[str]:
    """With left and right exchanged, it says the opposite."""
    votes = samples.votes()
    mirrored = Votes(votes.task, votes.worker, votes.right, votes.left, np.array([0, 2, 1])[votes.label])
    gap = np.abs(_aggregated(subject, votes) + _aggregated(subject, mirrored) - 1).max()
    if gap > _CLOSE:
        yield f"favours a side: with left and right exchanged it does not say the opposite (off by {gap:.2g})"


@check("aggregator")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the votes it is given as they are."""
    votes = samples.votes()
    before = copy.deepcopy(votes)
    subject.made().aggregate(votes)
    for name in ("task", "worker", "left", "right", "label"):
        if not np.array_equal(getattr(votes, name), getattr(before, name)):
            yield f"changed {name} of the votes it was given"


def _aggregated(subject: Subject, votes: Votes) -> Array:
    return np.asarray(subject.made().aggregate(votes), dtype=float)


def _some(votes: Votes, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Votes:
    return Votes(votes.task[rows], votes.worker[rows], votes.left[rows], votes.right[rows], votes.label[rows])
