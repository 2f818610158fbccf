"""Random re-audit: two different auditors, how much less noise, and that auditors have peers then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugins.looks.work import Society, look, looked_at, near
from tests.small_world import AUDIT, Played, play

PIECES = 20_000


@pytest.mark.parametrize(("person", "auditor"), [(0.8, 0.8), (0.6, 0.9), (0.95, 0.7)])
def test_a_second_opinion_takes_half_an_auditors_own_variance_away(person: float, auditor: float) -> None:
    """Mean p = ab + (1 − a)(1 − b) with either; variance p(1 − p) with one and b(1 − b)/2 less with two."""
    society = Society([person], PIECES)
    opinion = np.full((PIECES, 2), -1)
    opinion[:, 0] = society.by(auditor, "first")
    one = look("re_audit", share=0.0).score(society.work(opinion=opinion))
    opinion[:, 1] = society.by(auditor, "second")
    two = look("re_audit", share=1.0).score(society.work(opinion=opinion))
    p = person * auditor + (1 - person) * (1 - auditor)
    assert near(one, p)
    assert near(two, p)
    less = auditor * (1 - auditor) / 2
    bound = 4 * 0.5 / np.sqrt(PIECES)  # a variance of numbers in [0, 1] errs by at most half its root
    assert abs(one.var() - p * (1 - p)) < bound
    assert abs(two.var() - (p * (1 - p) - less)) < bound
    assert one.var() - two.var() > bound  # the control


def audited(folder: Path, **changes: Any) -> Played:
    """Raters who are looked at by eight auditors, who in turn answer to acme."""
    said: dict[str, Any] = {
        "days": 5,
        "parties.aud": {"kind": "auditors", "count": 8, "policy": {"kind": "mistaken", "flip": 0.1}},
        f"{AUDIT}.principal": "aud",
        f"{AUDIT}.look": {"kind": "re_audit", "share": 0.4},
        "relations.4": {"principal": "acme", "agent": "aud", "every": 1, "sample": 1.0},
        "relations.5": {"principal": "acme", "agent": "pool", "every": 5, "sample": 1},
    }
    return play(folder, {**said, **changes})


def test_a_share_is_looked_at_twice_by_different_auditors(tmp_path: Path) -> None:
    run = audited(tmp_path)
    looks = run.comparisons[run.comparisons.principal == "aud"]
    each = looks.groupby("task").worker.agg(["size", "nunique"])
    assert (each["size"] == each["nunique"]).all()
    assert set(each["size"]) == {1, 2}
    assert abs((each["size"] == 2).mean() - 0.4) < 4 * np.sqrt(0.4 * 0.6 / len(each))
    labor = run.labor[run.labor.party == "aud"]
    assert labor.hours.sum() == pytest.approx(looks.duration.sum() / 3600)
    plain = audited(tmp_path, **{f"{AUDIT}.look": None})
    once = plain.comparisons[plain.comparisons.principal == "aud"]
    first = looks.drop_duplicates("task")
    assert len(first) == len(once)


def test_auditors_have_peers_then(tmp_path: Path) -> None:
    """Of auditors who are right nine times in ten, two agree with chance .82; of who looked alone nothing is said."""
    run = audited(tmp_path, **{"relations.4.look": "peers"})
    judged = run.judgements[(run.judgements.order == 3)]
    pieces = int(judged["sample"].sum())
    twice = run.comparisons[run.comparisons.principal == "aud"].groupby("task").size()
    late = run.comparisons[run.comparisons.principal == "aud"].time.max()
    assert 0 < pieces <= 2 * (twice == 2).sum()
    assert late > 0
    mean = (judged.score * judged["sample"]).sum() / pieces
    assert abs(mean - 0.82) < 4 * 0.5 / np.sqrt(pieces / 2)
    assert set(judged.look) == {"peers"}


def test_a_firms_staff_can_look_twice_too(tmp_path: Path) -> None:
    """Of wrong gold, another hand is wrong by itself: the mean of two is neither."""
    run = looked_at(
        tmp_path, {"kind": "re_audit", "share": 1.0}, {"parties.acme.gold_error": 0.3, "parties.pool.overlap": 1}
    )
    judged = run.judgements[run.judgements.order == 2]
    pieces = judged["sample"].sum()
    mean = (judged.score * judged["sample"]).sum() / pieces
    assert abs(mean - (0.8 * 0.7 + 0.2 * 0.3)) < 4 * 0.5 / np.sqrt(pieces)
    halves = judged.score * judged["sample"] * 2
    np.testing.assert_allclose(halves, halves.round(), atol=1e-9)
    assert (halves.round() % 2 == 1).any()
