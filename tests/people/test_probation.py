"""Probation at every order: beginners among auditors, whoever judges them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.small_world import HIERARCHY, Played, play_as

DAYS = 3.5  # looks at auditors begin a day after those at raters, and take time
FAIL: dict[str, Any] = {"days": DAYS, "review": {"kind": "threshold", "below": 1.0, "min_sample": 1}}
PEOPLE: dict[str, Any] = {"policy": {"kind": "mistaken", "flip": 0.3}, "count": 10, "wage": 20}
DEEP: dict[str, Any] = {
    **HIERARCHY,
    "days": 6,
    "parties": {
        **HIERARCHY["parties"],
        "pool": {"kind": "raters", **PEOPLE},
        "leads": {"kind": "auditors", **PEOPLE},
        "managers": {"kind": "auditors", **PEOPLE},
    },
    "relations": [
        HIERARCHY["relations"][0],
        {"principal": "acme", "agent": "pool", "every": 1, "sample": 0.01, "consequence": "hire"},
        {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.6},
        {"principal": "managers", "agent": "leads", "every": 1, "sample": 0.6, "consequence": "hire"},
        {"principal": "acme", "agent": "managers", "every": 1, "sample": 0.6, "consequence": "hire"},
        {**HIERARCHY["relations"][2], "sample": 1000},
        HIERARCHY["relations"][3],
    ],
}  # leads are judged by other auditors, managers by the firm that employs them all


def failed(run: Played, name: str) -> Any:
    """Spells of people of a pool that ended by a failed probation."""
    left = run.employment.dropna(subset="ended")
    return left[left.worker.str.startswith(f"{name}:") & left.reason.str.startswith("failed probation")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "below"), [("leads", 0.55), ("managers", 0.7)])
def test_beginners_are_held_to_more_at_every_order(name: str, below: float, tmp_path: Path) -> None:
    """Only they, only in their first days, and for what their judge has found; the rest stay whatever they do."""
    strict = {"days": DAYS, "review": {"kind": "threshold", "below": below, "min_sample": 5}}
    run = play_as(DEEP, tmp_path, {f"parties.{name}.probation": strict}, measured=False)
    gone = failed(run, name)
    assert len(gone) > 2
    assert ((gone.ended - gone.hired) <= DAYS).all()
    others = [other for other in ("pool", "leads", "managers") if other != name]
    assert not sum(len(failed(run, other)) for other in others)
    looked = run.judgements[run.judgements.agent.str.startswith(f"{name}:")]
    later = looked.merge(run.employment, left_on="agent", right_on="worker")
    assert (later.score[later.time - later.hired > DAYS] < below).any()


@pytest.mark.slow
def test_a_probation_nobody_passes_is_a_spell_of_one_look(tmp_path: Path) -> None:
    """The control of its length: leads hired on the day of a look and dismissed at the next."""
    run = play_as(DEEP, tmp_path, {"parties.leads.probation": FAIL}, measured=False)
    assert len(failed(run, "leads")) >= 20
    assert not run.employment[run.employment.worker.str.startswith("pool:")].ended.notna().any()
