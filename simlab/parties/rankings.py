"""Rankings: the work of raters for those above them, and their judgement of the machines below.

Arrays over m rankings of K responses each, that is K(K−1)/2 compared pairs a ranking, in the order of
`itertools.combinations(range(K), 2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.components import Array
from simlab.worlds.game import Indices, Items


def sides(options: int) -> tuple[Indices, Indices]:
    """The places of the left and of the right response of each pair of a ranking [K(K−1)/2]."""
    left, right = np.array(list(combinations(range(options), 2))).T
    return left, right


def preferred(difference: Array) -> NDArray[np.int64]:
    """1 (left), 2 (right) or 0 by the sign of left − right; differences at rounding level are none."""
    scale = 1e-9 * max(1.0, float(np.abs(difference).max(initial=0.0)))
    return np.where(difference > scale, 1, np.where(difference < -scale, 2, 0)).astype(np.int64)


@dataclass(slots=True)
class Rankings:
    """What raters said of responses, and what the guideline says of them."""

    task: NDArray[np.int64]  # [m] number of the task, over the whole run
    worker: NDArray[np.int64]  # [m] the rater's number
    prompt: Indices  # [m]
    response: NDArray[Any]  # [m, K, …]
    label: NDArray[np.int64]  # [m, pairs] 1 left, 2 right, 0 undecided
    gold: NDArray[np.int64]  # [m, pairs] what the guideline says, without noise
    perceived: Array  # [m, pairs] utility of left − right, as the rater perceived it
    held_out: NDArray[np.bool_]  # [m] kept from the reward model
    seconds: Array  # [m] time it took

    def __len__(self) -> int:
        return len(self.task)

    def __getitem__(self, rows: Any) -> Rankings:
        return Rankings(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def options(self) -> int:
        """Responses per ranking, K."""
        return int(self.response.shape[1])

    @property
    def pairs(self) -> int:
        """Compared pairs per ranking."""
        return int(self.label.shape[1])

    @property
    def items(self) -> Items:
        """The responses, ranking after ranking [m·K]."""
        flat = self.response.reshape(len(self) * self.options, -1)
        return Items(np.repeat(self.prompt, self.options), flat)

    def numbers(self, per_ranking: int) -> NDArray[np.int64]:
        """Run-wide numbers [m, per_ranking] of what belongs to these rankings: responses (K) or pairs."""
        return self.task[:, None] * per_ranking + np.arange(per_ranking)[None, :]

    @staticmethod
    def together(parts: Sequence[Rankings]) -> Rankings:
        """Several batches as one."""
        return Rankings(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rankings)))


@dataclass(slots=True)
class Tasks:
    """Rankings to be made: `items` holds the responses, K a task, in task order."""

    number: NDArray[np.int64]  # [m]
    items: Items  # [m·K]
    held_out: NDArray[np.bool_]  # [m]
    done: NDArray[np.bool_]  # [m]
