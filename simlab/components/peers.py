"""Peers: who said something of the same task as somebody else. Used by looks and by the measures of peer prediction."""

from __future__ import annotations

import numpy as np

from simlab.arrays import Array, Indices


def peers_of(task: Indices, who: Indices, rows: Indices) -> tuple[Indices, Indices]:
    """What others reported of the same tasks as the reports `rows` [n]: for each such report [k], the place among the
    n, and the place of the other's among all N reports, of which `task` [N] and `who` [N] say what and whose."""
    order = np.argsort(task, kind="stable")
    line = task[order]
    first, last = np.searchsorted(line, task[rows], "left"), np.searchsorted(line, task[rows], "right")
    each = last - first
    place = np.repeat(np.arange(len(rows)), each)
    along = np.arange(len(place)) - np.repeat(np.cumsum(each) - each, each)
    other = order[first[place] + along]
    kept = who[other] != who[rows][place]
    return place[kept], other[kept]


def mean_by(place: Indices, values: Array, count: int) -> Array:
    """The mean of the values [k] at each of `count` places; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        return np.bincount(place, weights=values, minlength=count) / np.bincount(place, minlength=count)
