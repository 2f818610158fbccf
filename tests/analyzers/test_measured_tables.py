"""Two tables of measures against the same by hand: win rates of ties, and agreement with its interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.small_world import LEARN, play


def test_who_finds_all_alike_prefers_nothing(tmp_path: Path) -> None:
    """Before any training machines do; a tie is half a win."""
    won = play(tmp_path, measured=True).win_rate
    first = won[won["round"] == 0].set_index("judge").rate
    assert first["rm"] == first["lm"] == 0.5
    assert first["users"] != 0.5


def test_agreement_is_that_of_all_pairs_and_lies_within_its_interval(tmp_path: Path) -> None:
    changes = {"parties.pool.overlap": 2, "parties.pool.count": 6, f"{LEARN}.sample": 300}
    run = play(tmp_path, changes, measured=True)
    labels = run.comparisons.groupby("task").label.agg(["first", "last", "size"])
    assert (labels["size"] == 2).all()
    found = run.agreement[(run.agreement.statistic == "percent") & run.agreement.value.notna()].iloc[-1]
    assert found.value == pytest.approx(np.mean(labels["first"] == labels["last"]))
    assert found.low < found.value < found.high
