"""SIGKILL at chosen events: finished rounds can be read, and the same command goes on to the same tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.engine.jobs import Store
from simlab.tables.recorder import Recorder
from simlab.tables.schemas import TABLES
from tests.killed_run import Moment, killed
from tests.small_world import FIRST, HURRIED, LEARN, hurried, written

pytestmark = pytest.mark.slow

FOUR_ROUNDS = {
    "days": 4,
    "world.dimensions": 16,
    "parties.pool.count": 20,
    "parties.pool.misreading": 0.5,
    f"{LEARN}.sample": 200,
    "relations.1.consequence": [{"kind": "fire", "below": 0.7}, "hire"],
    "relations.0.consequence": "churn",
}
MOMENTS = [  # and how many rounds are finished by then, not counting round 0
    (Moment("rename", "scenario.yaml"), 0),  # only the manifest is there
    (Moment("half", "guidelines.arrows"), 0),  # the first rows of all
    (Moment("half", "comparisons.arrows", 2), 1),
    (Moment("batch", "comparisons.arrows", 3), 2),  # those of this round, and not yet its responses
    (Moment("rename", "manifest.json", 5), 2),  # the rows of a round are there, and nobody says so
    (Moment("rename", "guidelines.parquet"), 4),  # all streams are packed, and none has taken its place
    (Moment("rename", "policy.parquet"), 4),  # some have
    (Moment("remove", "tables/policy.arrows", 1), 4),  # all have, and some streams are still beside them
    (Moment("rename", "runs.parquet"), 4),  # nothing is left to do but to say so
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("world") / "world.yaml", FOUR_ROUNDS)


@pytest.fixture(scope="module")
def whole(world: Path) -> simlab.Run:
    """The run that nobody kills."""
    return simlab.run(world, out=world.parent / "whole", store=Store(None))


def read_before_it_goes_on(out: Path, whole: simlab.Run) -> simlab.Run:
    """What a kill left, seen to be the beginning of the whole run."""
    left = simlab.load(out)
    assert left.status == "interrupted"
    rounds = left.manifest["rounds"]
    for name in [n for n, table in TABLES.items() if n != "runs" and not table.key]:
        rows, all_rows = left.tables[name], whole.tables[name]
        expected = all_rows.iloc[: len(rows)]
        pd.testing.assert_frame_equal(rows, expected if len(rows) else expected[rows.columns], obj=name)
        if "round" in all_rows and rounds:
            after_it = name in ("alignment", "raters", "responses", "win_rate")  # measured when a round is over
            assert len(rows) >= (all_rows["round"] <= rounds - (not after_it)).sum(), name
    assert set(left.employment.worker) <= set(whole.employment.worker)
    return left


def same(again: simlab.Run, whole: simlab.Run) -> None:
    """What the manifest says and what lies on disk."""
    assert (again.status, again.hashes) == ("finished", whole.hashes)
    assert again.rehash() == whole.manifest["tables"]


@pytest.mark.parametrize(("moment", "rounds"), MOMENTS, ids=str)
def test_a_gaussian_run_killed(moment: Moment, rounds: int, world: Path, whole: simlab.Run, tmp_path: Path) -> None:
    command = ["run", str(world), "--out", str(tmp_path / "run"), "--quiet"]
    killed(moment, command, tmp_path / "cache")
    assert read_before_it_goes_on(tmp_path / "run", whole).manifest["rounds"] == rounds
    assert main(command) == 0
    same(simlab.load(tmp_path / "run"), whole)


def test_a_run_killed_again_while_it_goes_on_loses_no_row_it_had(
    world: Path, whole: simlab.Run, tmp_path: Path
) -> None:
    command = ["run", str(world), "--out", str(tmp_path / "run"), "--quiet"]
    killed(Moment("batch", "comparisons.arrows", 3), command, tmp_path / "cache")
    had = len(simlab.load(tmp_path / "run").comparisons)
    killed(Moment("half", "comparisons.arrows", 2), command, tmp_path / "cache")
    assert len(read_before_it_goes_on(tmp_path / "run", whole).comparisons) >= had
    assert main(command) == 0
    same(simlab.load(tmp_path / "run"), whole)


def test_networks_killed_three_times_on_their_way(tmp_path: Path) -> None:
    """In the middle of the first round, while the next fit is kept, and at the very last result; what was computed
    before is not computed again."""
    settings = {"small": True, "overrides": HURRIED, "local": False}
    whole_cache = tmp_path / "whole_cache"
    whole = simlab.run(FIRST, out=tmp_path / "whole", store=Store(whole_cache), **settings)
    asked = whole.manifest["jobs_ran"] + whole.manifest["jobs_remembered"]
    results = len(list(whole_cache.glob("*/*.npz")))
    third = results // 3
    out, cache, kept = tmp_path / "run", tmp_path / "cache", 0
    for more in (third, third, results - 2 * third - 1):
        killed(Moment("rename", ".npz", more + 1), ["run", *hurried(), "--out", str(out), "--quiet"], cache)
        kept += more
        assert len(list(cache.glob("*/*.npz"))) == kept
        read_before_it_goes_on(out, whole)
    again = simlab.run(FIRST, out=out, store=Store(cache), **settings)
    same(again, whole)
    assert (again.manifest["jobs_ran"], again.manifest["jobs_remembered"]) == (1, asked - 1)


def test_networks_keep_each_round_at_once(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their next round may take hours; rounds of vectors wait for one another, if they are short."""
    kept: list[bool] = []
    keep = Recorder.keep

    def noted(recorder: Recorder, *, at_once: bool = False) -> None:
        keep(recorder, at_once=at_once)
        kept.append(recorder.safe)

    monkeypatch.setattr(Recorder, "keep", noted)
    monkeypatch.setattr("simlab.tables.recorder.PATIENCE", 3600.0)
    simlab.run(FIRST, small=True, overrides=HURRIED, local=False, out=tmp_path / "words", store=Store(None))
    assert kept
    assert all(kept)
    kept.clear()
    simlab.run(world, local=False, out=tmp_path / "vectors", store=Store(None))
    assert len(kept) == 5
    assert not any(kept)
