"""Tasks: which rankings a pool is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.engine.queues import Batch
from simlab.rankings import Shown
from simlab.worlds.world import Items


@dataclass(slots=True)
class Tasks:
    """Rankings to be made, in task order."""

    shown: Shown  # [m]
    local: NDArray[np.int64]  # [m] numbers over this pool, whatever other pools there are
    done: NDArray[np.bool_]  # [m]
    asked: NDArray[np.bool_]  # [m] whether the prompt was a user's, and so has a situation
    batch: Batch  # the same, as work that waits
    gold: tuple[NDArray[np.float64], NDArray[np.int8]] | None = None  # [m, pairs], and by which value vector [D]

    def __len__(self) -> int:
        return len(self.local)


@dataclass(slots=True)
class Exam:
    """Gold items every candidate labels: pairs of responses, two after two, and the right label of each."""

    items: Items  # [2n]
    gold: NDArray[np.int64]  # [n] 1 or 2

    def __len__(self) -> int:
        return len(self.gold)
