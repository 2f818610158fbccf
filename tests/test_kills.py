"""SIGKILL at random moments: finished rounds can be read, and the same command goes on to the same tables."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.cli.main import main
from simlab.tables.schemas import TABLES
from tests.small_world import LEARN, hurried, simlab_command, written

ABOUT_A_SECOND = {
    "days": 8,
    "world.dimensions": 16,
    "parties.pool.count": 20,
    "parties.pool.misreading": 0.5,
    f"{LEARN}.sample": 600,
    "relations.1.consequence": [{"kind": "fire", "below": 0.7}, "hire"],
    "relations.0.consequence": "churn",
}


def killed(words: list[str], out: Path, cache: Path, moment: Callable[[], bool]) -> None:
    """Start a run, and kill it as soon as the moment has come after it has opened its folder."""
    with simlab_command("run", *words, "--out", str(out), "--quiet", cache=cache) as process:
        while not (out / "manifest.json").exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.002)
        while process.poll() is None and not moment():
            time.sleep(0.002)
        process.kill()


def after(seconds: float) -> Callable[[], bool]:
    """The moment this long after now, which is when the first of these questions is asked."""
    asked: list[float] = []

    def come() -> bool:
        asked.append(time.monotonic())
        return asked[-1] - asked[0] >= seconds

    return come


def read_before_it_goes_on(out: Path, whole: simlab.Run) -> str:
    """Load what a kill left, see that it is the beginning of the whole run, and return the status."""
    left = simlab.load(out)
    rounds = left.manifest["rounds"]  # finished, not counting round 0
    for name in [n for n, table in TABLES.items() if n != "runs" and not table.key]:
        rows, all_rows = left.tables[name], whole.tables[name]
        expected = all_rows.iloc[: len(rows)]
        pd.testing.assert_frame_equal(rows, expected if len(rows) else expected[rows.columns], obj=name)
        if "round" in all_rows and rounds:
            after_it = name in ("alignment", "raters", "responses", "win_rate")  # measured when a round is over
            assert len(rows) >= (all_rows["round"] <= rounds - (not after_it)).sum(), name
    assert set(left.employment.worker) <= set(whole.employment.worker)
    return left.status


@pytest.mark.slow
def test_a_gaussian_run_killed_at_twenty_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("SIMLAB_CACHE", str(cache))
    world = written(tmp_path / "world.yaml", ABOUT_A_SECOND)
    with simlab_command("run", str(world), "--out", str(tmp_path / "whole"), "--quiet", cache=cache) as process:
        assert process.wait() == 0
    whole = simlab.load(tmp_path / "whole")
    moments, ends, rounds = random.Random(20), [], set()
    while ends.count("interrupted") < 20:  # a run that was quicker than the first one does not count
        assert len(ends) < 50
        out = tmp_path / f"{len(ends)}"
        killed([str(world)], out, cache, after(moments.random() * whole.manifest["seconds"]))
        ends.append(read_before_it_goes_on(out, whole))
        rounds.add(simlab.load(out).manifest["rounds"])
        assert main(["run", str(world), "--out", str(out), "--quiet"]) == 0
        again = simlab.load(out)
        assert (again.status, again.hashes) == ("finished", whole.hashes)
        assert again.rehash() == whole.rehash()
    assert set(ends) <= {"interrupted", "finished"}
    assert len(rounds) >= 4


@pytest.mark.slow
def test_networks_killed_at_three_moments(tmp_path: Path) -> None:
    whole_run = [*hurried(), "--out", str(tmp_path / "whole"), "--quiet"]
    with simlab_command("run", *whole_run, cache=tmp_path / "cache") as process:
        assert process.wait() == 0
    whole = simlab.load(tmp_path / "whole")
    jobs, moments = whole.manifest["jobs_ran"], random.Random(3)
    asked = jobs + whole.manifest["jobs_remembered"]  # a run itself asks for a few things twice
    for kill in range(3):
        out, cache = tmp_path / f"{kill}", tmp_path / f"cache{kill}"
        done = round((kill + moments.random()) / 3 * (jobs - 3))  # so many computations into the run
        killed(hurried(), out, cache, lambda c=cache, n=done: len(list(c.glob("*/*.npz"))) >= n)
        assert read_before_it_goes_on(out, whole) == "interrupted"
        with simlab_command("run", *hurried(), "--out", str(out), "--quiet", cache=cache) as process:
            assert process.wait() == 0
        again = simlab.load(out)
        assert (again.status, again.hashes) == ("finished", whole.hashes)
        assert again.manifest["jobs_remembered"] >= done  # and not computed again
        assert again.manifest["jobs_ran"] == asked - again.manifest["jobs_remembered"]
