"""Runs on disk: loading, states, locks, kills at chosen events, and folders that are something else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.errors import InvalidInput
from simlab.runs.folder import open_run
from simlab.runs.loading import RunSet, load
from simlab.tables.schemas import TABLES
from tests.killed_run import Moment, killed_in
from tests.small_run import MANIFEST, write

pd = pytest.importorskip("pandas")
PROGRAM = [sys.executable, "-m", "tests.small_run"]
HERE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    directory = tmp_path_factory.mktemp("runs") / "finished"
    write(directory)
    return directory


class Stop(Exception):
    """Something that goes wrong in a run."""


def stop_after(rounds: int, error: type[BaseException]) -> Any:
    def between(number: int) -> None:
        if number + 1 == rounds:
            raise error("enough")

    return between


def test_a_finished_run(finished: Path) -> None:
    run = load(finished)
    assert run.status == "finished"
    assert run.path == finished
    assert list(run.tables) == list(TABLES)
    assert run.comparisons is run.tables["comparisons"]
    assert len(run.comparisons) == run.rows["comparisons"] == 800
    assert run.rows["ledger"] == len(run.ledger) == 0
    assert list(run.ledger.columns) == list(TABLES["ledger"].names)
    assert run.manifest["scenario"] == "small"
    assert run.manifest["rounds"] == 20
    assert set(run.hashes) == set(TABLES)
    assert run.rehash() == run.manifest["tables"]
    assert (finished / "scenario.yaml").read_text() == "name: small\n"
    assert "finished" in repr(run)
    row = run.runs.iloc[0]
    assert (row.run, row.seed, row.status, row.rounds) == ("5eed", 3, "finished", 20)
    assert json.loads(row.parameters) == MANIFEST["parameters"]


def test_frames_say_what_they_hold(finished: Path) -> None:
    frame = load(finished).responses
    assert frame.attrs["meaning"] == TABLES["responses"].meaning
    assert frame.attrs["units"] == {"time": "days"}
    assert set(frame.attrs["columns"]) == set(frame.columns)
    assert frame.attrs["columns"]["helpful"] == TABLES["responses"].extra
    types = {"float64": "f", "int64": "i", "bool": "b"}
    for column in TABLES["responses"].columns:
        kind = types.get(column.type)
        assert frame[column.name].dtype.kind == kind if kind else pd.api.types.is_string_dtype(frame[column.name])


@pytest.mark.parametrize("rounds", [3, 20])
def test_a_part_of_a_run(tmp_path: Path, rounds: int) -> None:
    if rounds < 20:
        with pytest.raises(Stop):
            write(tmp_path, between=stop_after(rounds, Stop))
    else:
        write(tmp_path)
    run = load(tmp_path, tables=["comparisons", "responses"], columns=["run", "round"], where={"round": [0, 2]})
    assert list(run.tables) == ["comparisons", "responses"]
    assert list(run.comparisons.columns) == ["run", "round"]
    assert set(run.comparisons["round"]) == {0, 2}
    assert len(run.responses) == 80
    with pytest.raises(KeyError):
        run.tables["ledger"]
    assert list(load(tmp_path, columns="round", where={"round": np.array(1)}).comparisons.columns) == ["round"]
    run = load(tmp_path, columns={"comparisons": ["label"]}, where={"worker": "pool:1", "held_out": False})
    assert list(run.comparisons.columns) == ["label"]
    whole = load(tmp_path).comparisons
    assert len(run.comparisons) == ((whole.worker == "pool:1") & ~whole.held_out).sum() > 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tables": "comparison"}, "did you mean 'comparisons'"),
        ({"columns": ["lable"]}, "did you mean 'label'"),
        ({"where": {"rond": 1}}, "did you mean 'round'"),
        ({"where": {"round": "first"}}, "comparisons.round is int64"),
        ({"where": {"round": 1.5}}, "where round=1.5: comparisons.round is int64"),
        ({"where": {"round": [0, 0.5]}}, "comparisons.round is int64"),
        ({"where": {"round": 2**70}}, "comparisons.round is int64"),
        ({"where": "round == 1"}, "where='round == 1' is no mapping from columns to values, as {'round': 1}"),
        ({"where": {"round": pd.DataFrame({0: [1]})}}, "where round: a DataFrame is neither a value nor a list"),
        ({"where": {"round": {0: "first"}}}, "where round: a dict is neither a value nor a list of values"),
        ({"where": {3: 4}}, "no column 3"),
        ({"tables": 3}, "tables=3: give a name, or a list of names"),
        ({"columns": {"comparison": ["label"]}}, "did you mean 'comparisons'"),
        ({"columns": [3]}, "no column 3"),
    ],
)
def test_parts_that_are_not_there(finished: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        len(load(finished, **asked).comparisons)
    with pytest.raises(AttributeError, match="did you mean 'comparisons'"):
        len(load(finished).comparison)


def test_a_failed_run_keeps_its_rows(tmp_path: Path) -> None:
    with pytest.raises(Stop):
        write(tmp_path, between=stop_after(2, Stop))
    run = load(tmp_path)
    assert run.status == "failed"
    assert run.runs.status[0] == "failed"
    assert run.manifest["error"] == "Stop: enough"
    assert len(run.comparisons) == 80
    assert run.hashes == {}


def test_ctrl_c_and_leaving_early_interrupt_a_run(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a", between=stop_after(2, KeyboardInterrupt))
    with open_run(tmp_path / "b", MANIFEST):
        assert load(tmp_path / "b").status == "running"
    assert load(tmp_path / "a").status == load(tmp_path / "b").status == "interrupted"


def test_rows_can_be_read_while_a_run_goes_on(tmp_path: Path) -> None:
    def look(number: int) -> None:
        run = load(tmp_path)
        assert run.status == "running"
        assert len(run.comparisons) == 40 * (number + 1)
        assert run.employment.worker.is_unique

    write(tmp_path, rounds=4, between=look)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, finished: Path) -> None:
    with pytest.raises(Stop):
        write(tmp_path, between=stop_after(5, Stop))
    with pytest.raises(Stop):
        write(tmp_path, between=stop_after(2, Stop))
    assert len(load(tmp_path).comparisons) == 200
    write(tmp_path)
    assert load(tmp_path).hashes == load(finished).hashes


def test_seconds_are_those_of_all_starts(tmp_path: Path) -> None:
    """An interrupted start counts, and one that was killed as far as it had got; looking once more at what is finished
    does not."""
    directory = tmp_path / "run"

    def interrupted() -> None:
        with open_run(directory, MANIFEST) as run:
            run.began -= 80
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert 80 <= load(directory).manifest["seconds"] < 90
    with open_run(directory, MANIFEST) as run:
        run.began -= 7
        run.note(rounds=3, seconds=run.seconds)
        manifest = (directory / "manifest.json").read_text()
    (directory / "manifest.json").write_text(manifest)  # as a process leaves it that is killed
    assert load(directory).status == "interrupted"
    write(directory, rounds=2)
    seconds = load(directory).manifest["seconds"]
    assert 87 <= seconds < 100
    write(directory, rounds=2)
    assert load(directory).manifest["seconds"] == seconds
    (directory / "tables" / "lessons.parquet").unlink()
    write(directory, rounds=2)  # done again from nothing
    assert load(directory).manifest["seconds"] < 20


def test_a_finished_run_is_left_alone(finished: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in finished.rglob("*") if p.name != "lock"}
    write(finished, between=stop_after(1, Stop))
    assert {p: p.stat().st_mtime_ns for p in finished.rglob("*") if p.name != "lock"} == before


def test_a_finished_run_that_lost_a_table_is_done_again(tmp_path: Path) -> None:
    write(tmp_path)
    hashes = load(tmp_path).hashes
    (tmp_path / "tables" / "responses.parquet").unlink()
    write(tmp_path)
    assert load(tmp_path).hashes == hashes


@pytest.mark.slow
def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    with open_run(tmp_path, MANIFEST):
        done = subprocess.run([*PROGRAM, str(tmp_path)], cwd=HERE, capture_output=True, text=True)
        assert "a run is under way in this folder" in done.stderr
        assert load(tmp_path).status == "running"


def test_a_run_killed_before_its_first_manifest_is_taken_up(tmp_path: Path, finished: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "manifest.json.part").write_text('{"format": 1, "ru')
    write(tmp_path)
    assert load(tmp_path).hashes == load(finished).hashes


@pytest.mark.parametrize("there", ["a file", "other files", "another run", "a broken manifest", "a later version"])
def test_folders_that_are_something_else(tmp_path: Path, there: str) -> None:
    directory = tmp_path / "out"
    if there == "a file":
        directory.write_text("hello")
    else:
        directory.mkdir()
    if there == "other files":
        (directory / "thesis.tex").write_text("hello")
    if there == "another run":
        write(directory, rounds=1)
    if there == "a broken manifest":
        (directory / "manifest.json").write_text("{}")
    if there == "a later version":
        later = {**MANIFEST, "format": 99, "status": "finished", "rounds": 1}
        (directory / "manifest.json").write_text(json.dumps(later))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidInput, match=str(directory)), open_run(directory, {**MANIFEST, "run": "f00d"}):
        pytest.fail("the folder was opened")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_run_cannot_be_loaded(tmp_path: Path, finished: Path) -> None:
    for path, message in [(tmp_path / "none", "no such folder"), (tmp_path, "holds no run")]:
        with pytest.raises(InvalidInput, match=message):
            load(path)
    (tmp_path / "manifest.json").write_text("not json")
    with pytest.raises(InvalidInput, match="is not the manifest of a simlab run"):
        load(tmp_path)
    assert load(finished / "manifest.json").status == "finished"


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    write(tmp_path, rounds=1)
    file = tmp_path / "tables" / "comparisons.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InvalidInput, match=r"comparisons.parquet: is damaged"):
        len(load(tmp_path).comparisons)


def test_a_folder_of_runs_is_a_study(tmp_path: Path) -> None:
    write(tmp_path / "arm" / "one", rounds=2)
    with pytest.raises(Stop):
        write(tmp_path / "arm" / "two", between=stop_after(1, Stop))
    runs = load(tmp_path, where={"round": 0})
    assert isinstance(runs, RunSet)
    assert [part.status for part in runs.parts] == ["finished", "failed"]
    assert runs.status == "failed"
    assert len(runs.responses) == 80
    assert len(load(tmp_path).runs) == 2
    assert runs.responses.attrs["table"] == "responses"
    assert runs.rows["responses"] == 120
    assert runs.hashes.keys() == {f"5eed/{name}" for name in TABLES}
    assert "2 runs" in repr(runs)


KILLS = [  # three of the same run, two of them while it catches up; and how many of its twenty rounds are there then
    [(Moment("half", "comparisons.arrows", 1), 0), (Moment("half", "comparisons.arrows", 7), 6)],
    [(Moment("batch", "comparisons.arrows", 12), 12), (Moment("half", "comparisons.arrows", 5), 12)],
    [(Moment("rename", "comparisons.parquet"), 20), (Moment("half", "comparisons.arrows", 20), 20)],
]


@pytest.mark.slow
@pytest.mark.parametrize("kills", KILLS, ids=["early", "on the way", "at the end"])
def test_kills_lose_no_finished_round(kills: list[tuple[Moment, int]], tmp_path: Path, finished: Path) -> None:
    whole = load(finished)
    for moment, rounds in kills:
        killed_in(moment, write, tmp_path)
        run = load(tmp_path)
        assert run.status == "interrupted"
        assert len(run.comparisons) == 40 * rounds
        for name in ("comparisons", "responses"):
            rows = run.tables[name]
            assert len(rows) % 40 == 0
            if len(rows):  # else the file may have been cut before it named the criteria
                pd.testing.assert_frame_equal(rows, whole.tables[name].iloc[: len(rows)])
    write(tmp_path)
    assert load(tmp_path).hashes == whole.hashes


@pytest.mark.slow
def test_streams_cut_at_random_bytes_lose_no_earlier_round(tmp_path: Path, finished: Path) -> None:
    with pytest.raises(Stop):
        write(tmp_path, rounds=9, between=stop_after(6, Stop))
    whole = load(finished)
    streams = {path: path.read_bytes() for path in sorted((tmp_path / "tables").glob("*.arrows"))}
    generator = np.random.default_rng(11)
    for _ in range(25):
        for path, raw in streams.items():
            path.write_bytes(raw[: int(generator.integers(0, len(raw) + 1))])
        run = load(tmp_path)
        for name in ("comparisons", "responses", "employment"):
            rows = run.tables[name]
            assert list(rows.columns) == list(TABLES[name].names) or name == "responses"
            if name != "employment":
                assert len(rows) % 40 == 0
            if name == "comparisons":
                pd.testing.assert_frame_equal(rows, whole.comparisons.iloc[: len(rows)])
    write(tmp_path)
    assert load(tmp_path).hashes == whole.hashes
