"""`simlab expect`: claims of a scenario file, held against several seeds; and those of the scenarios that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.scenario import load
from tests.golden import scenarios
from tests.small_world import HIERARCHY, built_ins, written

FLIP = {
    "says": "one label in five is wrong", "table": "orders", "where": "principal == 'pool' and round == @last",
    "column": "validity_guideline", "between": [0.59, 0.61],
}  # fmt: skip
WITHOUT = {
    "says": "looks cost something", "table": "labor", "where": "party == 'acme'", "column": "pay", "by": "sum",
    "arm": {"set": {"parties.acme.audit_wage": 42}}, "less": {"set": {"parties.acme.audit_wage": 10.5}},
    "between": [1, 1000],
}  # fmt: skip


def asked(folder: Path, claims: list[dict[str, Any]], *words: str) -> tuple[int, Path]:
    file = written(folder / "s.yaml", {"expect": claims}, HIERARCHY)
    return main(["expect", str(file), "--seeds", "3", "--jobs", "1", "--no-local-plugins", *words]), file


def test_claims_hold_or_fail_by_the_mean_over_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = asked(
        tmp_path, [FLIP, WITHOUT, {**FLIP, "between": [0.7, 0.8]}], "--json", "--out", str(tmp_path / "runs")
    )
    assert code == 1
    first, second, wrong = json.loads(capsys.readouterr().out)
    assert (first["holds"], second["holds"], wrong["holds"]) == (True, True, False)
    assert first["values"] == pytest.approx([0.6] * 3)
    assert first["mean"] == pytest.approx(np.mean(first["values"]))
    runs = simlab.load(tmp_path / "runs")
    pay = runs.labor[runs.labor.party == "acme"].groupby("run").pay.sum()
    assert len(pay) == 3 * 3  # each arm once, however many claims ask for it
    assert second["mean"] == pytest.approx(0.75 * np.sort(pay)[-3:].mean())
    assert main(["expect", str(tmp_path / "s.yaml"), "--help"]) == 0


def test_of_one_seed_there_is_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = {**FLIP, "says": "nobody", "where": "order == 7"}
    assert asked(tmp_path, [FLIP, missing], "--seeds", "1")[0] == 1
    said = capsys.readouterr().out
    assert "nan" not in said
    assert "interval beyond" not in said


def test_a_claim_is_about_its_own_file_and_no_part_of_what_is_run(tmp_path: Path) -> None:
    base = written(tmp_path / "base.yaml", {"expect": [FLIP]}, HIERARCHY)
    plain = written(tmp_path / "plain.yaml", {}, HIERARCHY)
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nname: child\n")
    said, silent, child = (load(f, plugins=built_ins()) for f in (base, plain, tmp_path / "child.yaml"))
    assert len(said.expect) == 1
    assert said.hash({}) == silent.hash({})
    assert child.expect == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "order"}, "did you mean 'orders'?"),
        ({"column": "validity_guidline"}, "did you mean 'validity_guideline'?"),
        ({"between": [0.7, 0.6]}, "write [0.6, 0.7]"),
        ({"by": "average"}, "mean"),
        ({"where": "principle == 'pool'"}, "principle"),
        ({"where": "principal = 'pool'"}, "a condition as pandas' query has it"),
        ({"column": "why_nan"}, "is text, and no number"),
        ({"arm": {"without": ["nobody"]}}, "nobody"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_said(
    tmp_path: Path, change: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = asked(tmp_path, [{**FLIP, **change}], "--seeds", "1")
    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert "Traceback" not in said


def test_a_file_that_expects_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, file = asked(tmp_path, [])
    assert code == 2
    assert f"{file}" in capsys.readouterr().err


# ---- those that ship -----------------------------------------------------------------------------------------------

CLAIMED = [f for f in scenarios() if load(f, plugins=built_ins()).expect]
IN_CI = [f for f in CLAIMED if not load(f, plugins=built_ins()).world.networks]


@pytest.mark.slow
@pytest.mark.parametrize("file", IN_CI, ids=[f.stem for f in IN_CI])
def test_what_shipped_scenarios_expect_is_so(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Over five seeds; redraws for the waterfall change nothing that is claimed."""
    argv = ["expect", str(file), "--jobs", "1", "--no-local-plugins", "--set", "waterfall.redraw=[]", "--json"]
    assert main(argv) in (0, 1)
    wrong = [claim for claim in json.loads(capsys.readouterr().out) if not claim["holds"]]
    assert not wrong


def test_every_scenario_says_what_it_expects_in_numbers() -> None:
    assert scenarios() == CLAIMED
