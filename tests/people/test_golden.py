"""Golden questions: drawn by task before anybody answers, recognised by person, and there to be seen by policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.parties.raters import Raters
from simlab.people.effort import situation_of
from simlab.people.golden import is_golden, recognised
from tests.plugins.looks.work import looked_at, scores
from tests.small_world import AUDIT, Played, play

TASKS = np.arange(4000)
GAMER = '''"""Somebody who takes care of golden questions only."""
import numpy as np
import simlab


class Gamer(simlab.RaterPolicy):
    """Right about what it recognises as gold; a coin for the rest."""

    name = "gamer"

    def choose(self, utilities, cohort, draws, scene=None):
        gold = None if scene is None else scene.see("gold")
        careful = np.zeros(len(utilities)) if gold is None else gold
        right = np.where(utilities[:, :1] > utilities[:, 1:2], 1, 2)
        coin = np.where(draws[:, 2:3] < 0.5, 1, 2)
        return np.where(careful[:, None] > 0, right, coin)
'''


def pool_of(run: Played) -> Raters:
    """The raters of a run that is over."""
    return run.context.party("pool", Raters)


@pytest.mark.parametrize("detectable", [0.3, 0.7, 1.0])
def test_people_recognise_only_what_is_golden_and_as_often_as_it_is_detectable(
    detectable: float, tmp_path: Path
) -> None:
    run = looked_at(tmp_path, {"kind": "gold", "detectable": detectable}, {"days": 1})
    pool = pool_of(run)
    draw = pool.task_draws(TASKS)
    golden = is_golden(run.context, "acme", "pool", 0.3, draw)
    assert abs(golden.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / len(TASKS))
    seen = recognised(pool, np.full(len(TASKS), 3), TASKS)
    assert seen is not None
    assert not (seen & ~golden).any()
    share = seen[golden].mean()
    assert abs(share - detectable) <= 4 * np.sqrt(detectable * (1 - detectable) / golden.sum())
    other = recognised(pool, np.full(len(TASKS), 4), TASKS)
    assert other is not None
    assert (other != seen).any() == (detectable < 1)
    assert recognised(pool_of(looked_at(tmp_path, "gold", {"days": 1})), TASKS * 0, TASKS) is None
    assert recognised(pool_of(play(tmp_path)), TASKS * 0, TASKS) is None


@pytest.mark.parametrize("detectable", [0.0, 0.5, 1.0])
def test_a_policy_that_sees_gold_passes_the_look_and_does_nothing_else(detectable: float, tmp_path: Path) -> None:
    """The score is ½ + d/2; labels at large are right with chance ½ + share·d/2."""
    (tmp_path / "gamer.py").write_text(GAMER)
    run = looked_at(tmp_path, {"kind": "gold", "detectable": detectable}, {"parties.pool.policy": "gamer"})
    found, error, _ = scores(run)
    assert abs(found - (1 + detectable) / 2) <= 4 * error * np.sqrt(3)
    right = (run.comparisons.label == run.comparisons.gold).mean()
    assert abs(right - (1 + 0.3 * detectable) / 2) < 4 * 0.5 / np.sqrt(len(run.comparisons))


@pytest.mark.parametrize("detectable", [0.0, 0.4, 0.9])
def test_people_reckon_with_what_they_recognise(detectable: float, tmp_path: Path) -> None:
    """A careless answer to a recognised question is a careful one, so that the chance to be found right at care c is
    that of care d + (1 − d)·c; who recognises more has less of a reason to take care."""
    care: dict[str, Any] = {"parties.pool.effort": {"kind": "no_shirking", "cost": 5.0}}
    rule = {"kind": "fire", "below": 0.6, "min_sample": 5}
    changes = {**care, f"{AUDIT}.consequence": rule, "days": 1}
    pool = pool_of(looked_at(tmp_path, {"kind": "gold", "detectable": detectable}, changes))
    work = situation_of(pool, np.flatnonzero(pool.cohort.employed))
    blind = situation_of(pool_of(looked_at(tmp_path, "gold", changes)), np.flatnonzero(pool.cohort.employed))
    for taken in (0.0, 0.3, 1.0):
        c = np.full(len(work), taken)
        shown = detectable + (1 - detectable) * c
        np.testing.assert_allclose(work.observed(c), blind.observed(shown))
    zero = np.zeros(len(work))
    assert (work.observed(zero) > blind.observed(zero)).all() == (detectable > 0)
