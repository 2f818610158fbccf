"""A labor market on runs: who is dismissed here may be hired there, and is the same person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.parties.pool import Pool
from tests.deep_world import DEEP, NORTH
from tests.small_world import Played, play_as

HARSH = [{"kind": "fire", "below": 0.75, "min_sample": 5}, {"kind": "hire"}]
CHANGES = {
    "days": 6, "parties.north.market": "nairobi", "parties.south.market": "nairobi", "parties.south.values_spread": 1,
    f"{NORTH}.consequence": HARSH, "relations.4.consequence": HARSH,
}  # fmt: skip


def pool(run: Played, name: str) -> Pool:
    found = run.context.parties[name]
    assert isinstance(found, Pool)
    return found


@pytest.mark.slow
def test_the_dismissed_are_hired_elsewhere_and_remain_who_they_are(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path, CHANGES)
    spells = run.employment
    moved = spells[(spells.person != spells.worker)]
    assert len(moved) >= 3
    for row in moved.itertuples():
        earlier = spells[(spells.person == row.person) & (spells.hired < row.hired)]
        before = earlier.sort_values("hired").iloc[-1]
        assert before.ended <= row.hired
        assert before.employer != row.employer
        there, here = (name.split(":") for name in (before.worker, row.worker))
        old, new = pool(run, there[0]), pool(run, here[0])
        i, j = int(there[1]), int(here[1])
        for trait in ("misread", "own", "skill", "knowledge", "noise", "seconds"):
            a, b = (getattr(p.cohort, trait)[n] for p, n in ((old, i), (new, j)))
            np.testing.assert_array_equal(a, b)
        assert old.observers[i] is new.observers[j]
    at_work = spells.sort_values("hired").groupby("person")
    for _, mine in at_work:  # nobody works in two places at once
        assert (mine.hired.to_numpy()[1:] >= mine.ended.to_numpy()[:-1]).all()


@pytest.mark.slow
def test_without_a_common_market_everybody_hired_is_new(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path, {**CHANGES, "parties.south.market": "manila"})
    assert (run.employment.person == run.employment.worker).all()
    assert (run.employment.hired > 0).any()


@pytest.mark.slow
def test_who_was_trained_elsewhere_has_not_forgotten_it(tmp_path: Path) -> None:
    """South's vendor reads the guideline wrongly and trains its people; who then works for north reads as they were
    taught."""
    strict = [{"kind": "retrain", "below": 1.0, "shrink": 0.5, "hours": 0}, *HARSH]
    trainers = {
        "parties.leads": {"kind": "auditors", "count": 1, "misreading": 1.0, "policy": "oracle"},
        "relations.8": {"principal": "leads", "agent": "south", "every": 1, "sample": 1.0, "consequence": strict[:1]},
    }
    run = play_as(DEEP, tmp_path, {**CHANGES, **trainers})
    moved = run.employment[
        run.employment.worker.str.startswith("north") & run.employment.person.str.startswith("south")
    ]
    assert len(moved) >= 1
    kept = 0
    for row in moved.itertuples():
        rows = (np.array([int(name.split(":")[1])]) for name in (row.person, row.worker))
        there, here = (pool(run, name).taught_to(at) for name, at in zip(("south", "north"), rows, strict=True))
        if there is not None and there.any():
            kept += 1
            assert here is not None
            assert here.any()
    assert kept


@pytest.mark.slow
def test_who_is_banned_is_hired_by_nobody_again(tmp_path: Path) -> None:
    harsh = [{**HARSH[0], "ban": True}, HARSH[1]]
    run = play_as(DEEP, tmp_path, {**CHANGES, f"{NORTH}.consequence": harsh, "relations.4.consequence": harsh})
    assert (run.consequences.kind == "fire").sum() > 3
    assert (run.employment.hired > 0).any()
    assert (run.employment.person == run.employment.worker).all()
