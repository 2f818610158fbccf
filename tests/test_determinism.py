"""Same seed, same tables; and whoever is not concerned by a change draws as before."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import simlab
from simlab.cli import main
from simlab.engine.jobs import Store
from tests.loading import load
from tests.small_world import (
    AUDIT,
    FIRST,
    HURRIED,
    LEARN,
    Played,
    hurried,
    play,
    played,
    simlab_command,
    written,
)

CHANGING = {  # raters differ, come and go
    "days": 4,
    "parties.users": {"kind": "users", "values": {"helpful": 1, "brief": 1}, "count": 100, "complain": 0.7},
    "parties.acme.misreading": 0.3,
    "parties.acme.gold_error": 0.1,
    "parties.pool": {
        "kind": "raters", "count": 6, "misreading": 0.8, "values_spread": 0.3, "compliance": 0.9, "skill": 0.8,
        "skill_spread": 0.2, "temperature_spread": 0.5, "policy": {"kind": "boltzmann", "agreement": 0.65, "ties": 0.2},
    },
    f"{AUDIT}.consequence": [{"kind": "warn", "below": 0.7}, {"kind": "fire", "below": 0.6}, {"kind": "hire"}],
    "relations.0.consequence": "churn",
}  # fmt: skip


def finished(*words: str, cache: Path, hash_seed: int = 0) -> dict[str, Any]:
    """What `simlab run … --json` says of a run in a process of its own."""
    with simlab_command("run", *words, "--json", cache=cache, hash_seed=hash_seed) as process:
        said, complaint = process.communicate()
    assert process.returncode == 0, complaint
    found = json.loads(said)
    assert found["status"] == "finished"
    return dict(found)


def contents(run: simlab.Run) -> dict[str, pd.DataFrame]:
    """All tables without the column that names the run, which another seed changes anyway."""
    return {name: table.drop(columns="run") for name, table in run.tables.items() if name != "runs"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario file of the gaussian world in which everything happens."""
    return written(tmp_path_factory.mktemp("world") / "changing.yaml", CHANGING)


@pytest.fixture(scope="module")
def whole(world: Path) -> simlab.Run:
    """A finished run of it."""
    return simlab.run(world, out=world.parent / "whole", store=Store(None))


# ---- the same once more -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_equal_whatever_the_hash_seed(world: Path, whole: simlab.Run, tmp_path: Path) -> None:
    for hash_seed in (0, 1):
        said = finished(str(world), "--out", str(tmp_path / f"{hash_seed}"), cache=tmp_path, hash_seed=hash_seed)
        assert {name: table["sha256"] for name, table in said["tables"].items()} == whole.hashes
        assert said["run"] == whole.manifest["run"]


@pytest.mark.slow
def test_equal_where_others_ran_before(world: Path, whole: simlab.Run, tmp_path: Path) -> None:
    np.random.seed(123)  # whatever global state others leave behind
    simlab.run(world, seed=5, out=tmp_path / "other", store=Store(None))
    again = simlab.run(world, out=tmp_path / "again", store=Store(tmp_path / "store"))
    assert again.hashes == whole.hashes


@pytest.mark.slow
def test_another_seed_differs_in_every_table_that_has_chance_in_it(
    world: Path, whole: simlab.Run, tmp_path: Path
) -> None:
    other = simlab.run(world, seed=1, out=tmp_path, store=Store(None))
    assert other.manifest["run"] != whole.manifest["run"]
    one, two = contents(whole), contents(other)
    assert all(other.hashes[name] != whole.hashes[name] for name in one if len(one[name]))
    equal = [name for name in one if len(one[name]) and one[name].equals(two[name])]
    assert equal == ["guidelines", "queues"]  # the machines of this world take no time, so nobody waits


@pytest.mark.slow
def test_networks_cold_and_remembered(tmp_path: Path) -> None:
    def run(name: str, cache: str, hash_seed: int) -> dict[str, Any]:
        words = [*hurried(), "--out", str(tmp_path / name)]
        return finished(*words, cache=tmp_path / cache, hash_seed=hash_seed)["tables"]  # type: ignore[no-any-return]

    cold, other, remembered = run("cold", "a", 0), run("other", "b", 1), run("remembered", "a", 1)
    assert cold == other == remembered
    counts = {name: simlab.load(tmp_path / name).manifest for name in ("cold", "other", "remembered")}
    ran, remembered = ({name: m[f"jobs_{what}"] for name, m in counts.items()} for what in ("ran", "remembered"))
    assert ran["cold"] == ran["other"] > 10
    assert remembered["cold"] == remembered["other"] < ran["cold"]  # what one run itself asks for twice, if anything
    assert ran["remembered"] == 0
    assert remembered["remembered"] == ran["cold"] + remembered["cold"]


# ---- verify -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_verify_agrees(whole: simlab.Run) -> None:
    assert main(["verify", str(whole.path), "--quiet"]) == 0


def one_label_more(run: Path) -> None:
    path = run / "tables" / "comparisons.parquet"
    rows = pq.ParquetFile(path).read()
    labels = rows["label"].to_numpy().copy()
    labels[7] = 1 if labels[7] != 1 else 2
    pq.write_table(rows.set_column(rows.schema.get_field_index("label"), "label", pa.array(labels)), path)


def one_row_less(run: Path) -> None:
    path = run / "tables" / "ledger.parquet"
    pq.write_table(pq.ParquetFile(path).read()[1:], path)


def half_a_file(run: Path) -> None:
    path = run / "tables" / "alignment.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_file(run: Path) -> None:
    (run / "tables" / "judgements.parquet").unlink()


def another_wage(run: Path) -> None:
    path = run / "scenario.yaml"
    assert "wage: 21.0" in path.read_text()
    path.write_text(path.read_text().replace("wage: 21.0", "wage: 12.0"))


@pytest.mark.slow
@pytest.mark.parametrize("tamper", [one_label_more, one_row_less, half_a_file, no_file, another_wage])
def test_verify_notices(tamper: Any, whole: simlab.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(whole.path, tmp_path / "run")
    tamper(tmp_path / "run")
    assert main(["verify", str(tmp_path / "run"), "--quiet"]) == 4
    assert ("changed since" if tamper is another_wage else "came out differently") in capsys.readouterr().err


def test_a_finished_run_is_left_alone(world: Path, whole: simlab.Run) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = sorted(p for p in whole.path.rglob("*") if p.is_file() and p.name != "lock")
        return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}

    before = state()
    again = simlab.run(world, out=whole.path, store=Store(None))
    assert state() == before
    assert again.manifest == whole.manifest
    assert all(again.tables[name].equals(whole.tables[name]) for name in whole.tables)


# ---- one thing changes, the rest stays as it was ------------------------------------------------------------------

STEADY = {"kind": "boltzmann", "agreement": None, "temperature": 0.7, "ties": 0.3}  # no calibration to who is there


def same_people(few: Any, many: Any) -> None:
    """The first people of the larger cohort are those of the smaller."""
    for field in dataclasses.fields(few):
        if field.name in ("number", "vector", "skill", "knowledge", "noise", "seconds", "hired"):
            mine, theirs = getattr(few, field.name), getattr(many, field.name)[: len(few)]
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)


def same_labels(few: pd.DataFrame, many: pd.DataFrame) -> pd.DataFrame:
    """Who still compares the same two responses finds what they found before; nobody but new people takes over."""
    keys = ["worker", "left", "right"]
    both = few.merge(many, on=keys, suffixes=("", "_new"))
    for name in ("label", "perceived", "gold", "duration", "held_out", "time"):
        np.testing.assert_array_equal(both[name], both[f"{name}_new"], err_msg=name)
    newcomers = set(many.worker) - set(few.worker)
    taken = many.merge(few[keys], on=keys, how="left", indicator=True)
    assert set(taken[taken["_merge"] == "left_only"].worker) == newcomers
    assert 0 < len(both) < len(few)
    return both


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [1, 2])
def test_one_rater_more_in_the_gaussian_world(overlap: int, tmp_path: Path) -> None:
    def run(count: int) -> Any:
        changes = {"parties.pool.count": count, "parties.pool.overlap": overlap, "parties.pool.policy": STEADY}
        return play(tmp_path, {**CHANGING, **changes, f"{AUDIT}.consequence": "pay"})

    few, many = run(6), run(7)
    same_people(few.context.parties["pool"].cohort, many.context.parties["pool"].cohort)
    first = [run.comparisons[run.comparisons["round"] == 0] for run in (few, many)]  # later, the model differs
    assert len(same_labels(*first)) > 0.6 * len(first[0])


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Played]:
    """Runs of FIRST in a hurry, which share what they can."""
    folder = tmp_path_factory.mktemp("text")

    def run(*settings: str) -> Played:
        scenario = load(FIRST, small=True, overrides=[*HURRIED, *settings])
        return played(scenario, Path(tempfile.mkdtemp(dir=folder)), Store(folder / "store"))

    return run


PEOPLE = (
    "parties.pool.knowledge=0.8", "parties.pool.skill=0.7", "parties.pool.skill_spread=0.2",
    "parties.pool.values_spread=0.3", "parties.pool.compliance=0.8", "relations.2.sample=900",
    f"parties.pool.policy={json.dumps(STEADY)}",
)  # fmt: skip


@pytest.mark.slow
def test_one_rater_more_in_a_world_of_words(text: Callable[..., Played]) -> None:
    few, many = text(*PEOPLE), text(*PEOPLE, "parties.pool.count=6")
    one, two = few.context.parties["pool"], many.context.parties["pool"]
    same_people(one.cohort, two.cohort)
    beliefs = [[[seen.belief(fact) for fact in range(12)] for seen in pool.observers[:5]] for pool in (one, two)]
    assert beliefs[0] == beliefs[1]
    first = [run.comparisons[run.comparisons["round"] == 0] for run in (few, many)]
    assert len(same_labels(*first)) > 0.6 * len(first[0])


@pytest.mark.slow
def test_a_criterion_that_is_only_measured_changes_nothing(world: Path, whole: simlab.Run, tmp_path: Path) -> None:
    more = simlab.run(world, overrides=["criteria.novel={}"], out=tmp_path, store=Store(None))
    assert more.manifest["run"] != whole.manifest["run"]
    one, two = contents(whole), contents(more)
    assert two["responses"].pop("novel").between(0, 1).all()
    for name, rows in one.items():
        pd.testing.assert_frame_equal(rows, two[name], check_exact=True, obj=name)


@pytest.mark.slow
def test_a_criterion_that_is_only_measured_changes_nobody_in_a_world_of_words(text: Callable[..., Played]) -> None:
    few, many = text(*PEOPLE), text(*PEOPLE, "criteria.brief={}")
    position = [many.context.game.dimensions.index(name) for name in few.context.game.dimensions]
    people, same = few.context.parties["pool"].cohort, many.context.parties["pool"].cohort
    np.testing.assert_allclose(people.vector, same.vector[:, position], rtol=1e-12)
    np.testing.assert_array_equal(people.skill, same.skill[:, position])
    columns = ["worker", "task", "left", "right", "label", "gold", "held_out", "duration"]
    pd.testing.assert_frame_equal(few.comparisons[columns], many.comparisons[columns])


@pytest.mark.slow
def test_another_party_elsewhere_leaves_the_rest_alone(whole: simlab.Run, tmp_path: Path) -> None:
    beside = {
        "parties.rival": {"kind": "corporation", "guideline": {"operative": {"engaging": 1}}, "misreading": 0.5},
        "parties.critics": {"kind": "users", "values": {"sincere": 1}},
        "relations.4": {"principal": "critics", "agent": "rival", "every": 1, "sample": 5},
    }
    more = simlab.run(written(tmp_path / "more.yaml", {**CHANGING, **beside}), out=tmp_path / "run", store=Store(None))
    one, two = contents(whole), contents(more)
    for name in ("candidates", "comparisons", "employment", "raters", "reward_model", "policy", "consequences"):
        pd.testing.assert_frame_equal(one[name], two[name], check_exact=True, obj=name)
    old = {*whole.manifest["parameters"]["parties"], "acme:published"}
    pairs = two["alignment"][two["alignment"].a.isin(old) & two["alignment"].b.isin(old)]
    pd.testing.assert_frame_equal(one["alignment"], pairs.reset_index(drop=True), check_exact=True)


# ---- plugins are part of what a run is ----------------------------------------------------------------------------

DOZING = '''
"""Raters who doze."""

import numpy as np

import simlab


class Dozing(simlab.RaterPolicy):
    """Undecided about everything."""

    name = "dozing"

    def probabilities(self, utilities, cohort):
        return np.tile([0.25, 0.25, 0.5], (len(utilities), 1))
'''


@pytest.mark.slow
def test_a_plugin_that_changes_makes_another_run(tmp_path: Path) -> None:
    plugin, unused = tmp_path / "dozing.py", tmp_path / "unused.py"
    plugin.write_text(DOZING)
    changes = {"parties.pool.policy": "dozing", f"{LEARN}.sample": 50}
    world = written(tmp_path / "world.yaml", changes)

    def run(name: str) -> simlab.Run:
        return simlab.run(world, out=tmp_path / "runs" / name, store=Store(None))

    first = run("first")
    unused.write_text(DOZING.replace("dozing", "unused").replace("Dozing", "Unused"))
    assert run("beside").manifest["run"] == first.manifest["run"]
    assert run("beside").hashes == first.hashes
    plugin.write_text(DOZING.replace("0.25, 0.25, 0.5", "0.5, 0.5, 0"))
    second = run("second")
    assert second.manifest["run"] != first.manifest["run"]
    assert set(first.comparisons.query("order == 1").label) == {0, 1, 2}
    assert set(second.comparisons.query("order == 1").label) == {1, 2}
    with pytest.raises(simlab.InvalidInput, match=r"changed since: dozing\.py \(of the rater policy 'dozing'\)"):
        run("first")
    with pytest.raises(simlab.Mismatch, match="plugins changed"):
        simlab.verify(first.path)
