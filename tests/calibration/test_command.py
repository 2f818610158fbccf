"""`simlab calibrate`: the screen, the object, the fragment, and what it refuses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab.cli import main
from tests.calibration.made import davidson


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of 1,200 labels by six people, with texts and one criterion."""
    g = np.random.default_rng(2)
    n = 1200
    left, right = g.random((2, n)).round(3)
    words = g.integers(1, 12, (2, n))
    label = davidson((left - right) / 0.2 + 0.1 * (words[0] - words[1]), 0.4, 0.0, g.random(n))
    texts = {side: [" ".join(["word"] * w) for w in words[k]] for k, side in enumerate(("left", "right"))}
    frame = pd.DataFrame({"task": range(n), "worker": np.arange(n) % 6, "label": label, **texts})
    frame.assign(left_helpful=left, right_helpful=right).to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path / "labels.csv"


def test_the_screen_says_models_parameters_and_policy(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(table)]) == 0
    printed = capsys.readouterr().out
    wanted = [
        "1,200 labels of 1,200 pairs by 6 raters", "held out", "boltzmann+position+length", "temperature",
        "95 % interval", "against the order of utilities", "every share is within its margin", "policy: {kind: ",
    ]  # fmt: skip
    for said in wanted:
        assert said in printed, said


def test_one_object_and_a_file_with_the_fragment(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "policy.yaml"
    options = ["--model", "boltzmann+length", "--json", "--out", str(out)]
    assert main(["calibrate", str(table), *options]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["chosen"], said["criteria"], said["labels"]) == ("boltzmann+length", ["helpful"], 1200)
    length = next(e for e in said["estimates"] if e["name"] == "length")
    assert length["low"] < 0.1 < length["high"]
    assert out.read_text(encoding="utf-8") == said["fragment"]
    assert said["policy"]["kind"] == "boltzmann"
    again = main(["calibrate", str(table), *options])
    assert again == 0
    assert json.loads(capsys.readouterr().out) == said


def test_somebody_elses_file_is_not_replaced(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = table.read_bytes()
    assert main(["calibrate", str(table), "--model", "boltzmann", "--out", str(table)]) == 2
    assert f"{table}: is there already, and is no earlier file of this kind" in capsys.readouterr().err
    assert table.read_bytes() == before
    device = table.parent / "device"
    device.symlink_to(os.devnull)  # a link, so that whatever happens to it happens to nothing else
    assert main(["calibrate", str(table), "--model", "boltzmann", "--out", str(device)]) == 0
    assert device.is_symlink()


def test_a_folder_is_made_for_the_fragment(table: Path) -> None:
    out = table.parent / "new" / "policy.yaml"
    assert main(["calibrate", str(table), "--model", "boltzmann", "--out", str(out)]) == 0
    assert [file.name for file in out.parent.iterdir()] == ["policy.yaml"]
    assert main(["calibrate", str(table), "--model", "boltzmann", "--out", str(table.parent)]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--holdout", "0"], "'0' is no share"),
        (["--model", "boltzmann+flip"], "there is no part of a rater model 'flip' to fit (did you mean 'flips'?"),
        (["--holdout", "0.00001"], "1200 tasks are too few to hold 1e-05 of them out"),
        (["--out", "/dev/null/at/all.yaml"], "/dev/null/at/all.yaml: cannot be written"),
        (
            ["--reference", "others"],
            "labels.csv: --reference others is about ratings, and labels are not (leave it out",
        ),
        (["--ratings"], "this is a table of labels, not of ratings (leave --ratings out)"),
    ],
)
def test_what_is_refused(table: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(table), "--model", "coin", *options]) == 2
    assert said in capsys.readouterr().err


def test_without_the_package_the_ratings_are_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simlab.calibration.ratings.find_spec", lambda name: None)
    assert main(["calibrate", "vader"]) == 2
    assert "the package vaderSentiment is not installed (pip install 'simlab[vader]')" in capsys.readouterr().err
    assert "vaderSentiment" not in sys.modules
