"""The most that could be gained at a distance, where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from simlab.measures.on_policy import rung_of_directions, rung_of_samples


@pytest.mark.parametrize(("angle", "length"), [(0.0, 1.0), (0.8, 0.5), (2.0, 3.0)])
def test_directions(angle: float, length: float) -> None:
    """gain = |θ|√(2 KL)·cos: the share is the cosine, at any distance."""
    value = np.array([3.0, 0.0, 0.0])
    mean = length * np.array([np.cos(angle), np.sin(angle), 0.0])
    found = rung_of_directions(value, mean)
    assert found.kl == pytest.approx(length**2 / 2)
    assert found.best == pytest.approx(3 * np.sqrt(2 * found.kl))
    assert found.share == pytest.approx(np.cos(angle))
    assert (found.n, found.beyond) == (0, False)


def test_where_nothing_moved_there_is_no_share() -> None:
    found = rung_of_directions(np.ones(3), np.zeros(3))
    assert found.gain == found.best == found.kl == 0
    assert np.isnan(found.share)


# π_ref = (.4, .3, .2, .1) over rewards 0, 1, 2, 3 (science.md, section 4): at β, E_π*[r] = J* + β·KL.
REWARDS = np.repeat([0.0, 1.0, 2.0, 3.0], [4, 3, 2, 1])[None, :]


@pytest.mark.parametrize("beta", [2.0, 1.0, 0.5])
def test_the_optimum_under_a_leash(beta: float) -> None:
    reference, reward = np.array([0.4, 0.3, 0.2, 0.1]), np.arange(4.0)
    tilted = reference * np.exp(reward / beta)
    optimum = tilted / tilted.sum()
    if beta == 1.0:
        assert optimum == pytest.approx([0.085073, 0.173439, 0.314304, 0.427184], abs=5e-7)
    kl = float(np.sum(optimum * np.log(optimum / reference)))
    found = rung_of_samples(REWARDS, float(optimum @ reward) - 1.0, kl)
    assert found.share == pytest.approx(1, abs=1e-6)
    assert not found.beyond
    assert rung_of_samples(REWARDS, 0.5, kl).best == found.best > 0.5  # what was gained does not enter the best
    assert rung_of_samples(REWARDS, 0.5, 0.9 * kl).best < found.best  # the control: another distance, another best


@pytest.mark.parametrize("kl", [0.125, 0.5, 1.0])
def test_many_normal_responses(kl: float) -> None:
    """With n large against e^KL the sample finds √(2 KL), to the error of its quantiles."""
    n = 20_000
    prompts = np.stack([ndtri((np.arange(n) + 0.5) / n), 3 + ndtri((np.arange(n) + 0.25) / n)])
    found = rung_of_samples(prompts, 1.0, kl)
    assert found.best == pytest.approx(np.sqrt(2 * kl), rel=0.01)
    assert abs(found.best - np.sqrt(kl)) > 0.05


def test_a_sample_of_n_cannot_say_more_than_ln_n() -> None:
    reference = np.arange(8.0)[None, :] + np.zeros((5, 1))
    inside, outside = (rung_of_samples(reference, 1.0, np.log(8) + d) for d in (-0.01, 0.01))
    assert not inside.beyond
    assert inside.best == pytest.approx(3.5, abs=0.01)  # the best of eight
    assert outside.beyond
    assert np.isnan([outside.best, outside.share]).all()
    assert (outside.gain, outside.why_nan) == (1, "KL is 2.09 nats, and 8 responses to a prompt tell of 2.08 at most")
    tied = rung_of_samples(np.repeat([[0.0, 1.0]], 4, axis=1), 0.2, np.log(2) + 0.01)
    assert tied.beyond  # half of them are equally good: beyond ln 2 there is nothing to see
    assert tied.effective == pytest.approx(4)


@pytest.mark.parametrize(("kl", "enough"), [(0.5, True), (2.0, True), (3.5, False)])
def test_where_hardly_any_of_a_sample_counts_nothing_is_said(kl: float, enough: bool) -> None:
    """Of 256 normal responses moved by μ, about 256·exp(−μ²) count, KL = μ²/2; the control: nothing is asked for."""
    reference = np.random.default_rng(1).normal(size=(400, 256))
    found, free = (rung_of_samples(reference, 1.0, kl, least) for least in (10.0, 0.0))
    assert found.beyond != enough
    assert free.best == pytest.approx(np.sqrt(2 * kl), rel=0.05 if enough else 0.2)
    assert found.effective == free.effective
    if kl == 0.5:
        assert found.effective == pytest.approx(256 * np.exp(-1), rel=0.1)
    if not enough:
        assert found.effective < 10
        assert np.isnan([found.best, found.share]).all()
        assert f"rests on {found.effective:.1f} of 256 responses" in found.why_nan


def test_nothing_to_choose_from() -> None:
    found = rung_of_samples(np.ones((3, 4)), 0.0, 0.3)
    assert found.beyond
    assert np.isnan([found.best, found.share]).all()
    assert rung_of_samples(np.ones((3, 4)), 0.0, 0.0).best == 0
    assert rung_of_samples(REWARDS, -0.3, 0.0).best == 0
