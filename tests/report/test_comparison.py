"""Comparisons: arithmetic on made-up tables, then real runs, then what is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

import simlab
from simlab.cli import main
from simlab.jobs import Store
from simlab.recorder import Recorder
from simlab.report.arms import arms
from simlab.report.comparison import COLUMNS
from simlab.report.side_by_side import screen
from simlab.runs import open_run
from tests.deep_world import DEEP
from tests.small_world import written

PROMPTS = 200


def made_up(
    folder: Path, *, seed: int = 1, without: Sequence[str] = (), helpful: Any = 0.5, finish: bool = True, **more: Any
) -> Path:
    """A run with such scores in its last round, and a few rows of everything else that is compared."""
    parameters = {"name": "tale", "seed": seed, "without": list(without), "parties": {"pool": {"count": 4, **more}}}
    manifest = {
        "run": f"{hash((seed, tuple(without), str(more))) & 0xFFFFFF:x}", "scenario": "tale", "seed": seed, "days": 1.0,
        "world": "almanac", "version": "0.1.0", "parameters": parameters, "plugins": {}, "device": "cpu",
    }  # fmt: skip
    score = np.broadcast_to(np.asarray(helpful, dtype=float), PROMPTS)
    with open_run(folder, manifest) as run, Recorder(folder, manifest["run"], {"responses": ["helpful"]}) as tables:
        for number in (0, 1):
            tables.add(
                "responses", time=float(number), round=number, corporation="acme", agent="lm", force="question",
                prompt=[f"prompt {i} ?" for i in range(PROMPTS)], fact_held_out=False, answered=True,
                response=[f"{value:.3f} ." for value in score] if number else "hm .", helpful=score if number else 0.1,
            )  # fmt: skip
            tables.add("win_rate", time=0.0, round=number, model="lm", judge="acme", rate=float(score.mean()), n=9,
                       low=0.0, high=1.0)  # fmt: skip
        tables.add("ledger", time=0.0, transfer=0, account=["acme", "pool:0"], counterparty=["pool:0", "acme"],
                   amount=[-10.0 * seed, 10.0 * seed], reason="wages")  # fmt: skip
        tables.add("labor", time=0.0, round=0, party="pool", kind="ranking", order=1, hours=2.0, pay=5.0, flops=0.0)
        if finish:
            run.finish(tables.close(), rounds=1)
    return folder


def row(found: pd.DataFrame, measure: str, of: str) -> pd.Series[Any]:
    (one,) = found[(found.measure == measure) & (found.of == of)].itertuples()
    return one  # type: ignore[return-value]


# ---- arithmetic ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_paired_over_seeds(seeds: int, tmp_path: Path) -> None:
    """The interval is that of the paired t-test; treating the arms as unpaired would be another, the control."""
    rng = np.random.default_rng(seeds)
    luck = rng.normal(0.5, 0.1, seeds)  # what both arms of a seed share
    one, two = luck, luck + 0.01 + rng.normal(0, 0.005, seeds)
    for seed in range(seeds):
        made_up(tmp_path / f"a{seed}", seed=seed, helpful=one[seed])
        made_up(tmp_path / f"b{seed}", seed=seed, helpful=two[seed], without=["pool:3"])
    found = simlab.compare(tmp_path)
    assert list(found.columns) == list(COLUMNS)
    for measure, of in (("score", "helpful"), ("win_rate", "acme")):
        got = row(found, measure, of)
        expected = stats.ttest_rel(two, one).confidence_interval(0.95)
        assert (got.low, got.high) == pytest.approx((expected.low, expected.high))
        assert (got.a, got.b, got.difference) == pytest.approx((one.mean(), two.mean(), (two - one).mean()))
        assert (got.n, got.interval, got.arm_a, got.arm_b) == (seeds, "seeds", "everybody", "without pool:3")
        unpaired = stats.ttest_ind(two, one).confidence_interval(0.95)
        assert got.high - got.low < 0.5 * (unpaired.high - unpaired.low)


def test_money_and_labor_are_added_up(tmp_path: Path) -> None:
    found = simlab.compare(made_up(tmp_path / "a", seed=7), made_up(tmp_path / "b", seed=7, without=["pool:3"]))
    assert row(found, "money", "acme").a == -70
    assert row(found, "money", "pool").a == 70  # people count under their pool
    assert row(found, "hours", "pool, ranking").b == 2
    assert row(found, "pay", "pool, ranking").difference == 0
    assert set(found[found.measure == "money"].unit) == {"USD"}


@pytest.mark.parametrize(("shift", "sd"), [(0.02, 0.1), (0.0, 0.05), (-0.05, 0.2)])
def test_one_seed_over_prompts(shift: float, sd: float, tmp_path: Path) -> None:
    """The bootstrap interval of a paired mean is that of normal theory, to within its own error."""
    rng = np.random.default_rng(3)
    one = np.clip(rng.normal(0.5, 0.1, PROMPTS), 0, 1)
    two = np.clip(one + rng.normal(shift, sd, PROMPTS), 0, 1)
    made_up(tmp_path / "a", helpful=one)
    got = row(simlab.compare(tmp_path / "a", made_up(tmp_path / "b", helpful=two, without=["x"])), "score", "helpful")
    assert got.difference == pytest.approx((two - one).mean())
    assert (got.n, got.interval) == (PROMPTS, "prompts")
    half = stats.norm.ppf(0.975) * np.std(two - one) / np.sqrt(PROMPTS)
    assert (got.high - got.low) / 2 == pytest.approx(half, rel=0.1)  # 1,000 replicates: 3 % standard error at the ends
    unpaired = stats.norm.ppf(0.975) * np.sqrt((one.var() + two.var()) / PROMPTS)
    assert (got.high - got.low) / 2 != pytest.approx(unpaired, rel=0.1)


def test_what_did_not_change_and_what_did(tmp_path: Path) -> None:
    scores = np.full(PROMPTS, 0.5)
    made_up(tmp_path / "a", helpful=scores)
    same = simlab.compare(tmp_path / "a", made_up(tmp_path / "same", helpful=scores, without=["x"]))
    assert (same.difference.dropna() == 0).all()
    assert same.attrs["examples"] == []
    scores[:50] = np.linspace(0.1, 0.4, 50)
    found = simlab.compare(tmp_path / "a", made_up(tmp_path / "b", helpful=scores, without=["x"]))
    changed = row(found, "changed", "all")
    assert changed.difference == 0.25
    assert changed.low < 0.25 < changed.high
    (first, *_) = found.attrs["examples"]
    assert (first["a"], first["scores_a"]["helpful"]) == ("0.500 .", 0.5)
    assert first["scores_b"]["helpful"] == pytest.approx(np.sort(scores[:50])[25])  # the typical case, not the worst
    json.dumps(found.attrs, allow_nan=False)


# ---- real runs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seeds of four arms of a small deep hierarchy; the fourth arm pays acme's staff more, and nothing else."""
    folder = tmp_path_factory.mktemp("runs")
    world = written(folder / "world.yaml", {"days": 1, "parties.acme.audit_wage": 40}, DEEP)
    for name, without in (("whole", []), ("no3", ["north:3"]), ("noclick", ["click"])):
        for seed in range(3):
            simlab.run(world, seed=seed, without=without, out=folder / name / str(seed), store=Store(None))
    for seed in range(3):
        richer = ["parties.acme.audit_wage=80"]
        simlab.run(world, seed=seed, overrides=richer, out=folder / "richer" / str(seed), store=Store(None))
    return folder


def test_differences_are_those_of_the_tables(runs: Path) -> None:
    found = simlab.compare(runs / "whole", runs / "no3", runs / "noclick")
    assert found.attrs["by"] == "without"
    assert found.attrs["arms"] == ["everybody", "without north:3", "without click"]
    for arm, name in (("without north:3", "no3"), ("without click", "noclick")):
        rows = found[found.arm_b == arm]
        last = [
            simlab.load(runs / n).responses.query("round == 1").groupby("run").helpful.mean() for n in ("whole", name)
        ]
        assert row(rows, "score", "helpful").difference == pytest.approx(last[1].mean() - last[0].mean())
        pairs = [simlab.load(runs / n).alignment.query("round == 1 and order == 1") for n in ("whole", name)]
        rho = [p[(p.a == "acme") & (p.b == "rm")].rho.to_numpy() for p in pairs]
        expected = stats.ttest_rel(rho[1], rho[0]).confidence_interval(0.95)
        got = row(rows, "rho", "acme ~ rm")
        assert (got.low, got.high) == pytest.approx((expected.low, expected.high))
        assert row(rows, "changed", "all").difference > 0.9
    gone = found[found.arm_b == "without click"]
    assert not gone[gone.measure == "rho"].of.str.contains("click|south").any()  # in one arm only
    assert row(gone, "money", "click").b == 0
    assert row(gone, "money", "click").a != 0


def test_who_is_paid_what_changes_no_model(runs: Path) -> None:
    """The control: a difference in money alone is found in money alone."""
    found = simlab.compare(runs / "whole", runs / "richer")
    assert found.attrs["by"] == "parties.acme.audit_wage"
    assert found.attrs["arms"] == ["40.0", "80.0"]
    moved = found[found.difference.abs() > 0]
    assert set(moved.measure) == {"money", "pay"}
    assert row(found, "money", "acme staff").b == pytest.approx(2 * row(found, "money", "acme staff").a)


def test_arms_of_a_parameter_and_of_the_seed(runs: Path) -> None:
    by = simlab.compare(runs / "richer", runs / "whole", by="parties.acme.audit_wage")
    assert by.attrs["arms"] == ["40.0", "80.0"]  # numbers ascend
    found = simlab.compare(runs / "whole", by="seed")
    assert found.attrs["arms"] == ["0", "1", "2"]
    assert set(found.interval) == {"prompts", ""}
    assert simlab.compare(runs / "whole" / "0", runs / "whole" / "1").attrs["by"] == "seed"
    assert arms([runs / "whole" / "1", runs / "no3" / "1"]).names == ["everybody", "without north:3"]
    assert arms([runs / "no3" / "1", runs / "whole" / "1"]).names == ["everybody", "without north:3"]


def test_runs_without_a_counterpart_are_left_out(runs: Path) -> None:
    found = simlab.compare(runs / "whole", runs / "no3" / "1", runs / "no3" / "2")
    assert found.attrs["seeds"] == {"without north:3": [1, 2]}
    assert found.attrs["apart"] == [str(runs / "whole" / "0")]


def test_two_runs_that_differ_in_several_things(runs: Path, tmp_path: Path) -> None:
    changes = ["parties.north.misreading=0.1", "parties.relay.misreading=0.1"]
    simlab.run(runs / "world.yaml", overrides=changes, out=tmp_path / "apt", store=Store(None))
    found = simlab.compare(runs / "whole" / "0", tmp_path / "apt")
    assert found.attrs["by"] == ""
    assert found.attrs["arms"] == ["0", "apt"]
    assert found.attrs["differ"]["parties.north.misreading"] == {"0": 0.5, "apt": 0.1}


# ---- what is refused ----------------------------------------------------------------------------------------------


def test_what_is_refused(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_up(tmp_path / "unfinished", finish=False)
    made_up(tmp_path / "other", count=5)
    whole, gone, richer = runs / "whole", runs / "no3", runs / "richer"
    for said, words in {
        "one run cannot be compared": [whole / "0"],
        "holds no run": [tmp_path / "unfinished" / "tables", whole / "0"],
        "the run is interrupted, not finished": [tmp_path / "unfinished", whole / "0"],
        "these are the same run": [whole / "0", whole / "0"],
        "differ in nothing but the seed (to compare seeds: --by seed)": [whole],
        "these two runs differ in the seed, too (0 and 1)": [whole / "0", gone / "1"],
        "differ in parties.acme.audit_wage, without: several arms at once": [whole, gone, richer],
        "differ in more than without and the seed: in parties.acme.audit_wage": [
            whole, gone, richer, "--by", "without",
        ],
        "differ in more than the seed: in without": [whole, gone, "--by", "seed"],
        "all these runs have the same parties.north.count (they differ in seed, without)": [
            whole, gone, "--by", "parties.north.count",
        ],
        "--by north.count: no such parameter (did you mean 'parties.north.count'?": [
            whole, gone, "--by", "north.count",
        ],
        "are the same run: arm everybody, seed 0": [whole, whole / "0", gone],
        "have no seed in common": [whole / "0", gone / "1", gone / "2"],
    }.items():  # fmt: skip
        assert main(["compare", *map(str, words)]) == 2, words
        printed = capsys.readouterr()
        assert said in printed.err, printed.err
        assert len(printed.err.strip().splitlines()) == 1
        assert printed.out == ""


# ---- how it is shown ----------------------------------------------------------------------------------------------


def test_one_object_for_programs(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["compare", str(runs / "whole"), str(runs / "noclick"), "--by", "without", "--json"]
    assert main(argv) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"scenario", "by", "arms", "seeds", "differ", "apart", "examples", "differences"} == set(said)
    assert set(said["differences"][0]) == set(COLUMNS)
    assert main(["compare", str(runs / "whole" / "0"), str(runs / "no3" / "0"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["differences"]
    assert any(r["low"] is None for r in rows)


@pytest.mark.parametrize("width", [80, 120])
def test_a_screen_for_people(width: int, runs: Path, tmp_path: Path) -> None:
    def shown(found: pd.DataFrame) -> str:
        console = Console(width=width, file=io.StringIO(), record=True)
        console.print(screen(found))
        return console.export_text()

    text = " ".join(shown(simlab.compare(runs / "whole", runs / "no3")).split())
    assert "deep everybody → without north:3; seeds 0, 1, 2" in text
    for words in ("responses that", "acme ~ rm", "held-out gold", "$ of north", "t with 2 degrees"):
        assert words in text, words
    assert "one in 20 excludes 0 by chance" in text
    made_up(tmp_path / "a", helpful=0.5)
    text = shown(simlab.compare(tmp_path / "a", made_up(tmp_path / "b", helpful=0.75, without=["x"])))
    assert "0.750 ." in text  # responses side by side
    assert "over the prompts of these two runs" in " ".join(text.split())
