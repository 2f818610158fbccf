"""Every plugin that ships keeps to the contract of its kind, whatever is added to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from simlab import testing
from simlab.plugins.registry import Entry, discover

LOOK_ON = {"logger"}  # kinds that are asked nothing, and so can be held to nothing but what holds for all
TABLE = "prompt,response,content\nwho ?,nobody .,people\nwho ?,i do not know .,people\nwhere ?,there .,places\n"
GIVEN: dict[tuple[str, str], dict[str, Any]] = {("world", "records"): {"table": "exchanges.csv"}}
BUILT_IN = [entry for entry in discover(local=False).entries if entry.cls is not None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the table that a world of one's own exchanges is given."""
    (tmp_path / "exchanges.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)


def broken(entry: Entry) -> list[str]:
    """What the checks say of a plugin; each of them has something to look at."""
    found = []
    assert entry.cls is not None
    for check in testing.checks(entry.cls, **GIVEN.get((entry.kind, entry.name), {})):
        try:
            check()
        except testing.Broken as error:
            found.append(str(error))
        except SkipTest as error:
            found.append(f"{check} {error}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("entry", BUILT_IN, ids=[f"{e.kind}-{e.name}" for e in BUILT_IN])
def test_it_keeps_to_its_contract(entry: Entry) -> None:
    assert broken(entry) == []


def test_every_kind_has_a_contract_beyond_what_all_have() -> None:
    common = {check.name for check in testing.checks(BUILT_IN[0].cls) if not _of_kind(check)}  # type: ignore[arg-type]
    assert common == {"made", "documented", "sourced", "strict", "yaml", "light"}
    for entry in (e for e in BUILT_IN if e.kind not in LOOK_ON):
        assert entry.cls is not None
        own = {check.name for check in testing.checks(entry.cls)} - common
        assert own >= ({"weighed"} if entry.kind == "charter" else {"answers", "pure"}), entry.kind
        assert len(own) >= (2 if entry.kind == "charter" else 5), entry.kind


def test_every_check_says_what_it_looks_at() -> None:
    for entry in BUILT_IN:
        assert entry.cls is not None
        assert all(check.about.endswith(".") for check in testing.checks(entry.cls)), entry.kind


@pytest.mark.slow
def test_no_score_hangs_on_the_order_of_a_set(tmp_path: Path) -> None:
    """Acts are sets: in processes that hash otherwise, criteria say the same."""
    code = (
        "from simlab.plugins.registry import discover\n"
        "from simlab.testing import samples\n"
        "for entry in discover(local=False).entries:\n"
        "    if entry.kind == 'criterion':\n"
        "        seen, people = samples.exchanges(), samples.observers()\n"
        "        print(entry.name, entry.cls(**entry.cls.example).score_batch(seen, people).tolist())\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**_environment(), "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert "helpful" in said[0]


def _of_kind(check: testing.Check) -> bool:
    return check.function.__module__ != "simlab.testing.components"


def _environment() -> dict[str, Any]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
