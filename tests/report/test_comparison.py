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
from simlab.engine.jobs import Store
from simlab.report.arms import arms
from simlab.report.comparison import COLUMNS
from simlab.report.comparison_screen import screen
from simlab.runs.folder import open_run
from simlab.tables.recorder import Recorder
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


@pytest.mark.slow
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


def test_a_seed_without_a_value_in_one_arm_counts_in_neither(tmp_path: Path) -> None:
    """Else the means would differ by more than the difference of the pairs says, by the luck of that seed."""
    for seed, one, two in ((1, 0.2, 0.3), (2, 0.4, 0.5), (3, 0.9, np.nan)):
        made_up(tmp_path / f"a{seed}", seed=seed, helpful=one)
        made_up(tmp_path / f"b{seed}", seed=seed, helpful=two, without=["pool:3"])
    got = row(simlab.compare(tmp_path), "score", "helpful")
    assert (got.a, got.b, got.difference, got.n) == pytest.approx((0.3, 0.4, 0.1, 2))


def test_money_and_labor_are_added_up(tmp_path: Path) -> None:
    found = simlab.compare(made_up(tmp_path / "a", seed=7), made_up(tmp_path / "b", seed=7, without=["pool:3"]))
    assert row(found, "money", "acme").a == -70
    assert row(found, "money", "pool").a == 70  # people count under their pool
    assert row(found, "hours", "pool, ranking").b == 2
    assert row(found, "pay", "pool, ranking").difference == 0
    assert set(found[found.measure == "money"].unit) == {"USD"}


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_who_is_paid_what_changes_no_model(runs: Path) -> None:
    """The control: a difference in money alone is found in money alone."""
    found = simlab.compare(runs / "whole", runs / "richer")
    assert found.attrs["by"] == "parties.acme.audit_wage"
    assert found.attrs["arms"] == ["40.0", "80.0"]
    moved = found[found.difference.abs() > 0]
    assert set(moved.measure) == {"money", "pay", "labor_cost"}
    assert row(found, "money", "acme staff").b == pytest.approx(2 * row(found, "money", "acme staff").a)


@pytest.mark.slow
def test_arms_of_a_parameter_and_of_the_seed(runs: Path) -> None:
    by = simlab.compare(runs / "richer", runs / "whole", by="parties.acme.audit_wage")
    assert by.attrs["arms"] == ["40.0", "80.0"]  # numbers ascend
    found = simlab.compare(runs / "whole", by="seed")
    assert found.attrs["arms"] == ["0", "1", "2"]
    assert set(found.interval) == {"prompts", ""}
    assert simlab.compare(runs / "whole" / "0", runs / "whole" / "1").attrs["by"] == "seed"
    assert arms([runs / "whole" / "1", runs / "no3" / "1"]).names == ["everybody", "without north:3"]
    assert arms([runs / "no3" / "1", runs / "whole" / "1"]).names == ["everybody", "without north:3"]


@pytest.mark.slow
def test_runs_without_a_counterpart_are_left_out(runs: Path) -> None:
    found = simlab.compare(runs / "whole", runs / "no3" / "1", runs / "no3" / "2")
    assert found.attrs["seeds"] == {"without north:3": [1, 2]}
    assert found.attrs["apart"] == [str(runs / "whole" / "0")]


@pytest.mark.slow
def test_two_runs_that_differ_in_several_things(runs: Path, tmp_path: Path) -> None:
    changes = ["parties.north.misreading=0.1", "parties.relay.misreading=0.1"]
    simlab.run(runs / "world.yaml", overrides=changes, out=tmp_path / "apt", store=Store(None))
    found = simlab.compare(runs / "whole" / "0", tmp_path / "apt")
    assert found.attrs["by"] == ""
    assert found.attrs["arms"] == ["whole", "apt"]  # 0 is the seed
    assert found.attrs["differ"] == {
        "parties.relay.misreading": {"whole": 0.3, "apt": 0.1},
        "parties.north.misreading": {"whole": 0.5, "apt": 0.1},
    }


# ---- what arms are called -----------------------------------------------------------------------------------------


def arm_names(folder: Path, *said: tuple[str, dict[str, Any]], by: str | None = None) -> tuple[list[str], str]:
    """The arms that runs in such folders, with such settings, are sorted into; and what tells them apart."""
    for name, settings in said:
        made_up(folder / name, **settings)
    found = simlab.compare(*(folder / name for name, _ in said), by=by)
    return found.attrs["arms"], found.attrs["by"]


AUDIT, WAGE, BOTH = {"sample": 0.2, "wage": 9.0}, {"sample": 0.1, "wage": 30.0}, {"sample": 0.3, "wage": 30.0}


@pytest.mark.slow
def test_arms_that_differ_in_several_things_are_called_after_what_tells_their_folders_apart(tmp_path: Path) -> None:
    named = arm_names(tmp_path, ("audit/1", AUDIT), ("wage/1", WAGE))
    assert named == (["audit", "wage"], "")
    assert arm_names(tmp_path / "a", ("audit-1", AUDIT), ("wage-1", WAGE), ("both-1", BOTH))[0] == [
        "audit", "wage", "both",
    ]  # fmt: skip
    assert arm_names(tmp_path / "b", ("b10", AUDIT | {"seed": 0}), ("b20", WAGE | {"seed": 0}))[0] == ["b10", "b20"]
    assert arm_names(tmp_path / "c", ("x/runs/1", AUDIT), ("y/runs/1", WAGE))[0] == ["x/runs", "y/runs"]
    nothing = (("1", AUDIT), ("2", WAGE))
    assert arm_names(tmp_path / "d", *nothing)[0] == ["sample=0.2, wage=9.0", "sample=0.1, wage=30.0"]
    several = [
        (f"{name}/{seed}", said | {"seed": seed}) for name, said in (("one", AUDIT), ("two", WAGE)) for seed in (3, 4)
    ]
    assert arm_names(tmp_path / "e", *several)[0] == ["one", "two"]


@pytest.mark.slow
def test_arms_that_differ_in_one_thing_are_called_by_it(tmp_path: Path) -> None:
    assert arm_names(tmp_path, ("audit/1", {"wage": 9.0}), ("wage/1", {"wage": 30.0})) == (
        ["9.0", "30.0"], "parties.pool.wage",
    )  # fmt: skip
    kinds = [
        ("x", {"policy": {"kind": "boltzmann", "ties": 0.3}}),
        ("y", {"policy": {"kind": "mistaken", "flip": 0.2}}),
    ]
    assert arm_names(tmp_path / "k", *kinds) == (["kind=boltzmann, ties=0.3", "kind=mistaken, flip=0.2"],
                                                 "parties.pool.policy")  # fmt: skip
    lengthy = [(str(n), {"note": "a" * 60 + str(n)}) for n in range(3)]
    names = arm_names(tmp_path / "l", *lengthy)[0]
    assert len(set(names)) == 3  # alike as far as they are shown, and yet three


@pytest.mark.slow
def test_two_arms_or_three_that_differ_in_several_things_say_in_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, said in (("audit", AUDIT), ("wage", WAGE), ("both", BOTH)):
        made_up(tmp_path / name, **said)
    for folders in (("audit", "wage"), ("audit", "wage", "both")):
        assert main(["compare", *(str(tmp_path / name) for name in folders)]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert "Several things differ, so that no difference has one cause:" in printed
        values = ["0.2 → 0.1", "0.2 → 0.1 → 0.3"][len(folders) - 2]
        assert f"parties.pool.sample: {values}" in printed
        assert "parties.pool.wage: 9.0 → 30.0" in printed
    by = simlab.compare(tmp_path / "audit", tmp_path / "wage", by="parties.pool.wage")  # the sample differs with it
    assert by.attrs["arms"] == ["9.0", "30.0"]
    assert by.attrs["differ"]["parties.pool.sample"] == {"9.0": 0.2, "30.0": 0.1}
    with pytest.raises(simlab.InvalidInput, match=r"differ in more than parties\.pool\.wage and the seed: in .*sample"):
        simlab.compare(tmp_path, by="parties.pool.wage")


@pytest.mark.slow
def test_scenarios_are_told_apart_by_their_names(runs: Path, tmp_path: Path) -> None:
    changes = ["name=generous", "parties.north.wage=20"]
    simlab.run(runs / "world.yaml", overrides=changes, out=tmp_path / "x", store=Store(None), seed=0)
    found = simlab.compare(runs / "whole" / "0", tmp_path / "x", by="name")
    assert found.attrs["arms"] == ["deep", "generous"]
    assert found.attrs["differ"]["parties.north.wage"] == {"deep": 8.0, "generous": 20.0}
    plain = simlab.compare(runs / "whole" / "0", tmp_path / "x")  # a name alone makes no difference
    assert plain.attrs["by"] == "parties.north.wage"


@pytest.mark.slow
def test_seeds_that_an_arm_lacks_are_named(tmp_path: Path) -> None:
    for name, seeds, without in (("a", (1, 2, 3), []), ("b", (1, 2), ["x"]), ("c", (1, 2, 3, 4), ["y"])):
        for seed in seeds:
            made_up(tmp_path / f"{name}{seed}", seed=seed, helpful=0.1 * seed, without=without)
    found = simlab.compare(tmp_path)
    assert found.attrs["seeds"] == {"without x": [1, 2], "without y": [1, 2, 3]}
    assert found.attrs["apart"] == [str(tmp_path / "c4")]
    console = Console(width=150, file=io.StringIO(), record=True)
    console.print(screen(found))
    text = console.export_text()
    assert "without x: without seed 3, which it lacks" in text
    assert "t with 1 to 2 degrees of freedom" in text


# ---- what is measured ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_labels_care_turnover_and_all_that_labor_cost(runs: Path) -> None:
    whole, richer = (simlab.load(runs / name / "0") for name in ("whole", "richer"))
    found = simlab.compare(runs / "whole" / "0", runs / "richer" / "0")
    labels = whole.comparisons.query("principal == 'north' and gold != 0")
    right = (labels.label == labels.gold).mean()
    assert row(found, "label_accuracy", "north").a == pytest.approx(right)
    assert 0.3 < right < 1
    assert row(found, "care", "north").a == whole.raters.query("round == 1 and employer == 'relay'").care.mean() == 1
    assert row(found, "turnover", "north").a == 0
    for run, value in ((whole, row(found, "labor_cost", "acme").a), (richer, row(found, "labor_cost", "acme").b)):
        money = run.ledger[(run.ledger.account == "acme") & (run.ledger.reason != "subscriptions")]
        assert value == pytest.approx(-money.amount.sum())
    gains = whole.on_policy.query("round == 1").set_index("party").share
    assert row(found, "on_policy", "acme").a == pytest.approx(gains["acme"])


@pytest.mark.slow
def test_any_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fire = [{"kind": "fire", "below": 0.8, "min_sample": 10}, "hire"]
    world = written(
        tmp_path / "world.yaml", {"days": 3, "relations.3.consequence": fire, "relations.3.sample": 0.5}, DEEP
    )
    for name, wage in (("a", 8), ("b", 12)):
        overrides = [f"parties.north.wage={wage}"]
        simlab.run(world, overrides=overrides, out=tmp_path / "runs" / name, store=Store(None))
    run = simlab.load(tmp_path / "runs" / "a")
    for number in range(4):
        found = simlab.compare(tmp_path / "runs", round=number)
        said = run.responses[run.responses["round"] == number]
        assert found.attrs["round"] == number
        assert row(found, "score", "helpful").a == pytest.approx(said.helpful.mean())
        money = run.ledger[(run.ledger.time <= said.time.max()) & (run.ledger.account == "relay")].amount.sum()
        relay = found[(found.measure == "money") & (found.of == "relay")].a
        assert relay.sum() == pytest.approx(money)
        left = (run.employment.ended[run.employment.worker.str.startswith("north:")] <= said.time.max()).sum()
        assert row(found, "turnover", "north").a == left / 8
    assert left > 0
    last = simlab.compare(tmp_path / "runs")
    assert row(last, "score", "helpful").a == row(found, "score", "helpful").a
    argv = ["compare", str(tmp_path / "runs"), "--round"]
    assert main([*argv, "1"]) == 0
    assert "8.0 → 12.0; round 1; seed" in " ".join(capsys.readouterr().out.split())
    assert main([*argv, "4"]) == 2
    assert "there is no round 4 in this run (its rounds are 0 to 3)" in capsys.readouterr().err
    with pytest.raises(simlab.InvalidInput, match=r"there is no round 1\.5 in this run"):
        simlab.compare(tmp_path / "runs", round=1.5)  # type: ignore[arg-type]


def test_a_round_that_was_not_measured_is_none(tmp_path: Path) -> None:
    """Everything had been called unchanged in it, money too."""
    for name, wage in (("a", 8), ("b", 12)):
        world = written(tmp_path / "world.yaml", {"days": 3, "panel.rounds": "last"}, DEEP)
        overrides = [f"parties.north.wage={wage}"]
        simlab.run(world, overrides=overrides, out=tmp_path / "runs" / name, store=Store(None))
    assert row(simlab.compare(tmp_path / "runs", round=3), "hours", "north, ranking").a > 0
    with pytest.raises(
        simlab.InvalidInput, match=r"no round 1 in this run \(it was measured in rounds 0, 3: panel\.round"
    ):
        simlab.compare(tmp_path / "runs", round=1)


# ---- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [3, ["parties.pool.wage"], True])
def test_a_parameter_has_a_name(by: Any, tmp_path: Path) -> None:
    with pytest.raises(simlab.InvalidInput, match=r"^by=.* is no name of a parameter \(as in by='parties\.pool\.wage'"):
        simlab.compare(tmp_path, tmp_path, by=by)


@pytest.mark.slow
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


@pytest.mark.slow
def test_one_object_for_programs(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["compare", str(runs / "whole"), str(runs / "noclick"), "--by", "without", "--json"]
    assert main(argv) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"scenario", "by", "arms", "seeds", "differ", "apart", "examples", "differences"} == set(said)
    assert set(said["differences"][0]) == set(COLUMNS)
    assert main(["compare", str(runs / "whole" / "0"), str(runs / "no3" / "0"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["differences"]
    assert any(r["low"] is None for r in rows)


@pytest.mark.slow
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
