"""Rater policies against the closed forms of choice."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from simlab.plugins.registry import discover
from simlab.rng import uniforms

PLUGINS = discover(local=False)
Boltzmann, Mistaken = PLUGINS.get("rater", "boltzmann"), PLUGINS.get("rater", "mistaken")


def people(n):
    return SimpleNamespace(noise=np.ones(n))


def draws(n, options, key=11):
    return uniforms(key, np.arange(n)[:, None], np.arange(options + options * (options - 1) // 2)[None, :])


def test_davidson_worked_example():
    p = Boltzmann(temperature=1.0, ties=0.75).probabilities(np.array([[1.0, 0.0]]), people(1))
    assert p[0] == pytest.approx([0.5486, 0.2018, 0.2496], abs=5e-5)


@pytest.mark.parametrize(("delta", "tau", "nu"), [(1.0, 1.0, 0.0), (0.3, 0.5, 0.75), (2.0, 1.5, 2.0)])
@pytest.mark.parametrize("options", [2, 4])
def test_labels_of_pairs_and_of_rankings_follow_davidson(delta, tau, nu, options):
    """A pair has its own probabilities, alone or inside a ranking of four."""
    n = 100_000
    utilities = np.tile(np.r_[delta, np.zeros(options - 1)], (n, 1))
    label = Boltzmann(temperature=tau, ties=nu).choose(utilities, people(n), draws(n, options))[:, 0]
    left, right = np.exp(delta / tau), 1.0
    tie = nu * np.sqrt(left * right)
    expected = np.array([tie, left, right]) / (left + right + tie)
    found = np.bincount(label, minlength=3) / n
    error = np.sqrt(expected * (1 - expected) / n)
    assert np.all(np.abs(found - expected) <= 4 * error)
    wrong = np.array([0.0, left**1.1, right]) / (left**1.1 + right)
    assert not np.all(np.abs(found - wrong) <= 4 * error)


@pytest.mark.parametrize(("order", "expected"), [((0, 1, 2), 1 / 3), ((2, 1, 0), 1 / 15), ((1, 0, 2), 1 / 4)])
def test_rankings_are_plackett_luce(order, expected):
    """w = (3, 2, 1): P(123) = 1/3, P(321) = 1/15, P(213) = 2/6 · 3/4 = 1/4."""
    n = 100_000
    label = Boltzmann(temperature=1.0).choose(np.tile(np.log([3.0, 2.0, 1.0]), (n, 1)), people(n), draws(n, 3))
    place = np.argsort(order)
    wanted = [1 if place[i] < place[j] else 2 for i, j in combinations(range(3), 2)]
    found = np.all(label == wanted, axis=1).mean()
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_without_noise_the_better_one_is_always_chosen():
    utilities = np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]])
    label = Boltzmann(temperature=0.0).choose(utilities, people(3), draws(3, 2))
    assert label[:, 0].tolist() == [1, 2, 0]


def test_huge_differences_do_not_overflow():
    p = Boltzmann(temperature=1e-12, ties=1.0).probabilities(np.array([[1e6, -1e6], [3.0, 3.0]]), people(2))
    assert p[0] == pytest.approx([1, 0, 0])
    assert p[1] == pytest.approx([1 / 3, 1 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("first", "second", "agreement", "kappa"), [(0.1, 0.2, 0.74, 0.48), (0.1, 0.1, 0.82, 0.64), (0.3, 0.4, 0.54, 0.08)]
)
def test_two_flip_raters_agree_as_the_identity_says(first, second, agreement, kappa):
    """agreement = ½[1 + (1−2ε₁)(1−2ε₂)], κ = (1−2ε₁)(1−2ε₂)."""
    n = 100_000
    utilities = np.random.default_rng(3).normal(size=(n, 2))
    a = Mistaken(flip=first).choose(utilities, people(n), draws(n, 2, 1))[:, 0]
    b = Mistaken(flip=second).choose(utilities, people(n), draws(n, 2, 2))[:, 0]
    same = float(np.mean(a == b))
    error = np.sqrt(agreement * (1 - agreement) / n)
    assert abs(same - agreement) < 4 * error
    assert abs(2 * same - 1 - kappa) < 8 * error
    assert abs(same - (agreement + 0.02)) > 4 * error


def test_a_flip_rater_solves_for_its_target_agreement():
    solved = Mistaken(agreement=0.82).calibrated(np.ones((1, 1)))
    assert solved.flip == pytest.approx(0.1)


def test_coin_tossers_are_right_half_of_the_time():
    n = 50_000
    label = Mistaken(flip=0.5).choose(np.tile([5.0, 0.0], (n, 1)), people(n), draws(n, 2))[:, 0]
    assert abs(np.mean(label == 1) - 0.5) < 4 * 0.5 / np.sqrt(n)
