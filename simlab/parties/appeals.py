"""Voice: who is told to be wrong may appeal, and the judge looks again.

Hirschman 1970, "Exit, Voice, and Loyalty": the alternative to leaving. An appeal is upheld if a second, fresh look at
the same pair says what the person said; the first opinion then no longer counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.rng import uniforms

Labels = NDArray[np.int64]


@dataclass(slots=True)
class Appeals:
    """What came of the appeals against one judgement, over its pairs."""

    made: NDArray[np.bool_]  # [n] whether the answer to this pair was appealed
    upheld: NDArray[np.bool_]  # [n] and with success
    opinion: Labels  # [n] of the judge after hearing them


def appealed(
    labels: Labels, opinion: Labels, perceived: Array, chance: float, sure: float, draws: Array
) -> NDArray[np.bool_]:
    """Which answers [n] are appealed: those found wrong whose author saw a difference of at least `sure`, by lot.

    An undecided answer, or a judge who cannot decide, leaves nothing to appeal.
    """
    wrong = (labels != 0) & (opinion != 0) & (labels != opinion)
    return np.asarray(wrong & (np.abs(perceived) >= sure) & (draws < chance))


def decide_appeals(
    labels: Labels, opinion: Labels, made: NDArray[np.bool_], second: Callable[[NDArray[np.int64]], Labels]
) -> Appeals:
    """The appeals `made` [n], after `second(rows)`, the judge's second look at those pairs."""
    rows = np.flatnonzero(made)
    upheld = np.zeros(len(labels), dtype=bool)
    final = opinion.copy()
    if len(rows):
        again = second(rows)
        upheld[rows] = again == labels[rows]
        final[rows] = np.where(upheld[rows], labels[rows], opinion[rows])
    return Appeals(made, upheld, final)


def fresh_gold(truth: Labels, error: float, key: int, draw: NDArray[np.uint64]) -> Labels:
    """Gold [n] drawn anew for pairs whose right labels are known: wrong with chance `error`, keyed by pair."""
    return np.where(uniforms(key, draw) < error, 3 - truth, truth)
