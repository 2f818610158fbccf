"""What looks can be expected to find, which people reckon with, against the scores that runs of such looks give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.components.effort import WorkSituation
from simlab.components.look import ForeseenAnswer
from simlab.people.effort import situation_of
from tests.plugins.looks.work import EFFORT, look, looked_at, scores
from tests.small_world import AUDIT, LEARN, Played

LOOKS: dict[str, Any] = {
    "gold": "gold",
    "gold that is recognised": {"kind": "gold", "detectable": 0.5},
    "self_consistency": "self_consistency",
    "peers": "peers",
    "majority_vote": "majority_vote",
    "dasgupta_ghosh": "dasgupta_ghosh",
    "correlated_agreement": "correlated_agreement",
    "double_work": "double_work",
    "re_audit": "re_audit",
}
LARGE: dict[str, Any] = {f"{LEARN}.sample": 2000, f"{AUDIT}.sample": 0.6, "parties.acme.gold_error": 0.1, "days": 1}
POINTS = [(0.9, 0.1), (0.5, 0.2), (0.3, 0.0)]  # care, and errors with care


def slack(folder: Path, kind: Any, care: float, flip: float, overlap: int = 3, know: bool = True) -> Played:
    (folder / "slack.py").write_text(EFFORT, encoding="utf-8")
    changes = {
        **LARGE,
        "parties.pool.overlap": overlap,
        "parties.pool.policy": {"kind": "mistaken", "flip": flip},
        "parties.pool.effort": {"kind": "slack", "care": care, "know_judges": know},
    }
    if kind == "re_audit":
        changes |= {
            "parties.leads": {"kind": "auditors", "count": 6, "hours": 24, "policy": {"kind": "mistaken", "flip": 0.1}},
            "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.4, "look": kind,
                            "consequence": {"kind": "fire", "below": 1e-9, "min_sample": 10_000}},
            f"{AUDIT}.sample": 0.001,
        }  # fmt: skip
        changes["parties.acme.gold_error"] = 0.0
        return looked_at(folder, None, changes)
    return looked_at(folder, kind, changes)


def reckoned(run: Played) -> WorkSituation:
    return situation_of(run.context.parties["pool"], np.arange(12))


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOKS)
def test_looks_find_what_people_reckon_with(tmp_path: Path, name: str) -> None:
    """At three points of care and error; and gold, the control, would say something else of most."""
    apart = []
    for care, flip in POINTS:
        run = slack(tmp_path, LOOKS[name], care, flip)
        found, error, _ = scores(run)
        situation = reckoned(run)
        pool = run.context.parties["pool"]
        pool.quality = (pool.quality[0], np.full(len(pool.quality[0]), 1 - flip))  # not as it was measured
        expected = float(reckoned(run).observed(np.full(12, care)).mean())
        assert abs(found - expected) < 4 * error, (care, flip, found, expected)
        assert abs(float(situation.observed(np.full(12, care)).mean()) - expected) < 0.03
        plain = 0.5 + care * (0.5 - flip)
        apart.append(abs(plain * 0.9 + (1 - plain) * 0.1 - found) / error)
    assert (max(apart) > 4) == (name not in ("gold", "re_audit"))


@pytest.mark.parametrize(("others", "expected"), [(1, 0.74), (2, 0.74), (3, 0.9 * 0.896 + 0.1 * 0.104)])
def test_majorities_of_others(others: int, expected: float) -> None:
    """Of three who are right in .8 each most are in .896; of two, who may tie, as one is."""
    one = np.ones(1)
    answer = ForeseenAnswer(0.9 * one, 0.9 * one, 0 * one, 0 * one, 0.8 * one, others)
    assert look("majority_vote").expected(answer)[0] == pytest.approx(expected)


def test_agreement_on_which_experts_are_one_and_arbitration_by_hand() -> None:
    one = np.ones(1)
    answer = ForeseenAnswer(0.9 * one, 0.7 * one, 0.1 * one, 0.2 * one, 0.8 * one)
    gold = 0.9**3 / (0.9**3 + 0.1**3)
    assert look("certain_gold").expected(answer)[0] == pytest.approx(0.9 * gold + 0.1 * (1 - gold))
    disputed = 0.9 * 0.3 * (0.2 + 0.8 * 0.9) + 0.1 * 0.7 * (0.2 + 0.8 * 0.1)
    assert look("double_work").expected(answer)[0] == pytest.approx(0.9 * 0.7 + 0.1 * 0.3 + disputed)
    assert look("machine", to="rm").expected(answer)[0] == 0.9


def test_who_does_not_know_peers_takes_them_to_work_with_care(tmp_path: Path) -> None:
    run = slack(tmp_path, "peers", 0.5, 0.2, know=False)
    quality = run.context.parties["pool"].quality[1].mean()
    assert np.allclose(reckoned(run).peers, quality)
    assert np.allclose(reckoned(slack(tmp_path, "peers", 0.5, 0.2)).peers, 0.5 + 0.5 * (quality - 0.5))
