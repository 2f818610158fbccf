"""Gold on which experts agree: how seldom it is wrong, which questions count, and what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.rng import Streams, normals
from tests.plugins.looks.work import Society, hours, look, looked_at, scores

TASKS = 60_000


def unanimous(error: float, experts: int) -> float:
    """How often gold is wrong on which so many agree who err so often each: Bayes."""
    return error**experts / (error**experts + (1 - error) ** experts)


@pytest.mark.parametrize(("error", "experts"), [(0.1, 2), (0.2, 2), (0.3, 3), (0.2, 1)])
def test_gold_on_which_experts_agree_is_wrong_as_seldom_as_bayes_says(error: float, experts: int) -> None:
    """Somebody who is always right is marked wrong as often as gold is."""
    society = Society([1.0], TASKS)
    opinion = np.stack([society.by(1 - error, f"expert {e}") for e in range(9)], axis=1)
    found = look("certain_gold", experts=experts, lowest=0, highest=1).score(society.work(opinion=opinion))
    known = found[~np.isnan(found)]
    wrong, expected = 1 - known.mean(), unanimous(error, experts)
    assert abs(wrong - expected) < 4 * np.sqrt(expected * (1 - expected) / len(known))
    agreed = (1 - error) ** experts + error**experts
    assert abs(len(known) / TASKS - agreed) < 4 * 0.5 / np.sqrt(TASKS)
    if experts > 1:  # the control: one expert's gold
        assert abs(wrong - error) > 8 * np.sqrt(expected * (1 - expected) / len(known))


@pytest.mark.parametrize(("lowest", "highest"), [(0.5, 0.9), (0.0, 0.5), (0.3, 1.0)])
@pytest.mark.parametrize("experts", [1, 3])
def test_only_questions_count_that_are_neither_close_nor_easy(lowest: float, highest: float, experts: int) -> None:
    society = Society([0.9], 1000)
    difference = normals(Streams(3).key("difference"), np.arange(1000))
    work = society.work(difference=difference, opinion=np.repeat(society.better[:, None], 9, axis=1))
    chosen = look("certain_gold", experts=experts, lowest=lowest, highest=highest)
    counted = ~np.isnan(chosen.score(work))
    size = np.abs(difference)
    low, high = np.quantile(size, [lowest, highest])
    assert counted.tolist() == ((size >= low) & (size <= high)).tolist()
    wanted = chosen.wanted(work)
    assert wanted.mean() == pytest.approx(chosen.foreseen(), abs=0.01)


def test_every_expert_is_paid(tmp_path: Path) -> None:
    """Close and easy questions take one look, the others three; a run costs what was foreseen."""
    kind = {"kind": "certain_gold", "experts": 3}
    run, plain = looked_at(tmp_path, kind), looked_at(tmp_path, "gold")
    cost = hours(run, "auditing") / hours(plain, "auditing")
    assert cost == pytest.approx(1 + 0.4 * 2, abs=0.03)
    assert scores(run)[2] < scores(plain)[2]
