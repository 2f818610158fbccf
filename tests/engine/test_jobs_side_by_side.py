"""Runs side by side that share a past compute it once."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.engine.jobs import Jobs, Store

pytestmark = pytest.mark.slow


def slow(note: str, device: str) -> dict[str, Any]:
    """A job that takes a second, and leaves a mark each time it is done."""
    with Path(note).open("a") as file:
        file.write("x")
    time.sleep(1.0)
    return {"found": np.arange(3)}


def asked(folder: str) -> tuple[int, int]:
    """One of several who want the same; how many jobs it ran, and how many it was given."""
    jobs = Jobs(Store(Path(folder)), "cpu")
    jobs.run(slow, note=f"{folder}/note")
    return jobs.ran, jobs.remembered


def test_it_is_computed_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(asked, [str(tmp_path)] * 3))
    assert sorted(found) == [(0, 1), (0, 1), (1, 0)]
    assert (tmp_path / "note").read_text() == "x"


def test_where_no_lock_can_be_had_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")
    assert asked(str(tmp_path)) == (1, 0)
