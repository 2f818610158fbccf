"""Looks in scenario files: in short and in full, in the canonical form, and in what is foreseen of costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simlab.scenario import Scenario, load
from simlab.scenario.budget import AGAIN, AUDITING, Budget
from simlab.scenario.description import describe
from tests.plugins.looks.work import hours, looked_at
from tests.small_world import AUDIT, built_ins, written


def read(folder: Path, look: Any, **changes: Any) -> Scenario:
    """The small hierarchy with a look."""
    said = {"parties.pool.overlap": 3, f"{AUDIT}.look": look, **changes}
    return load(written(folder / "scenario.yaml", said), plugins=built_ins())


def test_a_name_is_short_for_a_look_of_that_kind(tmp_path: Path) -> None:
    short, full = (read(tmp_path, look) for look in ("gold", {"kind": "gold", "detectable": 0.0}))
    assert short.canonical() == full.canonical()
    assert short.canonical()["relations"][1]["look"] == {"kind": "gold", "detectable": 0.0}
    assert ("look", "gold") in short.plugins_used()


def test_who_looks_as_ever_is_the_scenario_it_was(tmp_path: Path) -> None:
    """A scenario that names no look has the hash it had before there were any."""
    plain, none = load(written(tmp_path / "a.yaml"), plugins=built_ins()), read(tmp_path, None)
    assert all("look" not in relation for relation in none.canonical()["relations"])
    assert plain.hash({}) == read(tmp_path, None, **{"parties.pool.overlap": 1}).hash({})
    assert plain.hash({}) != read(tmp_path, "self_consistency", **{"parties.pool.overlap": 1}).hash({})


def test_a_description_says_how_a_principal_looks(tmp_path: Path) -> None:
    told = describe(read(tmp_path, {"kind": "machine", "to": "rm"}), tmp_path / "scenario.yaml")
    assert "by machine (to rm): agreement with the side that a machine finds better" in told


@pytest.mark.parametrize(
    ("look", "auditing", "again"),
    [("gold", True, False), ("peers", False, False), ("self_consistency", False, True), ("double_work", True, True),
     ("re_audit", True, False), ("certain_gold", True, False)],
)  # fmt: skip
def test_what_a_look_takes_is_foreseen(look: str, auditing: bool, again: bool, tmp_path: Path) -> None:
    """Hours of acme's staff, and of people asked again, within a seventh of what a run takes; peers cost none."""
    changes = {"parties.pool.policy": {"kind": "mistaken", "flip": 1 / 7}, "parties.pool.seconds_spread": 0.0}
    run = looked_at(tmp_path, look, changes)
    items = [
        i for i in Budget(run.context.scenario).items() if i.relation is not None and i.relation.principal == "acme"
    ]
    foreseen = {what: sum(i.hours for i in items if i.what == what) for what in (AUDITING, AGAIN)}
    for what, some in ((AUDITING, auditing), (AGAIN, again)):
        assert (foreseen[what] > 0) == some
        assert foreseen[what] == pytest.approx(hours(run, what), rel=1 / 7)
