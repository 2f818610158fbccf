"""Utilities of responses: the columns of `responses` that say what each party makes of each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from tests.analyzers.test_given_labels import VENDORS
from tests.small_world import play, play_as


def test_utilities_are_what_parties_go_by(tmp_path: Path) -> None:
    """Users' is what they value, by a score that is Φ of it; the model's is the reward model's on a leash."""
    run = play(tmp_path, {"days": 4}, measured=True)
    first, last = (run.responses[run.responses["round"] == number] for number in (0, 4))
    assert np.allclose(first.utility_users, norm.ppf(first.helpful), atol=1e-6)
    assert not np.allclose(first.utility_rm, norm.ppf(first.helpful), atol=0.1)
    assert (first.utility_lm == 0).all()  # as pretrained
    assert np.corrcoef(last.utility_rm, last.utility_lm)[0, 1] == pytest.approx(1)


def test_who_is_left_out_has_none(tmp_path: Path) -> None:
    run = play_as(VENDORS, tmp_path, {"without": ["click"]})
    assert run.responses.utility_click.isna().all()
    assert run.responses.utility_relay.notna().all()


def test_of_what_raters_compare_if_asked_for(tmp_path: Path) -> None:
    """Who marks the better of two by acme's guideline marks what acme finds better; of all else nothing changes."""
    changes = {"days": 2, "parties.pool.policy": "oracle"}
    asked, plain = (play(tmp_path, {**changes, "panel.candidates": wanted}) for wanted in (True, False))
    assert not [name for name in plain.candidates if name.startswith("utility_")]
    rows = asked.candidates
    pd.testing.assert_frame_equal(rows[plain.candidates.columns], plain.candidates, check_categorical=False)
    pd.testing.assert_frame_equal(asked.comparisons, plain.comparisons, check_categorical=False)
    worth = rows.set_index("response")
    pairs = asked.comparisons
    better = worth.utility_acme.loc[pairs.left].to_numpy() > worth.utility_acme.loc[pairs.right].to_numpy()
    assert (better == (pairs.label == 1)).all()
    first = rows["round"] == 0
    assert (rows.utility_rm[first] == 0).all()  # it had learned nothing when they were shown
    assert rows.utility_rm[~first].std() > 0.5
    other = worth.utility_rm.loc[pairs.left].to_numpy() > worth.utility_rm.loc[pairs.right].to_numpy()
    assert (other[(pairs["round"] == 1).to_numpy()] == (pairs.label[pairs["round"] == 1] == 1)).mean() > 0.9
