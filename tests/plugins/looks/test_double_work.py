"""Double work with arbitration: what is found, what passes, and what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.plugins.looks.work import Society, hours, look, looked_at, near, scores


def expected(first: float, second: float, error: float) -> float:
    """The expected score of somebody right with chance `first` when somebody right with chance `second` does it again,
    and a principal that is wrong with this chance decides."""
    both, neither = first * second, (1 - first) * (1 - second)
    return both + neither + first * (1 - second) * (1 - error) + (1 - first) * second * error


@pytest.mark.parametrize(("first", "second", "error"), [(0.8, 0.8, 0.0), (0.7, 0.9, 0.1), (0.95, 0.6, 0.3)])
def test_the_score_is_what_the_formula_says(first: float, second: float, error: float) -> None:
    society = Society([first], 12_000)
    opinion = society.by(1 - error, "arbiter")[:, None]
    work = society.work(again=society.by(second, "second"), opinion=opinion)
    plugin = look("double_work")
    disputed = first * (1 - second) + (1 - first) * second
    assert near(plugin.wanted(work).astype(float), disputed)
    found = plugin.score(work)
    assert near(found, expected(first, second, error))
    assert not near(found, first * (1 - error) + (1 - first) * error)  # the control: gold of every piece


def test_undecided_answers_are_no_disagreement_and_half_right() -> None:
    work = Society([1.0], 4).work()
    work.label, work.again = np.array([0, 1, 1, 2]), np.array([1, 0, -1, 2])
    assert look("double_work").wanted(work).tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(look("double_work").score(work), [0.5, 0.5, np.nan, 1.0])


def test_a_run_pays_the_second_person_and_the_arbiter(tmp_path: Path) -> None:
    """Of pieces by people who are wrong one time in five, 32 % go to acme's staff, at a minute each (once a question);
    every one takes a second person's time, who is somebody else."""
    run = looked_at(tmp_path, "double_work", {"parties.pool.overlap": 1})
    found, error, pieces = scores(run)
    assert abs(found - expected(0.8, 0.8, 0.0)) < 4 * error
    assert abs(hours(run, "auditing") * 60 / pieces - 0.32) < 4 * error
    mean = float(run.comparisons.duration.mean())
    assert hours(run, "asking again") * 3600 / pieces == pytest.approx(mean, rel=4 / np.sqrt(pieces))
    sure = looked_at(tmp_path, "double_work", {"parties.pool.policy": "oracle"})
    assert scores(sure)[0] == 1.0
    assert hours(sure, "auditing") == 0
