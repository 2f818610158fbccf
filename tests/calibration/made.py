"""Annotations made up for tests: labels of people whose parameters are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations


def annotations(
    label: Array,
    differences: Array,
    *,
    words: Array | None = None,
    worker: Array | None = None,
    task: Array | None = None,
    criteria: Sequence[str] | None = None,
) -> Annotations:
    """n labels of tasks of their own by one person, unless told; criteria are called a, b, …"""
    n, k = differences.shape
    worker = np.zeros(n, dtype=np.int64) if worker is None else worker
    return Annotations(
        label=label.astype(np.int64),
        task=np.arange(n) if task is None else task,
        worker=worker,
        differences=differences,
        words=words,
        workers=tuple(str(w) for w in range(int(worker.max()) + 1)),
        criteria=tuple("abcdef"[:k]) if criteria is None else tuple(criteria),
        source="made up",
    )


def davidson(margin: Array, nu: float, flips: float, u: Array) -> Array:
    """Labels [n] by Davidson's formula at these margins, flipped with chance ε, from uniforms [n]."""
    left, right, tie = np.exp(margin / 2), np.exp(-margin / 2), np.full(len(margin), nu)
    total = left + right + tie
    left, right = ((1 - flips) * a / total + flips * b / total for a, b in ((left, right), (right, left)))
    return np.where(u < left, 1, np.where(u < left + right, 2, 0))
