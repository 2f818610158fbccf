"""Rankings: the work of people for those above them, and their judgement of the machines below.

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
from simlab.queues import Batch
from simlab.streams import hashes
from simlab.worlds.game import Indices, Items

PAIR = 0xA1  # the stream of what is drawn about one pair of a ranking


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
    """What people said of responses, and what the guideline says of them."""

    task: NDArray[np.int64]  # [m] number of the task, over the whole run
    draw: NDArray[np.uint64]  # [m] what random draws about this task are keyed by, whoever else works
    worker: NDArray[np.int64]  # [m] the number of the person
    prompt: Indices  # [m]
    response: NDArray[Any]  # [m, K, …]
    ids: NDArray[np.int64]  # [m, K] numbers of the responses, over the whole run
    label: NDArray[np.int64]  # [m, pairs] 1 left, 2 right, 0 undecided
    gold: NDArray[np.int64]  # [m, pairs] what the guideline says, without noise
    perceived: Array  # [m, pairs] utility of left − right, as this person perceived it
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

    @property
    def pair_numbers(self) -> NDArray[np.int64]:
        """Run-wide numbers [m, pairs] of the compared pairs."""
        return self.task[:, None] * self.pairs + np.arange(self.pairs)[None, :]

    def as_pairs(self, chosen: Indices) -> Rankings:
        """Some of the compared pairs, counted ranking after ranking, as rankings of two."""
        row, place = np.divmod(chosen, self.pairs)
        left, right = sides(self.options)
        two = np.stack([left[place], right[place]], axis=1)
        at = (row[:, None], two)
        one = (row, place)
        return Rankings(
            task=self.pair_numbers[one],
            draw=hashes(PAIR, self.draw[row], place),
            worker=self.worker[row],
            prompt=self.prompt[row],
            response=self.response[at],
            ids=self.ids[at],
            label=self.label[one][:, None],
            gold=self.gold[one][:, None],
            perceived=self.perceived[one][:, None],
            held_out=self.held_out[row],
            seconds=self.seconds[row] / self.pairs,
        )

    @staticmethod
    def together(parts: Sequence[Rankings]) -> Rankings:
        """Several batches as one."""
        return Rankings(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rankings)))


@dataclass(slots=True)
class Tasks:
    """Rankings to be made: `items` holds the responses, K a task, in task order."""

    number: NDArray[np.int64]  # [m] over the whole run
    local: NDArray[np.int64]  # [m] over this pool, whatever other pools there are
    items: Items  # [m·K]
    held_out: NDArray[np.bool_]  # [m]
    done: NDArray[np.bool_]  # [m]
    asked: NDArray[np.bool_]  # [m] whether the prompt was a user's, and so has a situation
    batch: Batch  # the same, as work that waits
