"""PPO's critic in runs: it begins as the reward model, and is carried from look to look; scores are told unclipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.engine.jobs import Store
from tests.small_world import FIRST, HURRIED

torch = pytest.importorskip("torch")
LEARNER = "relations.3.consequence.learner="


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("jobs"))


def policy(folder: Path, store: Store, learner: str) -> pd.DataFrame:
    """The table `policy` of a run of two looks, all else being the same."""
    said = [
        *HURRIED,
        "relations.3.sample=128",
        "waterfall.redraw=[]",
        f"{LEARNER}{{kind: ppo, iterations: 2{learner}}}",
    ]
    return simlab.run(FIRST, small=True, overrides=said, out=folder, store=store, local=False).policy


@pytest.mark.slow
def test_values_begin_as_the_reward_model_and_are_carried_over(store: Store, tmp_path: Path) -> None:
    usual = policy(tmp_path / "usual", store, "").val_explained_variance
    zero = policy(tmp_path / "zero", store, ", critic: zero, carry: false").val_explained_variance
    carried = policy(tmp_path / "carried", store, ", critic: zero").val_explained_variance
    assert usual.iloc[0] > 0.1 > abs(zero.iloc[0])
    assert abs(zero.iloc[2]) < 1e-6 < abs(carried.iloc[2])  # the first batch of the second look


@pytest.mark.slow
def test_scores_are_those_of_the_reward_model_whatever_the_learner_clips(store: Store, tmp_path: Path) -> None:
    first, clipped = (
        policy(tmp_path / name, store, said).iloc[0] for name, said in (("a", ""), ("b", ", score_clip: 0.01"))
    )
    names = [f"objective_scores{end}" for end in ("", "_std", "_min", "_max")]
    assert np.array_equal(first[names], clipped[names])
    assert clipped.objective_scores_max > 0.1
    assert clipped.objective_scores_clipped > 0.9 > 0.1 > first.objective_scores_clipped
