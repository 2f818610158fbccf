"""The table `best_of`: what it says of normal responses is what theory says, and of words what can be counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from tests.small_world import Played, play
from tests.watched_world import watched

MISLED: dict[str, Any] = {  # users want one thing, acme another besides
    "parties.acme.guideline.operative": {"helpful": 1, "brand": 1},
    "relations.2.sample": 2000,
    "panel.best_of": {"samples": 512, "prompts": 200, "n": [1, 2, 16, 128, 512]},
}


def expected_maximum(n: int) -> float:
    """e_n, the mean of the highest of n standard normal numbers."""
    return float(quad(lambda x: x * n * norm.pdf(x) * norm.cdf(x) ** (n - 1), -10, 10, limit=200)[0])


@pytest.fixture(scope="module")
def misled(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("misled"), MISLED, measured=True)


@pytest.mark.parametrize("n", [2, 16, 128, 512])
def test_gold_is_as_far_as_the_proxy_points_to_it(misled: Played, n: int) -> None:
    """ρ·|θ|·e_n for whoever has values θ at an angle of which ρ is the cosine; the control: e_n for everybody."""
    parties: Any = misled.context.parties
    direction = parties["rm"].backend.direction
    rows = misled.best_of[misled.best_of.n == n].set_index("party")
    assert set(rows.index) == {"users", "acme"}
    for party, row in rows.iterrows():
        value = parties[party].standard().vector
        rho = value @ direction / np.linalg.norm(value) / np.linalg.norm(direction)
        predicted = rho * np.linalg.norm(value) * expected_maximum(n)
        error = (row.high - row.low) / (2 * 1.96)
        assert abs(row.gain - predicted) < 4 * error
        assert rho < 0.95 or party == "acme"
        if party == "users":
            assert abs(row.gain - predicted / rho) > 4 * error
    assert rows.proxy.iloc[0] == pytest.approx(expected_maximum(n), rel=0.1)


def test_its_divergence_is_the_bound_where_no_two_responses_are_alike(misled: Played) -> None:
    rows = misled.best_of
    assert set(rows["round"]) == {1}  # before, the reward model had learned nothing
    assert rows.kl_bound.to_numpy() == pytest.approx(np.log(rows.n) - 1 + 1 / rows.n)
    assert (rows.kl <= rows.kl_bound + 1e-9).all()
    assert rows.kl.to_numpy() == pytest.approx(rows.kl_bound.to_numpy(), abs=0.05)  # of n = N, by what N can say
    one = rows[rows.n == 1]
    assert (one.kl == 0).all()
    assert one[["gain", "low", "high"]].to_numpy() == pytest.approx(0, abs=1e-9)


def test_of_what_was_not_asked_for_there_is_none(tmp_path: Path) -> None:
    assert play(tmp_path, measured=True).best_of.empty
    assert play(tmp_path, {"panel.best_of": {"samples": 8}}).best_of.empty  # nobody is asked anything


def test_the_mean_of_an_ensemble_picks_for_it(tmp_path: Path) -> None:
    """By the shape's pay: of members that are one and the same, the mean of their scores is the score."""
    asked = {"panel.best_of": {"samples": 16, "prompts": 20}}
    one = play(tmp_path, asked, measured=True).best_of
    changes = {**asked, "parties.rm.members": 3, "relations.3.consequence": {"kind": "gradient"}}
    several = play(tmp_path, {**changes, "relations.3.consequence.shape": {"kind": "ensemble_mean"}}, measured=True)
    assert set(one["shape"]) == {"plain"}
    assert set(several.best_of["shape"]) == {"ensemble_mean"}
    pair = [rows[rows.party == "users"].set_index("n").gain for rows in (one, several.best_of)]
    assert pair[0].to_numpy() == pytest.approx(pair[1].to_numpy(), abs=0.15)
    assert not np.allclose(pair[0][1:], pair[1][1:])


@pytest.mark.slow
def test_of_words(tmp_path: Path) -> None:
    """Responses said twice are one outcome, so KL is below its bound; what is there now is told from what was."""
    rows = watched(tmp_path).best_of
    assert set(rows.source) == {"reference", "current"}
    assert set(rows["round"]) == {1, 2}  # before, no reward model had learned
    assert sorted(set(rows.n)) == [1, 2, 4, 8, 16, 32]
    more = rows[rows.n > 1]
    assert (more.kl < more.kl_bound).all()
    for _, curve in rows.groupby(["round", "source", "party"]):
        assert curve.proxy.is_monotonic_increasing
    first = rows[(rows.source == "reference") & (rows.n == 1) & (rows.party == "users")]
    assert first.gold.nunique() == 1  # the same responses in every round
    assert first.proxy.nunique() == 2  # by another reward model
