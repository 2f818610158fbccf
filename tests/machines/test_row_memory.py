"""Responses are read once, and what was found of them is given again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simlab.machines import row_memory
from simlab.machines.row_memory import RowMemory
from simlab.worlds.world import Items

RESPONSES = np.array([[5, 2, 0], [7, 256, 2], [5, 2, 0], [5, 0, 0]])
PROMPTS = np.array([1, 1, 1, 2])


class Reader:
    """Reads a response as its tokens times ten plus its prompt, and counts what it reads."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self, items: Items) -> NDArray[Any]:
        self.read += len(items)
        return np.where(items.response > 0, items.response * 10.0 + items.prompt[:, None], 0.0)


def test_each_response_is_read_once_and_found_again() -> None:
    memory, reader, items = RowMemory(), Reader(), Items(PROMPTS, RESPONSES)
    expected = Reader()(items)
    np.testing.assert_array_equal(memory.of(items, reader), expected)
    assert reader.read == 3  # of four, two are one
    np.testing.assert_array_equal(memory.of(items[::-1], reader), expected[::-1])
    assert reader.read == 3
    other = Items(PROMPTS + 1, RESPONSES)  # the control: to other prompts
    np.testing.assert_array_equal(memory.of(other, reader), Reader()(other))
    assert reader.read == 6


def test_padding_is_no_matter() -> None:
    memory, reader = RowMemory(), Reader()
    narrow = memory.of(Items(PROMPTS[:1], RESPONSES[:1, :2]), reader)
    wide = memory.of(Items(PROMPTS[:1], np.pad(RESPONSES[:1], ((0, 0), (0, 4)))), reader)
    assert reader.read == 1
    assert wide[0].tolist() == [*narrow[0].tolist(), 0, 0, 0, 0, 0]
    longer = memory.of(Items(PROMPTS, RESPONSES), reader)
    np.testing.assert_array_equal(longer, Reader()(Items(PROMPTS, RESPONSES)))


def test_of_too_many_rows_everything_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_memory, "MOST", 2)
    memory, reader, items = RowMemory(), Reader(), Items(PROMPTS, RESPONSES)
    memory.of(items, reader)
    np.testing.assert_array_equal(memory.of(items, reader), Reader()(items))
    assert reader.read == 6
