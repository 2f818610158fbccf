"""Agreement with peers: its formula, its price, and that a common error passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.rng import Streams, uniforms
from tests.plugins.looks.work import Society, hours, look, looked_at, near, of, scores


@pytest.mark.parametrize(("first", "second"), [(0.1, 0.2), (0.2, 0.2), (0.05, 0.4)])
def test_two_people_agree_as_often_as_the_formula_says(first: float, second: float) -> None:
    """½[1 + (1 − 2ε₁)(1 − 2ε₂)]; .1 and .2 make .74."""
    work = Society([1 - first, 1 - second], 6000).work()
    found = of(work, look("peers").score(work), 0)
    assert near(found, (1 + (1 - 2 * first) * (1 - 2 * second)) / 2)
    assert not near(found, 1 - first)  # the control: what gold would say


def test_the_score_is_the_share_of_the_others_who_said_the_same() -> None:
    """By hand: of three others two agree, one is undecided and counts half; who is alone has no score."""
    work = Society([1.0] * 4, 2).work()
    work.label = np.array([1, 1, 2, 0, 2, 2, 2, 2])
    work.rows = np.array([0, 2, 3, 4])
    assert look("peers").score(work).tolist() == pytest.approx([1.5 / 3, 0.5 / 3, 0.5, 1.0])
    alone = Society([0.9], 3).work()
    assert np.isnan(look("peers").score(alone)).all()


def test_peers_are_found_among_all_that_was_delivered_and_cost_no_hours(tmp_path: Path) -> None:
    """Sampled pieces are a third; their peers' mostly are not among them, and every piece is scored."""
    run = looked_at(tmp_path, "peers")
    found, error, pieces = scores(run)
    judged = run.judgements[run.judgements.order == 2]
    assert pieces == pytest.approx(0.3 * judged.groupby("time").population.first().sum(), abs=5)
    assert abs(found - 0.68) < 4 * error
    assert hours(run, "auditing") == hours(run, "asking again") == 0
    orders = looked_at(tmp_path, "peers", measured=True).orders
    assert set(orders[orders.order == 2].look) == {"peers"}
    assert orders[orders.order == 2].hours.sum() == 0


@pytest.mark.parametrize("common", [0.2, 0.4, 0.6])
def test_what_all_get_wrong_alike_counts_as_right(common: float) -> None:
    """Four people share an error on a share of the pairs, one does not: he is right more often, and scores lower."""
    society = Society([1.0] * 5, 4000)
    task, who = society.task_and_who()
    misled = (uniforms(Streams(1).key("common"), task) < common) & (who < 4)
    work = society.work(label=np.where(misled, 3 - society.better, society.better))
    found = look("peers").score(work)
    assert near(of(work, found, 4), 1 - common)
    assert of(work, found, 0).mean() == pytest.approx((3 + of(work, found, 4).mean()) / 4)
