"""A study from its file to its answer: what is run, what is kept, what is told of it, and what it refuses."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.report.effects import NOT_SUPPORTED, SUPPORTED, UNDECIDED, by_seed, effects, summaries, verdicts
from simlab.studies.plan import planned
from simlab.studies.study import run_study, work
from tests.small_world import written
from tests.studies.small_study import study_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> simlab.StudyRuns:
    folder = tmp_path_factory.mktemp("study")
    return run_study(study_file(folder), out=folder / "out", jobs=1, local=False)


def test_every_arm_meets_every_seed(done: simlab.StudyRuns) -> None:
    rows = done.outcomes
    assert sorted(zip(rows.arm, rows.seed, strict=True)) == [("right", 3), ("right", 4), ("wrong", 3), ("wrong", 4)]
    assert set(rows.status) == {"finished"}
    assert done.status == "finished"
    assert len(done.failures) == 0


def test_a_run_of_a_study_is_the_run_by_itself(done: simlab.StudyRuns, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(json.dumps(json.loads(Path(done.path / "study.yaml").read_text())["scenario"]))
    alone = simlab.run(
        scenario, seed=4, out=tmp_path / "alone", overrides={"parties.pool.policy": {"kind": "mistaken", "flip": 0.4}}
    )
    (mine,) = [p for p, c in zip(done.parts, done.cells, strict=True) if (c.arm, c.seed) == ("wrong", 4)]
    assert mine.hashes == alone.hashes
    assert (mine.path.parent.name, mine.path.name) == ("wrong", "4")


def test_outcomes_are_numbers_of_the_tables(done: simlab.StudyRuns) -> None:
    for row in done.outcomes.to_dict("records"):
        (run,) = [
            p for p, c in zip(done.parts, done.cells, strict=True) if (c.arm, c.seed) == (row["arm"], row["seed"])
        ]
        scores = run.judgements.score[run.judgements.agent.str.startswith("pool")]
        pair = run.alignment[(run.alignment.a == "users") & (run.alignment.b == "rm")]
        assert row["right"] == scores.mean()
        assert row["rho"] == pair.rho.iloc[-1]
        assert row["labor"] == run.labor.pay.sum() > 0
    assert done.outcomes.attrs["units"] == {"labor": "USD"}


def test_tables_say_which_arm_and_seed(done: simlab.StudyRuns) -> None:
    rows = done.judgements
    assert set(zip(rows.arm, rows.seed, strict=True)) == {(a, s) for a in ("right", "wrong") for s in (3, 4)}
    assert len(rows) == sum(len(part.judgements) for part in done.parts)
    assert list(done.runs.columns)[-1] == "arm"  # the seed is there anyway
    some = simlab.load(done.path, tables="judgements", columns=["score"])
    assert list(some.judgements) == ["score", "arm", "seed"]


def test_values_of_several_kinds_stand_in_one_column(tmp_path: Path) -> None:
    """A number beside a mapping, as a setting may be either, is told as text in every table."""
    levers = {"parties.pool.shared": [0.5, {"misreading": 0.3}, None]}
    file = study_file(tmp_path, {"seeds": 1, "vary": {"levers": levers}, "hypotheses": []})
    study = run_study(file, out=tmp_path / "out", jobs=1, local=False)
    told = ["0.5", '{"misreading": 0.3}', "null"]
    assert study.alignment["parties.pool.shared"].astype(object).fillna("null").unique().tolist() == told
    assert study.outcomes["parties.pool.shared"].fillna("null").tolist() == told


def test_differences_are_taken_seed_by_seed(done: simlab.StudyRuns) -> None:
    found = effects(done).set_index("outcome")
    by = done.outcomes.set_index(["arm", "seed"]).right
    each = [by["wrong", seed] - by["right", seed] for seed in (3, 4)]
    assert found.loc["right", "mean"] == pytest.approx(sum(each) / 2)
    half = abs(each[0] - each[1]) / 2 * 12.706204736  # t with one degree of freedom
    assert found.loc["right", "high"] - found.loc["right", "mean"] == pytest.approx(half)
    assert list(summaries(done, "form")["form"].unique()) == ["right", "wrong"]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, UNDECIDED), ({"hypotheses.0.margin": -5}, SUPPORTED), ({"hypotheses.0.margin": 5}, NOT_SUPPORTED)],
)
def test_verdicts(changes: dict[str, Any], verdict: str, done: simlab.StudyRuns, tmp_path: Path) -> None:
    """Two seeds decide little, unless the margin lies far away; hypotheses may be added to what has been run."""
    found = run_study(study_file(tmp_path, changes), out=done.path, jobs=1, local=False)
    (row,) = verdicts(found).to_dict("records")
    if changes:
        assert row["verdict"] == verdict
    else:
        assert row["mean"] > 0.1
        assert row["verdict"] == (SUPPORTED if row["low"] > 0 else UNDECIDED)


def test_the_same_again_runs_nothing(done: simlab.StudyRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("a run was begun")

    monkeypatch.setattr("simlab.studies.task.execute", refuse)
    again = run_study(done.path / "study.yaml", out=done.path, jobs=1, local=False)
    pd.testing.assert_frame_equal(again.outcomes, done.outcomes)


def test_another_outcome_is_asked_of_runs_that_are_there(done: simlab.StudyRuns, tmp_path: Path) -> None:
    before = [(part.path / "manifest.json").stat().st_mtime_ns for part in done.parts]
    file = study_file(tmp_path, {"outcomes.hours": "labor.hours | sum"})
    found = run_study(file, out=done.path, jobs=1, local=False)
    assert (found.outcomes.hours > 0).all()
    assert [(part.path / "manifest.json").stat().st_mtime_ns for part in found.parts] == before
    study_file(tmp_path)
    run_study(file, out=done.path, jobs=1, local=False)


def test_a_run_that_fails_is_a_row_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "import simlab\n\n\nclass Broken(simlab.RaterPolicy):\n    name = 'broken'\n\n"
        "    def probabilities(self, utilities, cohort, scene=None):\n        raise ValueError('no idea')\n"
    )
    file = study_file(tmp_path, {"vary.arms.wrong": {"set": {"parties.pool.policy": "broken"}}})
    code = main(["study", str(file), "--out", str(tmp_path / "out"), "--jobs", "1"])
    found = simlab.load(tmp_path / "out")
    assert code == 3
    assert list(found.outcomes.status) == ["finished", "failed"] * 2
    assert found.outcomes.right.isna().tolist() == [False, True] * 2
    failure = found.failures.iloc[0]
    assert (failure.stage, failure.type, failure.arm, failure.seed) == ("running it", "PluginFailed", "wrong", 3)
    assert "no idea" in failure.message
    assert "broken.py:8" in failure.message
    mended = "import numpy as np\n        return np.tile([0.0, 1.0, 0.0], (len(utilities), 1))"
    text = (tmp_path / "broken.py").read_text().replace("raise ValueError('no idea')", mended)
    (tmp_path / "broken.py").write_text(text)
    again = run_study(file, out=tmp_path / "out", jobs=1)
    assert set(again.outcomes.status) == {"finished"}


def test_outcomes_do_not_change_one_another_and_none_is_left_out_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that puts something else into a table changed what the next was told."""
    (tmp_path / "vain.py").write_text(
        "import simlab\n\n\nclass Vain(simlab.Outcome):\n    name = 'vain'\n\n    def value(self, run):\n"
        "        run.alignment.loc[run.alignment['round'] > 0, 'rho'] = 0.5  # where it stands\n"
        "        run.alignment['rho'] = 0.5\n"
        "        return run.alignment.rho.mean() if run.manifest['seed'] == 3 else float('inf')\n"
    )
    outcomes = {"vain": "vain", "rho": "alignment.rho", "none": "alignment.rho | a == 'nobody'"}
    file = study_file(tmp_path, {"outcomes": outcomes, "hypotheses": [], "vary.arms": {"right": {}}})
    assert main(["study", str(file), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 0
    found = simlab.load(tmp_path / "out")
    for row, part in zip(found.outcomes.to_dict("records"), found.parts, strict=True):
        assert row["rho"] == pytest.approx(part.alignment.rho.mean()) != 0.5
    said = " ".join(capsys.readouterr().out.split())
    assert "Of vain, 1 of 2 runs give no number, and are left out. Of none, 2 of 2 runs give no number." in said


def test_what_a_study_rests_on_may_not_change(done: simlab.StudyRuns, tmp_path: Path) -> None:
    for changes, named in (
        ({"scenario.parties.pool.count": 9}, "the scenario"),
        ({"vary.arms.wrong.set": {"parties.pool.wage": 3}}, "what the arm 'wrong' is"),
        ({"name": "another"}, "another study, 'small'"),
    ):
        with pytest.raises(InvalidInput, match=named):
            run_study(study_file(tmp_path, changes), out=done.path, jobs=1, local=False)


def test_a_changed_plugin_is_named(tmp_path: Path) -> None:
    plugin = tmp_path / "lazy.py"
    text = (
        "import simlab\n\n\nclass Lazy(simlab.Effort):\n    name = 'lazy'\n    reckons = False\n\n"
        "    def choose(self, situation):\n        return situation.wage * 0\n"
    )
    plugin.write_text(text)
    file = study_file(tmp_path, {"set": {"parties.pool.effort": "lazy"}, "seeds": 1})
    run_study(file, out=tmp_path / "out", jobs=1)
    plugin.write_text(text.replace("* 0", "* 1"))
    with pytest.raises(InvalidInput, match=r"lazy.py \(of the effort 'lazy'\)"):
        run_study(file, out=tmp_path / "out", jobs=1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vary.arms.wrong.set": {"parties.pool.wag": 1}}, "unknown key 'wag'"),
        ({"vary.levers": {"parties.pool.wage": [1, -1]}}, "-1 should be greater than or equal to 0"),
        ({"vary.levers": {"parties.pool.wage": 4}}, "4 is one value, which does not vary"),
        ({"vary.levers": {"parties.pool.wage": {"from": 1, "to": 2}}}, "is a range, and a grid takes lists"),
        ({"vary.uncertainties": {"parties.nobody.wage": [1, 2]}}, "there is no party 'nobody'"),
        ({"vary.levers": {"parties.pool.wage": [4, 5, 4.0]}}, "4.0 is there twice"),
        ({"vary.levers": {"seed": [1, 2]}}, "seed: is not set here"),
        ({"set": {"seed": 3}}, "seed: is not set here"),
        ({"vary.arms.wrong": {"set": {"seed": 3}}}, "seed: is not set here"),
        (
            {"vary.levers": {"relations.0.sample": [0.1, 0.2], "relations.users->acme.sample": [0.3]}},
            "relations.users->acme.sample: is the same setting as 'relations.0.sample'",
        ),
        (
            {"vary.levers": {"parties.pool.wage": [1, 2]}, "vary.arms.wrong": {"set": {"parties.pool.wage": 3}}},
            "parties.pool.wage: is set by the arm 'wrong', and varies",
        ),
        ({"vary.orders": "each"}, "nobody can be left out"),
        ({"vary.orders": ["pol"]}, "there is no party 'pol' (did you mean 'pool'? known: users, acme, pool"),
        ({"vary.orders": ["users"]}, "without.0: users is users, and nothing would be left without it"),
        ({"vary.arms": {"all": {}, "some": {"without": ["pool:99"]}}}, "without.0: pool has no number 99"),
        ({"vary.samples": "none.csv"}, "cannot be read"),
        ({"outcomes.odd": "alignment.rh"}, "the table alignment has no column 'rh'"),
        ({"outcomes.odd": "alignment.a | | max"}, "the column 'a' of alignment is text, and no number"),
        ({"outcomes.odd": "alignment.rho | mode"}, "the table alignment has no column 'mode', by which rows are taken"),
        (
            {"outcomes.odd": "alignment.rho | a == users"},
            "no column 'users', by which rows are taken (texts stand in q",
        ),
        (
            {"outcomes.odd": "alignment.rho | a = 'users'"},
            "is no condition on rows (a condition as pandas' query has it",
        ),
        ({"outcomes.odd": "alignment.rho | round | mean"}, "'round' is not true or false of a row (compare it"),
        ({"outcomes.odd": "ledger.amount | time > @last | sum"}, "the table ledger has no rounds, so that there is no"),
        ({"outcomes.odd": "alignment.rho | round + 1"}, "'round + 1' is not true or false of a row"),
        ({"outcomes": {"arm": "alignment.rho"}}, "no outcome can be called 'arm'"),
        ({"outcomes.odd": "nothing"}, "there is no outcome called 'nothing'"),
        ({"outcomes.odd": {"kind": "rho", "c": "users"}}, "unknown key 'c'"),
        ({"hypotheses.0.outcome": "rigt"}, "there is no outcome 'rigt'"),
        ({"hypotheses.0.less": "right"}, "an arm is held against itself"),
        ({"seeds": 0}, "0 seeds"),
        ({"seeds": "x"}, "'x' is no number of seeds, and no list of them"),
        ({"seeds": [1, 2.5]}, "is no number of seeds"),
        ({"seeds": [1, 1]}, "a seed is there twice"),
        ({"sceanrio": 1}, "unknown key 'sceanrio'"),
        ({"scenario": "none.yaml"}, "no such file"),
        ({"scenario": ["none.yaml"]}, "['none.yaml'] is no scenario (the path of a scenario file"),
        ({"scenario": "study.yaml"}, "is a study and no scenario (run it with simlab study"),
        ({"scenario.days": "many"}, "days"),
    ],
)
def test_mistakes_are_told_with_their_line(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = study_file(tmp_path, changes)
    with pytest.raises(InvalidInput) as caught:
        run_study(file, out=tmp_path / "out", jobs=1, local=False)
    message = str(caught.value)
    assert said in message
    if "no such file" not in said:
        line = int(message.split(":")[1])
        wrong = next(iter(changes)).split(".")[-1]
        near = "\n".join(file.read_text().splitlines()[max(0, line - 8) : line + 4])
        assert wrong in near
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_for_an_executor_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no executor 'mars'"):
        run_study(study_file(tmp_path), out=tmp_path / "out", executor="mars", local=False)
    assert not (tmp_path / "out").exists()


def test_a_scenario_is_no_study_and_a_folder_of_a_run_holds_none(tmp_path: Path) -> None:
    file = written(tmp_path / "scenario.yaml")
    with pytest.raises(InvalidInput, match="is a scenario and no study"):
        run_study(file, out=tmp_path / "out", local=False)
    with pytest.raises(InvalidInput, match="holds no study"):
        work(tmp_path)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="holds other files"):
        run_study(study_file(tmp_path), out=tmp_path / "out", jobs=1, local=False)


def test_json_and_csv(done: simlab.StudyRuns, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", str(done.path / "study.yaml"), "--out", str(done.path), "--jobs", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "finished"
    assert len(said["outcomes"]) == 4
    csv = pd.read_csv(done.path / "outcomes.csv")
    assert list(csv.columns) == list(done.outcomes.columns)
    assert all(math.isclose(a, b) for a, b in zip(csv.right, done.outcomes.right, strict=True))


def test_watch_says_how_it_stands(done: simlab.StudyRuns, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(done.path)]) == 0
    assert "4 of 4 runs finished" in capsys.readouterr().out
    assert main(["watch", str(done.parts[0].path)]) == 0
    assert "finished, 1 rounds" in capsys.readouterr().out


def test_samples_of_ones_own(tmp_path: Path) -> None:
    frame = pd.DataFrame({"parties.pool.wage": [5.0, 7.5], "parties.pool.count": [4, 6]})
    file = study_file(tmp_path, {"vary": {}, "hypotheses": [], "seeds": 1})
    found = run_study(file, out=tmp_path / "out", jobs=1, local=False, samples=frame)
    assert found.varied == ["parties.pool.wage", "parties.pool.count"]
    assert list(found.outcomes["parties.pool.wage"]) == [5.0, 7.5]
    assert [len(part.employment) for part in found.parts] == [4, 6]
    (tmp_path / "points.csv").write_text("parties.pool.wage,parties.pool.count\n5.0,4\n7.5,6\n")
    file = study_file(tmp_path, {"vary": {"samples": "points.csv"}, "hypotheses": [], "seeds": 1})
    again = run_study(file, out=tmp_path / "again", jobs=1, local=False)
    assert [p.hashes for p in again.parts] == [p.hashes for p in found.parts]
    frame.to_parquet(tmp_path / "points.parquet")
    file = study_file(tmp_path, {"vary": {"samples": "points.parquet"}, "hypotheses": [], "seeds": 1})
    last = run_study(file, out=tmp_path / "last", jobs=1, local=False)
    assert [p.hashes for p in last.parts] == [p.hashes for p in found.parts]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parties.pool.wage,parties.pool.wage\n5,4\n", "points.csv:1: has two columns 'parties.pool.wage'"),
        ("parties.pool.wage;parties.pool.count\n5;4\n", "points.csv:1: has semicolons between its columns"),
        ("parties.pool.wage,parties.pool.count\n\n5,4\n,6\n", "points.csv:4: column parties.pool.wage: is empty"),
        (",parties.pool.wage\n0,5\n1,6\n", "points.csv:1: has a column without a name (leave it out"),
        ('parties.pool.wage\n"5\n', "points.csv:2: is not CSV"),
        ("parties.pool.wage\n", "points.csv: has no rows"),
        ("parties.pool.wage\n5\n\n6\n5.0\n", "points.csv: line 5 is the same point as line 2 (give each point once"),
        ("", "points.csv: has no rows"),
    ],
)
def test_a_table_of_points_is_held_to_what_it_says(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(text)
    file = study_file(tmp_path, {"vary": {"samples": "points.csv"}, "hypotheses": [], "seeds": 1})
    with pytest.raises(InvalidInput, match=re.escape(f"vary.samples: {said}")):
        run_study(file, out=tmp_path / "out", jobs=1, local=False)


def test_nobody_of_a_misspelt_name_is_paid(tmp_path: Path) -> None:
    """$0 would be an answer."""
    outcomes = {
        "wages": {"kind": "labor_dollars", "party": "pol"}, "profit": {"kind": "profit", "corporation": "acmee"},
        "free": {"kind": "labor_dollars", "party": "rm"},
    }  # fmt: skip
    file = study_file(tmp_path, {"vary": {}, "hypotheses": [], "seeds": 1, "outcomes": outcomes})
    (row,) = run_study(file, out=tmp_path / "out", jobs=1, local=False).outcomes[[*outcomes]].to_numpy()
    np.testing.assert_array_equal(row, [np.nan, np.nan, 0])


def test_a_run_that_a_design_makes_twice_counts_once() -> None:
    """A design of whole numbers may hold a point twice; of one seed, an interval over runs would be too narrow."""
    rows = pd.DataFrame({"run": ["a", "b", "a", "", ""], "seed": 1, "right": [0.5, 0.7, 0.5, 0.6, 0.6]})
    assert by_seed(rows, "right") == [0.5, 0.7, 0.6, 0.6]
    assert by_seed(rows.assign(seed=[1, 1, 1, 2, 2]), "right") == pytest.approx([1.7 / 3, 0.6])


def test_numbers_of_a_frame_are_taken_to_their_last_digit(tmp_path: Path) -> None:
    """pandas' JSON would have 15 decimals of them."""
    file, wages = study_file(tmp_path, {"vary": {}, "hypotheses": []}), [0.1 + 0.2, 1.2345678901234567e-9]
    frame = pd.DataFrame({"parties.pool.wage": wages, "parties.pool.count": pd.array([4, 6], dtype="Int64")})
    arms = planned(file, samples=frame, local=False).arms
    assert [arm.levers for arm in arms] == [
        {"parties.pool.wage": w, "parties.pool.count": c} for w, c in zip(wages, (4, 6), strict=True)
    ]
    assert [
        arm.levers["parties.pool.wage"] for arm in planned(file, samples=frame.astype(object), local=False).arms
    ] == wages


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([{"parties.pool.wage": 5}], "samples is of type list (give a DataFrame"),
        (pd.Series({"parties.pool.wage": 5}), "samples is of type Series (give a DataFrame"),
        (pd.DataFrame([[5, 4]], columns=["parties.pool.wage"] * 2), "samples has two columns 'parties.pool.wage'"),
        (pd.DataFrame({"parties.pool.wage": [float("inf")]}), "inf should be a finite number"),
        (pd.DataFrame({"parties.pool.wage": [pd.Timestamp(2020, 1, 1)]}), "a value of type Timestamp cannot stand in"),
        (pd.DataFrame({"parties.pool.wage": []}), "samples has no rows"),
        (pd.DataFrame({"parties.pool.wage": [5, 6, 5.0]}), "samples: row 3 is the same point as row 1 (give each"),
        (pd.DataFrame({"parties.pool.policy": [{"kind": {(1, 2): 3}}]}), "the key (1, 2) of a mapping is no text"),
        (pd.DataFrame({"parties.pool.policy": [{True: 1}]}), "column 'parties.pool.policy': the key True of a"),
    ],
)
def test_what_is_no_frame_of_points_is_told(samples: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape(said)):
        planned(study_file(tmp_path, {"vary": {}, "hypotheses": []}), samples=samples, local=False)


def test_a_point_without_a_value_is_none(tmp_path: Path) -> None:
    frame = pd.DataFrame({"parties.pool.wage": [5.0, None], "parties.pool.count": [4, 6]})
    file = study_file(tmp_path, {"vary": {}, "hypotheses": [], "seeds": 1})
    with pytest.raises(InvalidInput, match=r"samples: row 2, column 'parties\.pool\.wage': is empty"):
        run_study(file, out=tmp_path / "out", jobs=1, local=False, samples=frame)
