"""Correlated agreement: as Dasgupta & Ghosh's for two signals, and more for three."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.rng import Streams, uniforms
from tests.plugins.looks.work import COIN, LEFT, Society, look, looked_at, of

TASKS = 6000


@pytest.mark.parametrize("accuracy", [0.6, 0.75, 0.9])
def test_of_two_signals_it_is_dasgupta_and_ghosh(accuracy: float) -> None:
    work = Society([accuracy] * 3, 500, 0.6).work()
    np.testing.assert_allclose(look("correlated_agreement").score(work), look("dasgupta_ghosh").score(work))


@pytest.mark.parametrize("hard", [0.2, 0.4, 0.6])
def test_saying_that_a_pair_is_hard_pays_where_others_find_so(hard: float) -> None:
    """Four people mark a pair undecided when it is hard, which all see: with shares h and (1 − h)/2 on either side the
    truth is paid 1 − h² − (1 − h)²/2. Dasgupta and Ghosh, to whom undecided is half of each, pay ½(1 − h)."""
    society = Society([1.0] * 4, TASKS)
    task, _ = society.task_and_who()
    lot = uniforms(Streams(4).key("hard"), task)
    work = society.work(label=np.where(lot < hard, 0, society.better))
    paid = {name: 2 * look(name).score(work).mean() - 1 for name in ("correlated_agreement", "dasgupta_ghosh")}
    bound = 4 / np.sqrt(TASKS)
    assert abs(paid["correlated_agreement"] - (1 - hard**2 - (1 - hard) ** 2 / 2)) < bound
    assert abs(paid["dasgupta_ghosh"] - (1 - hard) / 2) < bound
    assert paid["correlated_agreement"] - paid["dasgupta_ghosh"] > bound


def test_the_truth_pays_more_than_coins_and_than_always_the_left() -> None:
    work = Society([0.85, 0.85, 0.85, COIN, LEFT], TASKS, 0.7).work()
    found = 2 * look("correlated_agreement").score(work) - 1
    careful, coin, constant = (of(work, found, person).mean() for person in (0, 3, 4))
    assert abs(coin) < 4 * 0.5 / np.sqrt(TASKS)
    assert constant == pytest.approx(0, abs=1e-9)
    assert careful > 0.1


def test_a_run_with_undecided_labels(tmp_path: Path) -> None:
    """Raters who may leave a pair undecided are scored, by all labels delivered."""
    run = looked_at(tmp_path, "correlated_agreement", {"parties.pool.policy": {"kind": "davidson", "nu": 1.0}})
    assert (run.comparisons.label == 0).mean() > 0.1
    judged = run.judgements[run.judgements.order == 2]
    assert len(judged) == 12 * 5
    assert judged.score.between(0, 1).all()
    assert judged.score.mean() > 0.5


def test_by_groups_a_turned_scale_is_no_error() -> None:
    """One of five always marks the worse side. With one Δ he is found the worst, with two as good as any."""
    society = Society([0.9] * 5, TASKS)
    label = np.where(society.task_and_who()[1] == 4, 3 - society.said(), society.said())
    work = society.work(label=label)
    one, two = (look("correlated_agreement", groups=groups).score(work) for groups in (1, 2))
    bound = 4 * 0.5 / np.sqrt(TASKS)
    assert abs(of(work, two, 4).mean() - of(work, two, 0).mean()) < bound
    assert of(work, one, 4).mean() < 0.5 - bound
