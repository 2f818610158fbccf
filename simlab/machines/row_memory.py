"""What a network found of responses, row by row: none is read twice by the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.worlds.world import Items

MOST = 200_000  # rows; of more, everything is forgotten and read anew


class RowMemory:
    """Numbers [T] for each response of tokens, in the order in which they were first asked for.

    Which rows are read together follows from what was asked before, and so does, by the rounding of sums, the last bit
    of a number; a run that is repeated or resumed asks the same in the same order.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._place: dict[tuple[int, bytes], int] = {}
        self._found: NDArray[Any] = np.zeros((0, 0), dtype=np.float32)

    def of(self, items: Items, read: Callable[[Items], NDArray[Any]]) -> NDArray[Any]:
        """Numbers [n, T] of responses [n, T], 0 at padding; `read` is asked for those that nobody has asked about."""
        if len(self._place) > MOST:
            self._forget()
        rows = zip(items.prompt.tolist(), items.response, strict=True)
        keys = [(prompt, response.tobytes().rstrip(b"\0")) for prompt, response in rows]
        known, new = len(self._place), list[int]()
        for row, key in enumerate(keys):
            if key not in self._place:
                self._place[key] = known + len(new)
                new.append(row)
        if new:
            self._append(read(items[np.array(new)]))
        width = items.response.shape[1]
        found = self._found[[self._place[key] for key in keys]]
        return found[:, :width] if found.shape[1] >= width else np.pad(found, ((0, 0), (0, width - found.shape[1])))

    def _append(self, found: NDArray[Any]) -> None:
        width = max(found.shape[1], self._found.shape[1])
        both = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (self._found, found)]
        self._found = np.concatenate(both)
