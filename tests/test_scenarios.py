"""Every scenario that ships: it says what it is about, it runs in its small form, and its tables are as documented.

The runs are begun as the command line begins them, one of them in a process of its own, as a user's would be. Their
numbers are compared with the golden outputs in `tests/golden/`. After a change that is meant to move them:

    python -m tests.golden               # or only some: python -m tests.golden 00_gaussian
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.runs.loading import Run
from simlab.scenario import RatersSpec
from simlab.tables.schemas import TABLES
from tests.golden import HERE, SCENARIOS, SEEDS, differences, form, golden, golden_file, scenarios, summary, tolerance
from tests.loading import load
from tests.tables.test_schemas import PINNED

FILES = scenarios()
NAMES = [str(file.relative_to(SCENARIOS)) for file in FILES]
HEADER = ("Covers", "Scenario", "Expect")


class Small(NamedTuple):
    """The small form of a scenario, run: the file, the object `--json` printed, and what was left on disk."""

    file: Path
    said: dict[str, Any]
    run: Run


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(f, id=n, marks=[pytest.mark.slow] * ("gaussian" not in n))
        for f, n in zip(FILES, NAMES, strict=True)
    ],
)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Small:
    file, out = request.param, tmp_path_factory.mktemp("small") / request.param.stem
    settings = [word for setting in form(file) for word in ("--set", setting)]
    argv = ["run", str(file), "--small", *settings, "--json", "--no-local-plugins", "--out", str(out)]
    if file.stem == "00_gaussian":
        done = subprocess.run([sys.executable, "-m", "simlab", *argv], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return Small(file, json.loads(done.stdout), simlab.load(out))
    with redirect_stdout(StringIO()) as said:
        assert main(argv) == 0
    return Small(file, json.loads(said.getvalue()), simlab.load(out))


# ---- what they say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_it_begins_by_saying_what_it_is_about(file: Path) -> None:
    lines = file.read_text().splitlines()
    header = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert header[0].startswith(f"# {file.stem.split('_')[0]} ")
    assert header[1] == "#"
    said = [line.split()[1].rstrip(":") for line in header[2:] if line.startswith("# ") and line[2] != " "]
    assert said == list(HEADER)
    assert all(len(line) <= 120 for line in header)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_it_is_valid_in_both_forms_and_the_small_one_is_smaller(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(file)]) == 0
    assert main(["validate", str(file), "--small"]) == 0  # needs a small: block, its own or inherited
    assert capsys.readouterr().out.count(": ok: ") == 2
    assert load(file, small=True).days < load(file).days


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_it_can_be_described(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(file)]) == 0
    printed = capsys.readouterr().out
    scenario = load(file)
    assert all(f"{word}:" in printed for word in HEADER)
    assert all(f"{relation.principal} → {relation.agent}: every" in printed for relation in scenario.relations)


# ---- what they do --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_runs(small: Small) -> None:
    assert small.said["status"] == small.run.status == "finished"
    assert small.said["out"] == str(small.run.path)
    assert {name: table["rows"] for name, table in small.said["tables"].items()} == small.run.rows
    assert {name: table["sha256"] for name, table in small.said["tables"].items()} == small.run.hashes
    assert small.run.runs.rounds[0] >= 1


@pytest.mark.slow
def test_its_tables_have_the_documented_columns_in_order(small: Small) -> None:
    said = small.run.manifest["parameters"]
    criteria, utilities = said["criteria"], [f"utility_{name}" for name in said["parties"]]
    assert list(small.run.tables) == list(TABLES)
    for name, frame in small.run.tables.items():
        added = {"responses": [*criteria, *utilities], "learning_curve": utilities}.get(name, [])
        assert list(frame.columns) == [*TABLES[name].names, *added], name
        assert set(PINNED.get(name, "run").split()) <= set(frame.columns), name
    scores = small.run.responses[list(criteria)]
    assert (scores.isna() | scores.ge(0) & scores.le(1)).all(axis=None)


def test_truth_is_the_world_s_and_what_raters_believe_stands_beside_it(small: Small) -> None:
    rows = small.run.responses
    believed = rows.truthful_believed
    if not (rows.response != "").any():
        assert believed.isna().all()  # nothing is claimed in a world of vectors
    elif "truthful" in rows:
        assert believed.isna().equals(rows.truthful.isna())
        assert believed.dropna().between(0, 1).all()
        pools = [p for p in load(small.file, small=True).parties.values() if isinstance(p, RatersSpec)]
        know_all = all(pool.knowledge == 1 for pool in pools)
        assert ((believed - rows.truthful).abs().max() > 0.01) != know_all  # but for one, nobody knows everything
        assert (believed - rows.truthful).abs().mean() < 0.2  # but most know most


def test_its_data_dictionary_covers_all_columns(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", str(small.run.path), "--describe", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert {name: [c["name"] for c in columns] for name, columns in described.items()} == {
        name: list(frame.columns) for name, frame in small.run.tables.items()
    }
    assert all(column["meaning"] for columns in described.values() for column in columns)


def test_little_s_law_holds_for_each_of_its_queues(small: Small) -> None:
    """L = λW over [0, T], the left side from what was inside at each instant, the right from each one's own stay."""
    rows = small.run.queues
    assert len(rows) > 0
    np.testing.assert_allclose(rows.length, rows.rate * rows.stay.fillna(0), rtol=1e-9, atol=1e-12)
    assert (rows.waiting.fillna(0) <= rows.stay.fillna(0) + 1e-12).all()


def test_its_ledger_sums_to_zero_and_pays_nobody_outside_a_spell(small: Small) -> None:
    money = small.run.ledger
    sides = money.groupby("transfer").amount.agg(["sum", "size"])
    assert sides["sum"].eq(0).all()
    assert sides["size"].eq(2).all()
    work = small.run.comparisons.query("order == 1")
    spells = small.run.employment.set_index("worker").loc[work.worker]
    assert (spells.hired.to_numpy() <= work.time.to_numpy()).all()
    assert not (spells.ended.to_numpy() < work.time.to_numpy()).any()
    wages = money[(money.amount > 0) & money.reason.str.startswith("wages") & money.account.str.contains(":")]
    hired = small.run.employment.set_index("worker").hired.groupby("worker").min()
    assert (wages.time.to_numpy() >= hired.loc[wages.account].to_numpy()).all()


def test_its_numbers_are_the_golden_ones(small: Small) -> None:
    file = golden_file(small.file)
    assert file.exists(), f"python -m tests.golden {small.file.stem} makes what it is compared with"
    moved = differences(summary(small.run), json.loads(file.read_text()))
    assert not moved, "\n".join(["if this is meant: python -m tests.golden", *moved])


def test_no_golden_output_is_left_over() -> None:
    assert sorted(HERE.glob("*.json")) == sorted(golden_file(file) for file in FILES)


def test_a_golden_number_that_moves_is_noticed() -> None:
    exact = {"quantities": {"rho/0/a-b": 0.858, "rows/comparisons": 4000, "rho/0/a-c": None, "bias": 0.0}}

    def moved(**now: float | None) -> int:
        names = {"rho": "rho/0/a-b", "rows": "rows/comparisons", "nothing": "rho/0/a-c", "bias": "bias"}
        return len(differences({**exact["quantities"], **{names[n]: v for n, v in now.items()}}, exact))

    assert [moved(), moved(rho=0.858 * (1 + 1e-10)), moved(bias=-1e-17)] == [0, 0, 0]
    assert [moved(rho=0.858001), moved(rows=4001), moved(nothing=0.1), moved(rho=None)] == [1, 1, 1, 1]
    assert differences({}, exact) == [f"{n}: {v} before, nothing now" for n, v in exact["quantities"].items()]


def test_a_golden_mean_that_moves_is_noticed() -> None:
    """Eight draws say where a ninth is: no more than one in a hundred thousand is outside, and none far outside."""
    rng = np.random.default_rng(8)
    draws = rng.normal(0.5, 0.05, size=(200_000, SEEDS + 1))
    deviation = draws[:, :-1].std(axis=1, ddof=1)
    wide = [tolerance(0.0, d, whole=False) for d in (0.01, 0.02)]
    assert wide[1] == pytest.approx(2 * wide[0])
    outside = np.abs(draws[:, -1] - draws[:, :-1].mean(axis=1)) > deviation * wide[0] / 0.01
    assert outside.sum() <= 10  # 2 expected
    half = np.abs(draws[:, -1] - draws[:, :-1].mean(axis=1)) > 0.25 * deviation * wide[0] / 0.01
    assert 0.02 < half.mean() < 0.05  # it is as wide as it must be

    seeds = [
        {"rho/1/a-b": r, "rows/lessons": 100 + i, "consequences/fire": 1, "rho/0/a-b": None}
        for i, r in enumerate(rng.normal(0.5, 0.05, 8))
    ]
    del seeds[3]["consequences/fire"]
    found = golden(seeds)
    assert found["sometimes"] == ["consequences/fire"]
    now = {"rho/1/a-b": 0.55, "rows/lessons": 108, "rho/0/a-b": None}
    assert differences({**now, "consequences/fire": 3}, found) == differences(now, found) == []
    for change in ({"rho/1/a-b": 1.5}, {"rows/lessons": 200}, {"rho/0/a-b": 0.0}, {"rho/1/a-b": None}, {"new": 1}):
        assert len(differences({**now, **change}, found)) == 1, change
