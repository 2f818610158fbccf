"""Detection by the next order: how much of what is wrong a look finds, and how much of what is right it finds wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.measures.fidelity import detected
from tests.plugins.looks.work import looked_at
from tests.small_world import AUDIT

FLIP = 0.2


def shares(folder: Path, look: Any, changes: dict[str, Any] | None = None) -> tuple[float, float, float, float]:
    """Detection and false alarms over a run of raters who are wrong one time in five, and bounds of their errors."""
    said = {"days": 4, f"{AUDIT}.sample": 0.5, "panel.prompts": 500, **(changes or {})}
    orders = looked_at(folder, look, said, measured=True).orders
    mine = orders[(orders.order == 2) & orders.detection.notna()]
    pieces = (mine.people * mine.looks).sum()
    error = [4 * 0.5 * np.sqrt(3) / np.sqrt(pieces * share) for share in (FLIP, 1 - FLIP)]  # three people share a pair
    return float(mine.detection.mean()), float(mine.false_alarm.mean()), error[0], error[1]


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("look", [None, "gold"])
def test_gold_finds_as_much_as_it_is_right(look: str | None, wrong: float, tmp_path: Path) -> None:
    found, alarms, *error = shares(tmp_path, look, {"parties.acme.gold_error": wrong})
    assert abs(found - (1 - wrong)) <= error[0]
    assert abs(alarms - wrong) <= error[1]


@pytest.mark.parametrize("look", ["peers", "dasgupta_ghosh"])
def test_a_peer_finds_as_much_as_gold_that_errs_as_often(look: str, tmp_path: Path) -> None:
    """With one peer, 1 − ε and ε, by agreement as by peer prediction."""
    found, alarms, *error = shares(tmp_path, look, {"parties.pool.overlap": 2})
    assert abs(found - (1 - FLIP)) < error[0]
    assert abs(alarms - FLIP) < error[1]


def test_the_common_error_is_not_detected(tmp_path: Path) -> None:
    """People who all value the opposite of what was asked: nobody finds anything wrong but gold, the control."""
    astray = {"parties.pool.policy": "oracle", "parties.pool.values": {"helpful": -1}, "parties.pool.compliance": 0.0}
    assert shares(tmp_path, "peers", astray)[0] == 0.0
    assert shares(tmp_path, "gold", astray)[0] == 1.0


def test_by_hand() -> None:
    score, truly = np.array([0.0, 0.5, 0.3, 1.0, 0.2, 0.9]), np.array([0.0, 0.0, 0.0, 0.0, 1.0, np.nan])
    found, there = detected(score, truly)
    assert found.tolist() == [2.5, 1.0]
    assert there.tolist() == [4.0, 1.0]
