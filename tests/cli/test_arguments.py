"""Types of values that arguments of commands have."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from simlab.cli.arguments import gpus, size


@pytest.mark.parametrize(
    ("typed", "found"),
    [("2GB", 2e9), ("500mb", 5e8), ("1.5 GiB", 1.5 * 2**30), ("1K", 1e3), ("300", 300), ("2tb", 2e12)],
)
def test_sizes(typed: str, found: float) -> None:
    assert size(typed) == found


@pytest.mark.parametrize("typed", ["", "GB", "-2GB", "0", "2 XB", "1e9", "nan", "٣GB", "2GB2"])
def test_what_is_no_size(typed: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no size"):
        size(typed)


def test_gpus() -> None:
    assert [gpus(typed) for typed in ("0", "0.25", "1", "4")] == [0, 0.25, 1, 4]
    for typed in ("-1", "1.5", "nan", "", "half"):
        with pytest.raises(ArgumentTypeError, match="is no number of GPUs"):
            gpus(typed)
