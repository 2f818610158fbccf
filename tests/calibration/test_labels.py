"""Labels as people export them: which words and numbers are read, which codings are refused, what counts once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab.calibration.reading import read
from simlab.cli import main
from simlab.errors import InvalidInput

SAID = [1, 2, 2, 0, 1, 2]


def table(folder: Path, labels: list[object], name: str = "labels.csv", **columns: list[object]) -> Path:
    """A table of labels, a task each, by two people."""
    n = len(labels)
    frame = pd.DataFrame({"task": range(n), "worker": [f"w{i % 2}" for i in range(n)], "label": labels, **columns})
    if name.endswith("parquet"):
        frame.to_parquet(folder / name)
    else:
        frame.to_csv(folder / name, index=False)
    return folder / name


def refused(file: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        {1: "left", 2: "right", 0: "tie"},
        {1: "Left", 2: "RIGHT", 0: " Tie "},
        {1: "a", 2: "b", 0: "undecided"},
        {1: "[[A]]", 2: "[[B]]", 0: "draw"},
        {1: "model_a", 2: "model_b", 0: "tie (bothbad)"},
        {1: "Model A", 2: "model-b", 0: "both bad"},
        {1: "response_a", 2: "response_b", 0: "neither"},
        {1: "1", 2: "2.0", 0: " 0 "},
    ],
)
def test_words_and_numbers_say_the_same(words: dict[int, object], tmp_path: Path) -> None:
    for name in ("labels.csv", "labels.parquet"):
        data = read(table(tmp_path, [words[said] for said in SAID], name))
        assert data.label.tolist() == SAID
        told = [remark for remark in data.remarks if remark.startswith("labels are words: ")]
        assert len(told) == (0 if words[1] == "1" else 1)


def test_what_words_were_taken_for_is_told_on_the_screen_and_in_the_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    g = np.random.default_rng(5)
    left, right = g.random((2, 120)).round(3)
    words = np.where(left + g.normal(0, 0.3, 120) > right, "model_a", "model_b").astype(object)
    words[::10] = "tie (bothbad)"
    words[5::10] = "tie"
    file = table(tmp_path, list(words), left_good=list(left), right_good=list(right))
    said = (
        "labels are words: model_a: the left one is better; model_b: the right one is better; "
        "tie, tie (bothbad): undecided"
    )
    assert main(["calibrate", str(file), "--model", "boltzmann"]) == 0
    assert f"read so: {said}\n" in capsys.readouterr().out
    assert main(["calibrate", str(file), "--model", "boltzmann", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"] == [said]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1, 1, 0], "labels.csv: column 'label': no label is 2: nobody ever found the right one better"),
        ([0, 2, 2, 0], "labels.csv: column 'label': no label is 1: nobody ever found the left one better"),
        (["tie", "left", "left"], "no label is 2"),
        ([True, False, True], "labels.csv:2: column 'label': is True, and a truth does not say which side is better"),
        (["true", "false", "true"], "labels.csv:2: column 'label': is true, and a truth"),
        ([1, 2, "tie (bothbad)", 0], "labels.csv:4: column 'label': is tie (bothbad), a word among labels that are"),
        (["left", "right", "tie", 0], "labels.csv:5: column 'label': is 0, which is no label"),
        (["left", "right", "Otter 13b"], "labels.csv:4: column 'label': is Otter 13b, which is no label (1: left is"),
        ([1, 2, 0, -1], "labels.csv:5: column 'label': is -1, which is no label"),
        ([1, 2, 0, 0.5], "labels.csv:5: column 'label': is 0.5, which is no label"),
        ([1, 2, 0, "1,0"], "labels.csv:5: column 'label': is 1,0, which is no label (write 1.0, with a decimal point"),
        ([1, 2, None], "labels.csv:4: column 'label': is empty (1 such rows"),
        ([1, 2, "NA"], "labels.csv:4: column 'label': is NA, which is no label"),
    ],
)
def test_other_codings_are_refused_with_the_convention(labels: list[object], said: str, tmp_path: Path) -> None:
    assert said in refused(table(tmp_path, labels))


def test_one_side_only_is_for_the_fit_to_refuse(tmp_path: Path) -> None:
    assert read(table(tmp_path, [1, 1, 1])).label.tolist() == [1, 1, 1]


def test_booleans_of_parquet_and_rows_of_a_frame_with_an_index(tmp_path: Path) -> None:
    assert "column 'label', row 1: is True" in refused(table(tmp_path, [True, False], "t.parquet"))
    file = table(tmp_path, [1, 2, 0, 1, 7, 2], "t.parquet")
    pd.read_parquet(file).iloc[::2].to_parquet(file)  # the index says 0, 2, 4
    assert "t.parquet: column 'label', row 3: is 7" in refused(file)


def test_a_winner_is_not_taken_for_a_label_but_how_to_is_said(tmp_path: Path) -> None:
    file = tmp_path / "arena.csv"
    file.write_text("judge,winner\nann,model_a\n", encoding="utf-8")
    assert "no column 'worker'" in refused(file)
    assert "if that is 'judge', rename it" in refused(file)
    file.write_text("worker,winner\nann,model_a\n", encoding="utf-8")
    assert "there is no column 'label' (" in refused(file)
    assert "if that is 'winner', rename it: the words left, right and tie, or model_a" in refused(file)


def test_ids_are_names_whatever_they_look_like(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("task,worker,label\n1,007,1\n01,7,2\nNA,None,0\nnull,n/a,1\n", encoding="utf-8")
    data = read(file)
    assert data.workers == ("007", "7", "None", "n/a")
    assert len(set(data.task.tolist())) == 4
    pd.DataFrame({"task": [1, 2], "worker": [7.0, 8.0], "label": [1, 2]}).to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").workers == ("7", "8")


def test_what_is_said_twice_counts_once_and_contradictions_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    rows = "t1,ann,1\nt1,bob,2\nt2,ann,0\n"
    file.write_text("task,worker,label\n" + rows + "t1,ann,1\nt2,ann,0\n", encoding="utf-8")
    data = read(file)
    assert data.label.tolist() == [1, 2, 0]
    assert data.remarks == (
        "2 rows say again what the same worker said of the same task, and count once (the first: line 5)",
    )
    file.write_text("task,worker,label\n" + rows + "\nt1,bob,1\n", encoding="utf-8")
    said = "labels.csv:6: column 'label': is 1, while bob said 2 of the same task in line 3 (leave one of them out"
    assert said in refused(file)


def test_a_task_shown_again_the_other_way_round_is_no_contradiction(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("task,worker,label,left_x,right_x\n1,ann,1,3,2\n1,ann,2,2,3\n2,ann,0,1,1\n", encoding="utf-8")
    assert read(file).label.tolist() == [1, 2, 0]
    assert read(file).remarks == ()


def test_sides_that_are_exchanged_within_a_task_are_refused_where_nothing_else_is_known(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    for what in ("", "_words", "_id"):
        file.write_text(f"task,worker,label,left{what},right{what}\n1,ann,1,5,9\n1,bob,2,9,5\n", encoding="utf-8")
        said = f"labels.csv:3: column 'left{what}': stands left here, and right in line 2, of the same task ("
        assert said in refused(file)
    file.write_text("task,worker,label,left,right\n1,ann,1,x,y\n1,bob,2,x,y\n2,bob,0,y,x\n", encoding="utf-8")
    assert len(read(file)) == 3


def test_copies_are_remarked_upon_where_no_task_is_told(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("worker,label,left_x,right_x\nann,1,3,2\nann,2,1,2\nann,1,3,2\n", encoding="utf-8")
    data = read(file)
    assert len(data) == 3
    assert data.remarks == (
        "1 row is the same as an earlier one (the first: line 4); without a column task each counts as a pair",
    )


def test_what_is_taken_for_texts_is_said(tmp_path: Path) -> None:
    texts: dict[str, list[object]] = {"left": ["N/A", "a b", "null"], "right": ["None", "c", "d e f"]}
    data = read(table(tmp_path, [1, 2, 0], **texts))
    assert data.words is not None
    assert data.words.tolist() == [0, 1, -2]
    assert data.remarks[0].startswith("left and right are taken for the texts of responses (6 different ones)")


def test_criteria_are_matched_however_their_letters_are_typed(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "worker,label,left_e\u0301cole,right_\u00e9cole\nrene\u0301,1,0,1\nren\u00e9,2,1,0\n", encoding="utf-8"
    )
    data = read(file)
    assert (data.criteria, data.workers) == (("\u00e9cole",), ("ren\u00e9",))
