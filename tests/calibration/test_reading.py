"""Annotations from tables: what is read, and what is said of tables that are not right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.calibration.choice import Model
from simlab.calibration.fitting import fit
from simlab.calibration.ratings import order_of, rated
from simlab.calibration.reading import read
from simlab.errors import InvalidInput

WHOLE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"
HEAD = "task,worker,label,left_helpful,right_helpful\n"


def test_criteria_texts_and_codes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "task,worker,label,left,right,left_helpful,right_helpful,left_true,right_true\n"
        '7,ann,1,"a long\nanswer",no,1,0.25,0,1\n'
        "7,bob,0,a long answer,no,1,0.25,0,1\n"
        "3,ann,2,yes,yes indeed it is,0,0.5,1,1\n\n",
        encoding="utf-8",
    )
    data = read(file)
    assert (data.workers, data.criteria) == (("ann", "bob"), ("helpful", "true"))
    assert data.label.tolist() == [1, 0, 2]
    assert data.worker.tolist() == [0, 1, 0]
    assert data.task.tolist() == [1, 1, 0]
    assert data.differences.tolist() == [[0.75, -1], [0.75, -1], [-0.5, 0]]
    assert data.words is not None
    assert data.words.tolist() == [2, 2, -3]


def test_labels_that_are_turned_around_are_remarked_upon(tmp_path: Path) -> None:
    """1 and 2 exchanged, as where a table says on which side the worse one is; few labels are so by chance."""
    file = tmp_path / "labels.csv"
    for labels, said in (("2" * 60 + "1" * 20, True), ("1" * 60 + "2" * 20, False), ("2" * 9 + "1", False)):
        file.write_text(HEAD + "".join(f"{task},ann,{label},1,0\n" for task, label in enumerate(labels)))
        remarks = read(file).remarks
        assert any("60 of 80 labels prefer the response with less helpful" in r for r in remarks) == said
        assert said or not remarks


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"worker": ["a", "b", "a"], "label": [1, 2, 0], "left_x": [1.0, 2, 3], "right_x": [2.0, 2, 2]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    frame.to_parquet(tmp_path / "labels.parquet")
    one, other = read(tmp_path / "labels.csv"), read(tmp_path / "labels.parquet")
    for name in ("label", "task", "worker", "differences"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert one.task.tolist() == [0, 1, 2]  # without a column task every row is one of its own


def test_held_out_tasks_are_the_same_ones_every_time_and_never_split(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    rows = [f"{task},w{worker},1,0,1\n" for task in range(400) for worker in range(3)]
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    learned, test = read(file).split(0.2)
    assert not set(learned.task.tolist()) & set(test.task.tolist())
    assert len(learned) + len(test) == 1200
    assert abs(len(test) / 1200 - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 400)
    assert np.array_equal(test.task, read(file).split(0.2)[1].task)


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_runs_own_raters_are_as_its_scenario_says(tmp_path: Path, temperature: float) -> None:
    policy = f"{{kind: boltzmann, temperature: {temperature}, ties: 0.5}}"
    scenario = tmp_path / "known.yaml"
    scenario.write_text(f"extends: {WHOLE}\nname: known\nparties: {{pool: {{policy: {policy}}}}}\n", encoding="utf-8")
    simlab.run(scenario, small=True, out=tmp_path / "run", overrides=["relations.2.sample=3000"])
    data = read(tmp_path / "run")
    assert data.criteria == ("utility",)
    found = fit(Model("boltzmann"), data)
    for name, truth in (("temperature", temperature), ("ties", 0.5)):
        e = next(e for e in found.estimates if e.name == name)
        half = np.log(e.high / e.low) / 2
        assert abs(np.log(e.value / truth)) < 2.1 * half, (name, e)
        assert abs(np.log(e.value / (1.5 * truth))) > 2.1 * half


def test_raters_of_several_runs_are_told_apart_by_seed(tmp_path: Path) -> None:
    """pool:3 is somebody else under another seed, and the same person under another wage."""
    for name, seed, wage in (("a", 1, 21), ("b", 2, 21), ("c", 2, 9)):
        overrides = {"parties.pool.wage": wage, "panel.rounds": "last"}
        simlab.run(WHOLE, small=True, seed=seed, overrides=overrides, out=tmp_path / "runs" / name)
    alone = read(tmp_path / "runs" / "a")
    data = read(tmp_path / "runs")
    assert len(data) > 2 * len(alone)
    assert {worker.split("/")[1] for worker in data.workers} == {"1", "2"}
    assert set(alone.workers) == {w.rpartition("/")[2] for w in data.workers if w.split("/")[1] == "1"}


def test_ratings_become_comparisons_of_pairs_that_share_no_item(tmp_path: Path) -> None:
    scores = np.random.default_rng(3).integers(-2, 3, size=(41, 4)).astype(float)
    frame = pd.DataFrame(scores, columns=["ann", "bob", "cy", "di"])
    frame.insert(0, "item", [f"w{i}" for i in range(41)])
    frame.to_csv(tmp_path / "scores.csv", index=False)
    data, others = (read(tmp_path / "scores.csv", ratings=True, reference=r) for r in ("pool", "others"))
    assert (len(data), data.workers) == (20 * 4, ("ann", "bob", "cy", "di"))
    mean = data.differences[:, 0].reshape(20, 4)
    assert np.all(mean == mean[:, :1])
    left, right = scores.mean(axis=1)[:, None], scores.mean(axis=1)[None, :]
    assert np.isin(np.round(mean[:, 0], 9), np.round(left - right, 9)).all()
    assert not np.allclose(others.differences, data.differences)
    assert np.array_equal(others.label, data.label)


def test_match_tie_and_reverse_by_hand() -> None:
    shares = order_of(np.array([1, 2, 0, 2, 1]), np.array([1.0, 1.0, -2.0, -2.0, 0.0]))
    assert (shares.match, shares.tie, shares.reverse) == (0.5, 0.25, 0.25)


def test_ratings_of_one_person_tell_nothing(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    file.write_text("item,ann\na,1\nb,2\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="there are ratings of one rater only"):
        read(file, ratings=True)
    with pytest.raises(InvalidInput, match="all ratings are alike"):
        rated(np.ones((4, 3)), ["a", "b", "c"], "made up")


def test_ids_of_responses_are_no_scores(tmp_path: Path) -> None:
    """Their differences would drown those of any score."""
    frame = pd.DataFrame({"worker": ["a", "b"], "label": [1, 2], "left_x": [1.0, 2], "right_x": [2.0, 2]})
    for name in ("id", "response_id", "responseId", "index"):
        frame.assign(**{f"left_{name}": [4711, 17], f"right_{name}": [23, 4712]}).to_csv(
            tmp_path / "a.csv", index=False
        )
        found = read(tmp_path / "a.csv")
        assert (found.criteria, found.differences.ravel().tolist()) == (("x",), [-1.0, 0.0])
        assert (
            found.remarks[0] == f"left_{name} and right_{name} are no scores: by their name they tell responses apart"
        )
    frame.rename(columns=lambda name: name.replace("_x", "_readability_index")).to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv").criteria == ("readability_index",)  # an index of something is a score


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "labels.csv: there is nothing in it (give a table with a line of column names)"),
        (HEAD, "labels.csv: there are no labels in it"),
        (HEAD.replace("label", "lable") + "1,a,1,0,1\n", "there is no column 'label' (did you mean 'lable'?"),
        (HEAD.replace("worker", "who") + "1,a,1,0,1\n", "there is no column 'worker' (known: task, who, label"),
        ("item,ann,bob\nx,1,2\n", "if rows are items and columns raters, say --ratings"),
        (HEAD + "1,a,1,0,1\n2,a,3,0,1\n", "labels.csv:3: column 'label': is 3, which is no label (1: left is better"),
        (HEAD + "1,a,best,0,1\n", "labels.csv:2: column 'label': is best, which is no label"),
        (HEAD + "1,a,1,0,1\n\n3,a,,0,1\n", "labels.csv:4: column 'label': is empty (1 such rows"),
        (HEAD + "1,a,1,0,1\n2,,1,0,1\n", "labels.csv:3: column 'worker': is empty"),
        (HEAD + "1,a,1,0,1\n2,a,1,,1\n", "labels.csv:3: column 'left_helpful': is empty"),
        (
            HEAD + "1,a,1,0,1\n1,b,1,-99,0.5\n2,a,2,-99,0\n",
            "labels.csv:3: column 'left_helpful': is -99, and -99 stands",
        ),
        (HEAD + "1,a,1,0,inf\n2,a,2,0,1\n", "labels.csv:2: column 'right_helpful': is inf, which is no finite number"),
        (
            HEAD + "1,a,1,0,1\n2,a,2,0,1\n3,a,1,0,good\n",
            "labels.csv:4: column 'right_helpful': is good, which is no finite number",
        ),
        (
            "task,worker,label,left_model,right_model\n1,a,1,gpt,llama\n",
            "labels.csv:2: column 'left_model': is gpt, while columns called left_… and right_… hold scores (call it "
            "otherwise if it is no score, as model_of_left; texts of responses are called left and right)",
        ),
        (
            HEAD.replace("right_helpful", "right_helpfull") + "1,a,1,0,1\n",
            "there is left_helpful, but no column right_helpful (did you mean 'right_helpfull'?",
        ),
        ('task,worker,label,left,right\n1,a,1,"x\ny",z\n2,a,5,x,z\n', "labels.csv:4: column 'label': is 5"),
        ("task,worker,label,left,right\n1,a,1,x,\n", "labels.csv:2: column 'right': is empty"),
        ('task,worker,label\n1,a,"1\n', "labels.csv:2: is not CSV: unexpected end of data (check the quotes"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        read(file)
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        read(tmp_path / "nowhere.csv")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InvalidInput, match=r"bad\.parquet: cannot be read as Parquet: "):
        read(tmp_path / "bad.parquet")
    frame = pd.DataFrame({"worker": ["a", "b"], "label": [1.0, np.nan]})
    frame.to_parquet(tmp_path / "gap.parquet")
    with pytest.raises(InvalidInput, match=r"gap\.parquet: column 'label', row 2: is empty"):
        read(tmp_path / "gap.parquet")
    with pytest.raises(InvalidInput, match="holds no run"):
        read(tmp_path)
