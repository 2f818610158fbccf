"""What becomes of overlapping rankings before a reward model learns them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.arrays import Array
from simlab.components.aggregator import Aggregator, Votes
from simlab.errors import PluginFailed
from simlab.machines.label_merging import NOBODY, merged, votes_of
from simlab.rankings import Rankings
from tests.small_world import LEARN, Played, play, replications

SHARED = {
    "parties.pool": {"kind": "raters", "count": 6, "overlap": 3, "policy": {"kind": "mistaken", "flip": 0.2}},
    f"{LEARN}.sample": 300,
}


def learns(name: str, **more: Any) -> dict[str, Any]:
    return {**SHARED, f"{LEARN}.consequence": {"kind": "gradient", "aggregator": name}, **more}


def shown(run: Played) -> Rankings:
    """Everything the reward model was ever shown."""
    return Rankings.together(run.context.parties["rm"].memory)


def test_without_an_aggregator_every_label_counts(tmp_path: Path) -> None:
    run = play(tmp_path, learns("none"))
    told = run.context.parties["rm"]
    assert run.reward_model.pairs.item() == (~shown(run).held_out).sum() > 600
    default = play(tmp_path, SHARED)
    np.testing.assert_array_equal(default.context.parties["rm"].backend.direction, told.backend.direction)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["majority", "dawid_skene", "glad", "pooled_bt", "borda", "copeland"])
def test_rankings_of_one_task_become_one(name: str, tmp_path: Path) -> None:
    run = play(tmp_path, learns(name))
    rankings = shown(run)
    tasks = len(np.unique(rankings.task))
    assert len(rankings) == 3 * tasks
    held = len(np.unique(rankings.task[rankings.held_out]))
    assert run.reward_model.pairs.item() == tasks - held
    one, chances = merged(rankings, run.context.relations[2].consequences[0].spec.aggregator)
    assert (one.worker == NOBODY).all()
    assert chances.shape == one.label.shape == (tasks, 1)
    assert one.seconds.sum() == pytest.approx(rankings.seconds.sum())
    alike = rankings.label.reshape(tasks, 3) if (np.diff(rankings.task) >= 0).all() else None
    if alike is not None:
        agreed = (alike == alike[:, :1]).all(axis=1)
        assert agreed.any()
        assert (one.label[agreed, 0] == alike[agreed, 0]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("overlap", "flip", "right"), [(3, 0.2, 0.896), (5, 0.2, 0.94208), (3, 0.3, 0.784)])
def test_majorities_of_a_run_are_right_as_often_as_they_should(
    overlap: int, flip: float, right: float, tmp_path: Path
) -> None:
    changes = learns("majority", **{"parties.pool.overlap": overlap, "parties.pool.policy.flip": flip})
    hits: list[np.ndarray] = []
    for run in replications(tmp_path, changes, range(20)):
        one, _ = merged(shown(run), run.context.relations[2].consequences[0].spec.aggregator)
        hits.append((one.label == one.gold).ravel())
    share, error = np.mean(np.concatenate(hits)), np.sqrt(right * (1 - right) / sum(map(len, hits)))
    assert abs(share - right) < 4 * error
    assert abs(share - (1 - flip)) > 4 * error  # not as often as one rater alone
    assert 4 * error < 0.03


def test_a_majority_in_several_responses_at_once(tmp_path: Path) -> None:
    """Rankings of four: six pairs a task, and every aggregator that orders them leaves no circle."""
    run = play(tmp_path, learns("borda", **{"parties.pool.ranking": 4}))
    one, chances = merged(shown(run), run.context.relations[2].consequences[0].spec.aggregator)
    assert chances.shape[1] == 6
    wins = np.zeros((len(one), 4))
    for column, (i, j) in enumerate(((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))):
        wins[:, i] += chances[:, column]
        wins[:, j] += 1 - chances[:, column]
    decided = (chances != 0.5).all(axis=1)
    assert decided.any()
    assert (np.sort(wins[decided], axis=1) == [0, 1, 2, 3]).all()


def test_people_of_different_pools_are_told_apart(tmp_path: Path) -> None:
    changes = {
        **learns("dawid_skene"),
        "parties.crowd": SHARED["parties.pool"],
        "relations.4": {"principal": "acme", "agent": "crowd", "every": 1, "sample": 0.2},
        "relations.5": {"principal": "crowd", "agent": "rm", "every": 1, "sample": 90, "consequence": "gradient"},
    }
    votes = votes_of(shown(play(tmp_path, changes)))
    assert len(np.unique(votes.worker)) == 12


class Odd(Aggregator):
    """Says nonsense."""

    name = "odd"
    said: float = 2.0

    def aggregate(self, votes: Votes) -> Array:
        if self.said < 0:
            raise RuntimeError("no idea")
        return np.full(len(votes.by_task()[0]), self.said)


@pytest.mark.parametrize(("said", "what"), [(2.0, "must give a probability"), (float("nan"), "must"), (-1, "no idea")])
def test_an_aggregator_that_fails_is_named(said: float, what: str, tmp_path: Path) -> None:
    rankings = shown(play(tmp_path, SHARED))
    with pytest.raises(PluginFailed, match=f"'odd'.*{what}"):
        merged(rankings, Odd.model_construct(said=said))
