"""The table `learning_curve`: proxy and gold while a language model learns, which being watched does not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.small_world import play
from tests.watched_world import watched


def test_of_vectors_before_and_after(tmp_path: Path) -> None:
    """The mean moves by θ/β: the score by |θ|²/β, KL = |θ/β|²/2, and all of it by samples, too."""
    run = play(tmp_path, {"days": 3, "panel.learning_curve": {"prompts": 4000}}, measured=True)
    rows = run.learning_curve
    assert rows.iteration.tolist() == [0, 1] * 3
    assert rows["round"].tolist() == [1, 1, 2, 2, 3, 3]
    assert rows[rows["round"] == 1].kl_exact.iloc[0] == 0
    after = rows[rows.iteration == 1]
    assert after.kl_exact.to_numpy() == pytest.approx(run.policy.objective_kl.to_numpy())
    assert after.kl.to_numpy() == pytest.approx(after.kl_exact.to_numpy(), rel=0.05)
    assert after.proxy.to_numpy() == pytest.approx(run.policy.objective_scores.to_numpy(), abs=0.1)
    assert rows.utility_rm.to_numpy() == pytest.approx(rows.proxy.to_numpy())  # the shape pays the score as it is
    assert (rows.utility_lm == rows.kl).all()
    assert rows.utility_pool.isna().all()
    assert rows.utility_users.iloc[1] == pytest.approx(rows.utility_users.iloc[2])  # nothing happened in between


def test_of_what_was_not_asked_for_there_is_none(tmp_path: Path) -> None:
    assert play(tmp_path, measured=True).learning_curve.empty
    assert play(tmp_path, {"panel.learning_curve": {}}).learning_curve.empty  # nobody is asked anything


@pytest.mark.slow
def test_of_words(tmp_path: Path) -> None:
    rows = watched(tmp_path).learning_curve
    assert rows.iteration.tolist() == [0, 2, 3] * 2
    first = rows.iloc[0]
    assert first[["kl", "kl_k3", "kl_exact"]].to_numpy(float) == pytest.approx(0, abs=1e-6)
    assert (rows.kl_k3[1:] > 0).all()
    assert (rows.kl_exact[1:] > 0).all()
    assert (rows.n == 30).all()
    assert rows.utility_users[2] == rows.utility_users[3]  # the same words, before the next round's first batch
    assert rows.utility_rm[2] != rows.utility_rm[3]  # by another reward model
    assert rows.utility_users.between(0, 3).all()


@pytest.mark.slow
def test_to_be_watched_changes_nothing(tmp_path: Path) -> None:
    closely, freely = watched(tmp_path), watched(tmp_path, closely=False)
    assert freely.learning_curve.empty
    for table in ("policy", "responses", "reward_model", "comparisons"):
        pd.testing.assert_frame_equal(
            closely.tables[table].drop(columns="run"), freely.tables[table].drop(columns="run"), check_categorical=False
        )
    assert np.isfinite(closely.policy.objective_kl_k3).all()
    assert (closely.policy.objective_kl_k3 >= 0).all()
