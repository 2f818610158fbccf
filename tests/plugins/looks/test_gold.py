"""Golden questions: planted before they are answered, written once, and passed by those who recognise them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugins.looks.work import EFFORT, Society, hours, look, looked_at, near, of, scores
from tests.small_world import AUDIT, LEARN

FLIP, CARE = 0.1, 0.4
SLACK: dict[str, Any] = {"parties.pool.policy": {"kind": "mistaken", "flip": FLIP}}


def careless(folder: Path) -> dict[str, Any]:
    """People who look at two answers in five."""
    (folder / "slack.py").write_text(EFFORT)
    return {**SLACK, "parties.pool.effort": {"kind": "slack", "care": CARE}}


@pytest.mark.parametrize("accuracy", [0.6, 0.8, 0.95])
def test_the_score_is_agreement_with_gold(accuracy: float) -> None:
    society = Society([accuracy, 0.5], 4000)
    work = society.work(opinion=np.repeat(society.better[:, None], 1, axis=1))
    found = look("gold").score(work)
    assert near(of(work, found, 0), accuracy)
    assert not near(of(work, found, 1), accuracy)


@pytest.mark.parametrize("detectable", [0.0, 0.5, 1.0])
def test_who_recognises_gold_takes_care_of_it(detectable: float, tmp_path: Path) -> None:
    """Care of golden questions is d + (1 − d)·c, so that the score is ½ + (½ − ε)·(d + (1 − d)·c); labels at large are
    as careless as ever."""
    run = looked_at(tmp_path, {"kind": "gold", "detectable": detectable}, careless(tmp_path))
    found, error, pieces = scores(run)
    assert pieces > 800
    expected = 0.5 + (0.5 - FLIP) * (detectable + (1 - detectable) * CARE)
    assert abs(found - expected) < 4 * error
    right = run.comparisons[run.comparisons.gold != 0]
    share, planted = float((right.label == right.gold).mean()), 0.3
    at_large = 0.5 + (0.5 - FLIP) * (CARE + planted * detectable * (1 - CARE))
    assert abs(share - at_large) < 4 * 0.5 / np.sqrt(len(right))
    if detectable == 1.0:  # the control: what the score would say of people at large
        assert abs(found - share) > 8 * error


@pytest.mark.parametrize("detectable", [0.0, 0.6])
def test_auditors_recognise_gold_too(detectable: float, tmp_path: Path) -> None:
    """Golden questions among what auditors look at, who are careless and right when they do look nine times in ten."""
    (tmp_path / "slack.py").write_text(EFFORT)
    changes: dict[str, Any] = {
        "parties.aud": {
            "kind": "auditors",
            "count": 6,
            "policy": {"kind": "mistaken", "flip": FLIP},
            "effort": {"kind": "slack", "care": CARE},
        },
        "relations.4": {"principal": "aud", "agent": "pool", "every": 1, "sample": 1.0},
        "relations.5": {
            "principal": "acme",
            "agent": "aud",
            "every": 1,
            "sample": 0.5,
            "look": {"kind": "gold", "detectable": detectable},
        },
    }
    judged = looked_at(tmp_path, None, changes).judgements
    judged = judged[judged.order == 3]
    pieces = int(judged["sample"].sum())
    assert pieces > 500
    mean = float((judged.score * judged["sample"]).sum() / pieces)
    expected = 0.5 + (0.5 - FLIP) * (detectable + (1 - detectable) * CARE)
    alike = 3  # an auditor says the same of a pair however many raters are looked at for it
    assert abs(mean - expected) < 4 * 0.5 / np.sqrt(pieces / alike)
    assert abs(mean - (0.5 + (0.5 - FLIP))) > 4 * 0.5 / np.sqrt(pieces / alike)


def test_gold_is_written_once_a_question(tmp_path: Path) -> None:
    """Three people answer each; nobody is asked twice, and a third of the tasks are golden, as the sample says."""
    run = looked_at(tmp_path, "gold")
    _, _, pieces = scores(run)
    questions = hours(run, "auditing") * 3600 / 60
    assert questions == pytest.approx(pieces / 3)
    tasks = run.comparisons.task.nunique()
    assert abs(questions / tasks - 0.3) < 4 * np.sqrt(0.3 * 0.7 / tasks)


@pytest.mark.parametrize("error", [0.1, 0.3])
def test_wrong_gold_is_held_against_people(error: float, tmp_path: Path) -> None:
    run = looked_at(tmp_path, "gold", {"parties.acme.gold_error": error})
    found, bound, _ = scores(run)
    assert abs(found - (0.8 * (1 - error) + 0.2 * error)) < 4 * bound * np.sqrt(3)  # three people share a question
    assert abs(found - 0.8) > bound


def test_nobody_who_takes_care_anyway_is_changed_by_recognising_gold(tmp_path: Path) -> None:
    plain, seen = (looked_at(tmp_path, {"kind": "gold", "detectable": d}) for d in (0.0, 1.0))
    assert plain.comparisons.label.tolist() == seen.comparisons.label.tolist()


@pytest.mark.slow
def test_scores_of_recognised_gold_say_nothing_of_care(tmp_path: Path) -> None:
    """People differ in care only. Where nobody recognises gold, scores find the careless; where all do, they do not."""
    (tmp_path / "slack.py").write_text(EFFORT)
    changes: dict[str, Any] = {
        **SLACK,
        "days": 4,
        "parties.pool.count": 60,
        "parties.pool.effort": {"kind": "slack", "care": 1.0, "cost": 2.0, "cost_spread": 1.0},
        f"{LEARN}.sample": 2000,
        f"{AUDIT}.every": 2,
    }
    rho = {}
    for detectable in (0.0, 1.0):
        look_ = {"kind": "gold", "detectable": detectable}
        orders = looked_at(tmp_path, look_, changes, measured=True).orders
        rho[detectable] = orders[(orders.order == 2) & (orders.n > 0)].validity_guideline.iloc[-1]
    assert rho[0.0] > 0.5
    assert abs(rho[1.0]) < 3 / np.sqrt(60)
