"""Parties may be asked after the last round only: what is measured then is the same, and costs less."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.studies.plan import planned
from tests.small_world import written
from tests.studies.small_study import study_file

DAYS = {"days": 3, "waterfall": {}}


def test_the_last_round_is_measured_as_ever(tmp_path: Path) -> None:
    every = simlab.run(written(tmp_path / "every.yaml", DAYS), out=tmp_path / "every", local=False)
    last = simlab.run(
        written(tmp_path / "last.yaml", {**DAYS, "panel.rounds": "last"}), out=tmp_path / "last", local=False
    )
    for table in ("alignment", "responses", "win_rate", "waterfall", "raters", "on_policy", "flattening"):
        ours, theirs = (getattr(run, table).drop(columns="run") for run in (last, every))
        assert set(ours["round"]) == {0, 3}
        kept = theirs[theirs["round"].isin([0, 3])].reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, kept, obj=table)
    for table in ("comparisons", "ledger", "consequences", "reward_model", "policy"):
        ours, theirs = (getattr(run, table).drop(columns="run") for run in (last, every))
        pd.testing.assert_frame_equal(ours, theirs, obj=table)
    assert last.orders.looks.sum() == 0 or set(last.orders["round"]) == {0, 3}


@pytest.mark.parametrize(("measure", "rounds"), [("last", {"panel.rounds": "last"}), ("every", {})])
def test_a_study_says_it_for_all_its_runs(measure: str, rounds: dict[str, str], tmp_path: Path) -> None:
    plan = planned(study_file(tmp_path, {"measure": measure}), local=False)
    own = [{}, {"parties.pool.policy": {"kind": "mistaken", "flip": 0.4}}]
    assert [dict(arm.settings) for arm in plan.arms] == [{**rounds, **settings} for settings in own]
