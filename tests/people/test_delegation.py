"""Raters who let a machine answer for them: they say what it says, faster, and its errors come back as feedback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.small_world import LEARN, play

MANY = {
    "days": 4,
    "world.dimensions": 32,
    "parties.pool.count": 40,
    "parties.pool.misreading": 0.4,
    f"{LEARN}.sample": 1200,
}


def copying(share: float, to: str = "rm") -> dict[str, object]:
    return {**MANY, "parties.pool.delegation": {"share": share, "to": to, "time": 0.2}}


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_share_of_raters_copies_once_there_is_a_machine_to_copy(share: float, tmp_path: Path) -> None:
    run = play(tmp_path, copying(share))
    rows = run.comparisons
    copied = rows[rows.source == "rm"]
    assert set(rows[rows["round"] == 0].source) == {"rater"}
    who = rows[rows["round"] > 0].groupby("worker").source.agg(set)
    assert who.map(len).eq(1).all()  # a person does or does not
    assert abs(who.map(lambda s: "rm" in s).mean() - share) < 4 * np.sqrt(share * (1 - share) / 40)
    assert ((copied.perceived > 0) == (copied.label == 1)).all()  # no noise of their own
    paces = rows[rows["round"] > 0].groupby("source").duration.mean()
    assert abs(paces["rm"] / paces["rater"] - 0.2) < 0.05


@pytest.mark.slow
def test_the_loop_shows_in_the_alignment_table(tmp_path: Path) -> None:
    """The more copy, the closer pool and machine come to each other, and the farther both stay from the guideline."""
    last = {}
    for share in (0.0, 1.0):
        run = play(tmp_path, copying(share), measured=True)
        rho = run.alignment.query("order == 1 and round == 4").set_index(["a", "b"]).rho
        last[share] = rho["pool", "rm"], rho["acme", "pool"]
    assert last[1.0][0] == pytest.approx(1)
    assert last[0.0][0] < 0.999
    assert last[1.0][1] < last[0.0][1]


def test_a_language_model_can_be_copied_too(tmp_path: Path) -> None:
    run = play(tmp_path, copying(0.5, "lm"))
    assert set(run.comparisons.source) == {"rater", "lm"}
