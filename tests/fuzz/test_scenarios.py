"""A slice of the mutated scenarios; thousands by hand, with `python -m tests.fuzz.scenarios --count 4000 --seed 1`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.scenarios import complaint, fuzz, mutant


@pytest.mark.slow
def test_whatever_a_scenario_says_it_is_run_or_refused_with_a_sentence() -> None:
    found = fuzz(60, seed=10, aloud=30, run=10)
    assert found.wrong == []
    assert found.outcomes["refused"] > 20
    assert found.outcomes["accepted"] + found.outcomes["run, exit code 0"] > 3


def test_a_mutant_follows_from_seed_and_number(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    made = [mutant(3, number, tmp_path / "one") for number in range(20)]
    again = [mutant(3, number, tmp_path / "other") for number in range(20)]
    assert [m.arguments[1:] for m in made] == [m.arguments[1:] for m in again]
    assert [m.file.read_bytes() for m in made] == [m.file.read_bytes() for m in again]


def test_what_counts_as_wrong() -> None:
    assert complaint(0, "") == complaint(2, "a.yaml:3: days: -1 should be greater than 0") == ""
    assert complaint(1, "failed")
    assert complaint(2, "Sorry, this is a bug in simlab")
    assert complaint(2, "\n".join(["x"] * 41))
