"""Runs without somebody: the file's `without:`, `--without` and `run(without=…)`; all other draws stay as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.engine.jobs import Store
from simlab.parties.pool import Pool
from simlab.parties.vendor import Vendor
from tests.deep_world import DEEP, auditors
from tests.small_world import Played, play_as, written
from tests.test_determinism import CHANGING

BASE = Path(__file__).parent / "bad_scenarios" / "base" / "whole.yaml"
PEOPLE = {"misreading": 0.6, "values_spread": 0.3, "compliance": 0.9, "skill": 0.8, "skill_spread": 0.2,
          "temperature_spread": 0.5, "policy": {"kind": "boltzmann", "agreement": 0.65, "ties": 0.2}}  # fmt: skip
DIFFERENT = {f"parties.{pool}.{name}": value for pool in ("north", "south") for name, value in PEOPLE.items()}
TRAITS = ("number", "misread", "own", "vector", "skill", "knowledge", "noise", "seconds")
LABELS = ["task", "left", "right", "label", "gold", "perceived", "duration", "held_out", "time"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Two vendors and their pools, with everybody in."""
    return play_as(DEEP, tmp_path_factory.mktemp("whole"), DIFFERENT)


def left_out(folder: Path, *names: str, **changes: Any) -> Played:
    return play_as(DEEP, folder, {**DIFFERENT, "without": list(names), **changes})


def pool(run: Played, name: str) -> Pool:
    found = run.context.parties[name]
    assert isinstance(found, Pool)
    return found


def first_round(run: Played, name: str, worker: str = "") -> pd.DataFrame:
    """What a pool (less one worker) said before any model had learnt, which is when runs begin to part."""
    rows = run.comparisons
    return rows[(rows.principal == name) & (rows["round"] == 0) & (rows.worker != worker)]


def traits_alike(one: Pool, two: Pool) -> bool:
    return all(np.array_equal(getattr(one.cohort, name), getattr(two.cohort, name)) for name in TRAITS)


# ---- one rater ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_rater_everybody_else_is_as_before(whole: Played, tmp_path: Path) -> None:
    gone = left_out(tmp_path, "north:3")
    assert "north:3" in set(whole.comparisons.worker)
    assert "north:3" not in {*gone.comparisons.worker, *gone.employment.worker, *gone.ledger.account}
    for name in ("north", "south"):
        assert traits_alike(pool(whole, name), pool(gone, name))
        assert pool(whole, name).policy == pool(gone, name).policy  # the noise that calibration found
        seen = [run.candidates[run.candidates["round"] == 0] for run in (whole, gone)]
        assert seen[0].drop(columns="run").equals(seen[1].drop(columns="run"))
    before, after = first_round(whole, "north", "north:3"), first_round(gone, "north")
    both = before.merge(after, on=["worker", "task"], suffixes=("", "_new"))
    assert len(both) == len(before)  # nobody lost a task
    for name in LABELS[1:]:
        np.testing.assert_array_equal(both[name], both[f"{name}_new"], err_msg=name)
    taken = set(after.task) - set(before.task)
    assert taken == set(first_round(whole, "north").query("worker == 'north:3'").task)
    pd.testing.assert_frame_equal(
        first_round(whole, "south").drop(columns="run").reset_index(drop=True),
        first_round(gone, "south").drop(columns="run").reset_index(drop=True),
    )


@pytest.mark.slow
def test_another_seed_moves_all_of_it(whole: Played, tmp_path: Path) -> None:
    """The control: what the test above holds fast is not fast by itself."""
    other = play_as(DEEP, tmp_path, DIFFERENT, seed=1)
    assert not traits_alike(pool(whole, "north"), pool(other, "north"))
    assert pool(whole, "north").policy != pool(other, "north").policy
    before, after = first_round(whole, "north", "north:3"), first_round(other, "north")
    both = before.merge(after, on=["worker", "task"], suffixes=("", "_new"))
    assert len(both) < 0.5 * len(before)
    assert not both.perceived.eq(both.perceived_new).any()


@pytest.mark.slow
def test_what_comes_after_differs_as_the_model_does(whole: Played, tmp_path: Path) -> None:
    gone = left_out(tmp_path, "north:3")
    last = [run.responses[run.responses["round"] == run.responses["round"].max()] for run in (whole, gone)]
    assert not np.allclose(last[0].helpful, last[1].helpful)
    first = [run.responses[run.responses["round"] == 0] for run in (whole, gone)]
    np.testing.assert_array_equal(first[0].helpful, first[1].helpful)


def test_without_all_of_a_pool_one_by_one(tmp_path: Path) -> None:
    gone = left_out(tmp_path, *(f"south:{n}" for n in range(6)))
    assert set(gone.comparisons.principal) == {"north"}
    assert not gone.employment.worker.str.startswith("south").any()


def test_nobody_is_hired_in_the_place_of_who_is_left_out(tmp_path: Path) -> None:
    hiring = {f"relations.{place}.consequence": [{"kind": "hire"}] for place in (3, 4)}
    gone = left_out(tmp_path, "north:3", "north:5", **hiring)
    assert gone.employment.worker.nunique() == 12
    assert "hire" not in set(gone.consequences.kind)


# ---- one vendor ---------------------------------------------------------------------------------------------------


def test_without_a_vendor_the_other_s_people_are_as_before(whole: Played, tmp_path: Path) -> None:
    gone = left_out(tmp_path, "click")
    assert {"click", "south"}.isdisjoint(gone.context.parties)
    assert {"click", "south"}.isdisjoint(set(gone.ledger.account) | set(gone.comparisons.principal))
    firms = [run.context.parties["relay"] for run in (whole, gone)]
    assert all(isinstance(firm, Vendor) for firm in firms)
    np.testing.assert_array_equal(firms[0].standard().vector, firms[1].standard().vector)
    assert traits_alike(pool(whole, "north"), pool(gone, "north"))
    columns = ["worker", *LABELS]
    pd.testing.assert_frame_equal(
        first_round(whole, "north")[columns].reset_index(drop=True), first_round(gone, "north")[columns]
    )


# ---- auditors -----------------------------------------------------------------------------------------------------


def test_without_a_vendor_its_people_go_though_others_audit_them(tmp_path: Path) -> None:
    gone = left_out(tmp_path, "click", **auditors("south", "leads", "chiefs"))
    assert {"click", "south", "leads", "chiefs"}.isdisjoint(gone.context.parties)


@pytest.mark.slow
def test_without_the_highest_auditors_those_below_stay(tmp_path: Path) -> None:
    gone = left_out(tmp_path, "chiefs", **auditors("south", "leads", "chiefs"))
    assert "chiefs" not in gone.context.parties
    assert set(gone.judgements.query("order == 2").principal) >= {"leads", "click"}


# ---- as people say it ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_three_ways_to_say_it_are_one_run(tmp_path: Path) -> None:
    world = written(tmp_path / "world.yaml", {**CHANGING, "days": 2})
    said = written(tmp_path / "said.yaml", {**CHANGING, "days": 2, "without": ["pool:3"]})
    in_python = simlab.run(world, without="pool:3", out=tmp_path / "python", store=Store(None))
    in_file = simlab.run(said, out=tmp_path / "file", store=Store(None))
    argv = ["run", str(world), "--quiet", "--without", "pool:3", "--out", str(tmp_path / "line")]
    assert main(argv) == 0
    line = simlab.load(tmp_path / "line")
    assert in_python.hashes == in_file.hashes == line.hashes
    assert json.loads(line.runs.parameters[0])["without"] == ["pool:3"]
    whole = simlab.run(world, out=tmp_path / "whole", store=Store(None))
    assert whole.manifest["run"] != line.manifest["run"]


def test_it_adds_to_what_the_file_says(tmp_path: Path) -> None:
    world = written(tmp_path / "world.yaml", {**CHANGING, "days": 1, "without": ["pool:3"]})
    run = simlab.run(world, without=["pool:1", "pool:5"], out=tmp_path / "run", store=Store(None))
    first = run.employment[run.employment.hired == 0]
    assert set(first.worker) == {"pool:0", "pool:2", "pool:4"}


WRONG = {
    "pool:99": "without.0: pool has no number 99 (its people are pool:0 to pool:9)",
    "pol:3": "without.0: there is no party 'pol' (did you mean 'pool'?",
    "pool:x": "without.0: 'pool:x' is nobody (people are called pool:17",
    "pool:03": "without.0: 'pool:03' is nobody",
    "acme:1": "without.0: 'acme:1' is nobody",
    "acme": "without.0: acme is a corporation, and nothing would be left without it",
    "pool": "without.0: nobody would be left to judge rm (leave out fewer)",
}


@pytest.mark.slow
@pytest.mark.parametrize("who", list(WRONG))
def test_nobody_by_that_name(who: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for argv in (["run", str(BASE), "--out", str(out)], ["validate", str(BASE)], ["describe", str(BASE)]):
        assert main([*argv, "--without", who]) == 2
        said = capsys.readouterr()
        assert said.err.startswith(f"--without {who}: {WRONG[who]}"), said.err
        assert said.out == ""
    assert not out.exists()


def test_the_last_straw_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    everybody = [word for n in range(10) for word in ("--without", f"pool:{n}")]
    assert main(["validate", str(BASE), *everybody]) == 2
    assert capsys.readouterr().err.startswith("--without pool:9: without.9: nobody would be left to judge rm")
    assert main(["validate", str(BASE), *everybody[:-2]]) == 0
    assert main(["validate", str(BASE), "--without", "pool:1", "--without", "pool:1"]) == 2
    assert "'pool:1' is named twice (once is enough)" in capsys.readouterr().err
