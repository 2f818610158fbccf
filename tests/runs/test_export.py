"""Data out: what other tools read is what the tables say, and texts stay as they are, whatever they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.runs.export import export
from simlab.runs.folder import open_run
from simlab.tables.recorder import Recorder
from simlab.tables.schemas import TABLES
from tests.small_run import MANIFEST

HOSTILE = [
    "<script>alert('x')</script>", '=cmd|" /C calc"!A0', "a,b;c\td\n\r\ne", '"""', "\x1b[31mred\x1b[0m", "\u202etfel",
    "[bold]no[/bold]", "{'a': 1}\\n", "null", " ", "NaN", "é e\u0301 𝔘 \u2028",
]  # fmt: skip


def made_up(folder: Path, *, texts: list[str] = HOSTILE, run: str = "5eed", labels: Any = (1, 2, 0, 1)) -> Path:
    """A run in which four people compared pairs of these responses, one of them once more for a look."""
    n = len(texts)
    with open_run(folder, {**MANIFEST, "run": run}) as opened, Recorder(folder, run, {}) as tables:
        tables.add("candidates", time=0.0, round=0, agent="lm", response=list(range(n)), prompt=[*reversed(HOSTILE)],
                   author="lm", text=texts, origin="users")  # fmt: skip
        common = {"round": 0, "principal": "pool", "agent": "rm", "guideline_version": 2, "duration": 5.0, "pay": 0.1}
        common |= {"ranking": 0, "perceived": 0.5, "gold": 1}
        tables.add("comparisons", **common, time=[0.5, 0.5, 0.75, 1.0], order=1, task=[0, 0, 1, 2],
                   worker=["pool:0", "pool:1", "pool:0", "pool:3"], left=[0, 0, 2, 4], right=[1, 1, 3, 5],
                   label=list(labels), source="rater", held_out=[False, False, False, True])  # fmt: skip
        tables.add("comparisons", **common, time=1.0, order=1, task=0, worker="pool:0", left=0, right=1, label=2,
                   source="again", held_out=False)  # fmt: skip
        tables.add("comparisons", **common, time=1.0, order=2, task=9, worker="acme", left=0, right=1, label=2,
                   source="auditor", held_out=False)  # fmt: skip
        opened.finish(tables.close(), rounds=1)
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]


def test_preferences_are_those_of_the_labels(tmp_path: Path) -> None:
    found = lines(export(made_up(tmp_path / "run"), "trl", tmp_path / "out.jsonl"))
    assert [(row["chosen"], row["rejected"]) for row in found] == [
        (HOSTILE[0], HOSTILE[1]), (HOSTILE[1], HOSTILE[0]),
        (f" {HOSTILE[4]}", f" {HOSTILE[5]}"),
    ]  # fmt: skip
    assert [row["prompt"] for row in found] == [HOSTILE[-1], HOSTILE[-1], HOSTILE[-5]]
    assert [row["rater"] for row in found] == ["pool:0", "pool:1", "pool:3"]
    assert [(row["time"], row["guideline_version"], row["held_out"]) for row in found] == [
        (0.5, 2, False), (0.5, 2, False), (1.0, 2, True),
    ]  # fmt: skip


def test_a_device_is_written_into_and_stays(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").symlink_to("/dev/null")
    export(made_up(tmp_path / "run"), "trl", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").is_symlink()


def test_they_have_the_columns_and_types_of_trl(tmp_path: Path) -> None:
    """TRL's explicit-prompt preference format in its standard (not conversational) type: three texts."""
    found = pd.read_json(export(made_up(tmp_path / "run"), "trl", tmp_path / "x.jsonl"), lines=True, dtype=False)
    assert {"prompt", "chosen", "rejected"} <= set(found)
    for name in ("prompt", "chosen", "rejected"):
        assert all(isinstance(text, str) for text in found[name])


def test_the_other_way_round_is_another_preference(tmp_path: Path) -> None:
    """The control."""
    found = lines(export(made_up(tmp_path / "run", labels=(2, 1, 0, 2)), "trl", tmp_path / "out.jsonl"))
    assert (found[0]["chosen"], found[0]["rejected"]) == (HOSTILE[1], HOSTILE[0])


def test_prompt_and_response_are_not_glued_together(tmp_path: Path) -> None:
    """TRL puts one right behind the other. Where either has a space already, nothing is added."""
    texts = [*HOSTILE[:4], "blue .", " green .", *HOSTILE[6:]]
    first, _, last = lines(export(made_up(tmp_path / "run", texts=texts), "trl", tmp_path / "out.jsonl"))
    assert (last["chosen"], last["rejected"]) == (" blue .", " green .")
    assert (first["prompt"][-1:], first["chosen"]) == ("\u2028", HOSTILE[0])


def test_comparisons_hold_ties(tmp_path: Path) -> None:
    found = lines(export(made_up(tmp_path / "run"), "jsonl", tmp_path / "out.jsonl"))
    assert [row["label"] for row in found] == [1, 2, 0, 1]
    assert (found[2]["left"], found[2]["right"]) == (HOSTILE[2], HOSTILE[3])


def test_labels_are_read_by_calibration_and_crowd_kit(tmp_path: Path) -> None:
    found = pd.read_csv(export(made_up(tmp_path / "run"), "crowd-kit", tmp_path / "labels.csv"))
    assert list(found.columns) == ["task", "worker", "label"]
    assert found.to_numpy().tolist() == [[0, "pool:0", 1], [0, "pool:1", 2], [1, "pool:0", 0], [2, "pool:3", 1]]
    crowdkit = pytest.importorskip("crowdkit.aggregation")
    assert crowdkit.MajorityVote().fit_predict(found)[[1, 2]].tolist() == [0, 1]


def test_tasks_and_workers_of_several_runs_are_told_apart(tmp_path: Path) -> None:
    made_up(tmp_path / "runs" / "a", run="aaaa")
    made_up(tmp_path / "runs" / "b", run="bbbb", labels=(2, 2, 2, 2))
    found = pd.read_csv(export(tmp_path / "runs", "crowd-kit", tmp_path / "labels.csv"))
    assert found.task.nunique() == 6
    assert set(found.worker) == {f"{run}/pool:{i}" for run in ("aaaa", "bbbb") for i in (0, 1, 3)}
    rows = lines(export(tmp_path / "runs", "trl", tmp_path / "out.jsonl"))
    assert [row["chosen"] for row in rows if row["run"] == "bbbb"] == [
        HOSTILE[1],
        HOSTILE[1],
        HOSTILE[3],
        f" {HOSTILE[5]}",
    ]


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    run = simlab.load(made_up(tmp_path / "run"))
    place = export(tmp_path / "run", "datapackage", tmp_path / "package")
    said = json.loads((place / "datapackage.json").read_text())
    assert [resource["name"] for resource in said["resources"]] == list(TABLES)
    read = {"keep_default_na": False, "na_values": [], "encoding": "utf-8"}
    candidates = pd.read_csv(place / "candidates.csv", dtype=str, lineterminator="\n", **read)
    assert list(candidates.text) == HOSTILE == list(run.candidates.text)
    comparisons = next(r for r in said["resources"] if r["name"] == "comparisons")
    types = {field["name"]: field["type"] for field in comparisons["schema"]["fields"]}
    assert (types["label"], types["held_out"], types["pay"], types["worker"]) == (
        "integer",
        "boolean",
        "number",
        "string",
    )
    units = {field["name"]: field.get("unit") for field in comparisons["schema"]["fields"]}
    assert (units["time"], units["pay"]) == ("days", "USD")
    assert set(pd.read_csv(place / "comparisons.csv", dtype=str).held_out) == {"true", "false"}


@pytest.mark.slow
def test_a_package_is_valid(tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    place = export(made_up(tmp_path / "run"), "datapackage", tmp_path / "package")
    assert frictionless.validate(str(place / "datapackage.json")).valid
    (place / "comparisons.csv").write_text((place / "comparisons.csv").read_text().replace("0.75", "three"))
    assert not frictionless.validate(str(place / "datapackage.json")).valid  # the control


def test_csv_has_no_description(tmp_path: Path) -> None:
    place = export(made_up(tmp_path / "run"), "csv", tmp_path / "tables")
    assert {file.stem for file in place.iterdir()} == set(TABLES)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made_up(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert main(["export", "run", "--to", "trl"]) == 0
    assert capsys.readouterr().out == "run-trl.jsonl\n"
    assert main(["export", "run", "--to", "crowdkit"]) == 2
    assert "crowd-kit" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["trl", "jsonl", "crowd-kit", "csv", "datapackage"])
def test_an_earlier_export_is_replaced_and_no_other_file(form: str, tmp_path: Path) -> None:
    run = made_up(tmp_path / "run")
    place = tmp_path / "out"
    assert export(run, form, place) == export(run, form, place)
    mine = place / "comparisons.csv" if place.is_dir() else run / "manifest.json"
    if place.is_dir():
        mine.write_text("task,worker,label\n1,me,2\n")
    before = mine.read_bytes()
    with pytest.raises(InvalidInput, match="is there already, and is no earlier file of this kind"):
        export(run, form, place if place.is_dir() else mine)
    assert mine.read_bytes() == before


def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    vectors = made_up(tmp_path / "vectors", texts=[""] * len(HOSTILE))
    with pytest.raises(InvalidInput, match="vectors, and have no text"):
        export(vectors, "trl", tmp_path / "x.jsonl")
    assert len(pd.read_csv(export(vectors, "crowd-kit", tmp_path / "x.csv"))) == 4
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="holds other files"):
        export(vectors, "csv", tmp_path / "mine")
    with pytest.raises(InvalidInput, match="this form is one file"):
        export(vectors, "crowd-kit", tmp_path / "mine")
