"""Putting votes together: published data, known abilities, and what theory says of pooled preferences."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.label_models import dawid_skene, glad, pooled_bradley_terry, win_shares
from simlab.rng import Streams, uniforms
from simlab.theory.published_data import anaesthetists

Long = tuple[np.ndarray, np.ndarray, np.ndarray]


def votes_for(task: np.ndarray, label: np.ndarray, classes: int) -> np.ndarray:
    """Share of the votes on each task for each class."""
    counts = np.zeros((task.max() + 1, classes))
    np.add.at(counts, (task, label), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def test_dawid_skene_on_the_anaesthetists() -> None:
    task, worker, label = anaesthetists()
    assert len(task) == 45 * 7
    fit = dawid_skene(task, worker, label, votes_for(task, label, 4))
    assert fit.log_likelihood == pytest.approx(-190.731, abs=5e-4)
    assert fit.shares == pytest.approx([0.4000, 0.4216, 0.1118, 0.0667], abs=5e-5)
    assert np.allclose(fit.posterior.sum(axis=1), 1)
    assert np.allclose(fit.confusion.sum(axis=2), 1)


def test_dawid_skene_depends_on_what_is_said() -> None:
    """The control: one vote put otherwise, and the likelihood is another."""
    task, worker, label = anaesthetists()
    label[np.flatnonzero((task == 6) & (worker == 0))[1]] = 1
    fit = dawid_skene(task, worker, label, votes_for(task, label, 4))
    assert fit.log_likelihood == pytest.approx(-192.891, abs=5e-4)


def binary_votes(rates: list[float], tasks: int) -> tuple[Long, np.ndarray]:
    """Every rater votes on every task and is right at their own rate."""
    key = Streams(3).key("crowd", *map(str, rates))
    truth = (uniforms(key, np.arange(tasks), 0) < 0.5).astype(int)
    right = uniforms(key, np.arange(tasks)[:, None], 1 + np.arange(len(rates))) < np.array(rates)
    label = np.where(right, truth[:, None], 1 - truth[:, None])
    task, worker = np.indices(label.shape)
    return (task.ravel(), worker.ravel(), label.ravel()), truth


RATES = [[0.9, 0.6, 0.6], [0.95, 0.7, 0.6], [0.8, 0.65, 0.6, 0.55]]


@pytest.mark.slow
@pytest.mark.parametrize("rates", RATES)
def test_dawid_skene_finds_who_is_reliable(rates: list[float]) -> None:
    """Error rates are recovered to sampling error from nothing but votes."""
    tasks = 20_000
    (task, worker, label), _ = binary_votes(rates, tasks)
    fit = dawid_skene(task, worker, label, votes_for(task, label, 2))
    found = fit.confusion[:, [0, 1], [0, 1]].mean(axis=1)
    assert found == pytest.approx(rates, abs=0.04)  # identified by third moments only: wider than a share's error
    assert found[0] - found[1] > 0.1  # the best rater stands out: a majority's view of them would not do


def test_smoothing_keeps_certainty_away() -> None:
    (task, worker, label), _ = binary_votes([0.9, 0.8, 0.7], 10)
    start = votes_for(task, label, 2)
    plain, smooth = (dawid_skene(task, worker, label, start, smoothing=s) for s in (0.0, 2.0))
    assert plain.posterior.max() > 0.999
    assert smooth.posterior.max() < 0.99


@pytest.mark.slow
@pytest.mark.parametrize(("abilities", "easy"), [((3.0, 1.0, 0.5), 0.3), ((2.0, 1.2, -1.0), 0.5), ((4.0, 0.2, 1.0), 0)])
def test_glad_recovers_abilities_and_easiness(abilities: tuple[float, ...], easy: float) -> None:
    """Whitehill et al.'s own generative model: P(correct) = σ(αβ). Groups of raters of the same ability."""
    tasks, each = 1500, 5
    alpha = np.repeat(abilities, each)
    beta = np.exp(easy + 0.5 * np.sin(np.arange(tasks)))
    key = Streams(5).key("glad", *map(str, abilities))
    truth = (uniforms(key, np.arange(tasks), 0) < 0.5).astype(int)
    chance = 1 / (1 + np.exp(-np.outer(beta, alpha)))
    right = uniforms(key, np.arange(tasks)[:, None], 1 + np.arange(len(alpha))) < chance
    label = np.where(right, truth[:, None], 1 - truth[:, None])
    task, worker = (c.ravel() for c in np.indices(label.shape))
    fit = glad(task, worker, label.ravel())
    found = fit.ability.reshape(-1, each).mean(axis=1)
    assert np.argsort(found).tolist() == np.argsort(abilities).tolist()
    assert (np.sign(found[np.abs(abilities) >= 0.5]) == np.sign(np.array(abilities)[np.abs(abilities) >= 0.5])).all()
    assert np.corrcoef(np.log(fit.easiness), np.log(beta))[0, 1] > 0.3
    majority = (votes_for(task, label.ravel(), 2)[:, 1] > 0.5) == truth
    said = (fit.posterior > 0.5) == truth
    assert said.mean() > majority.mean()  # what weighing by ability is for
    assert np.abs(fit.posterior - truth).mean() < 0.5 * (1 - majority.mean() + 0.5)


def pooled(orders: dict[tuple[int, ...], int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Votes on every pair by people who hold these orders of items, best first."""
    rows = [
        (i, j, float(order.index(i) < order.index(j)))
        for order, people in orders.items()
        for _ in range(people)
        for i in range(len(order))
        for j in range(i + 1, len(order))
    ]
    left, right, wins = np.array(rows).T
    return left.astype(int), right.astype(int), wins


def test_pooled_bradley_terry_ranks_by_borda_not_by_majority() -> None:
    """Siththaranjan et al.: 60 % A≻B≻C, 40 % B≻C≻A. A beats everyone, and yet B is fitted best; fitted row sums are
    those of the data."""
    left, right, wins = pooled({(0, 1, 2): 6, (1, 2, 0): 4})
    strength = pooled_bradley_terry(left, right, wins, ridge=1e-10)
    assert strength == pytest.approx([0.3119, 0.6170, -0.9288], abs=1e-4)
    fitted = 1 / (1 + np.exp(-(strength[:, None] - strength)))
    assert fitted.sum(axis=1) - 0.5 == pytest.approx([1.2, 1.4, 0.4], abs=1e-8)
    assert 2 * win_shares(left, right, wins) == pytest.approx([1.2, 1.4, 0.4])


@pytest.mark.parametrize(
    "orders",
    [{(0, 1, 2, 3): 5, (3, 2, 1, 0): 4}, {(2, 0, 1, 3): 3, (1, 3, 0, 2): 3, (0, 1, 2, 3): 1}, {(0, 1): 7, (1, 0): 2}],
)
def test_row_sums_are_kept_whoever_votes(orders: dict[tuple[int, ...], int]) -> None:
    left, right, wins = pooled(orders)
    people, items = sum(orders.values()), left.max() + 2
    strength = pooled_bradley_terry(left, right, wins, ridge=1e-10)
    fitted = (1 / (1 + np.exp(-(strength[:, None] - strength)))).sum(axis=1) - 0.5
    observed = (np.bincount(left, wins, items) + np.bincount(right, 1 - wins, items)) / people
    assert fitted == pytest.approx(observed[: len(fitted)], abs=1e-7)


def test_what_was_never_compared_is_fitted_apart() -> None:
    left, right, wins = pooled({(0, 1, 2): 6, (1, 2, 0): 4})
    alone = pooled_bradley_terry(left, right, wins)
    both = pooled_bradley_terry(np.r_[left, left + 3], np.r_[right, right + 3], np.r_[wins, 1 - wins])
    assert both[:3] == pytest.approx(alone, abs=1e-6)
    assert both[3:] == pytest.approx(-alone, abs=1e-6)


def test_a_pair_everybody_agrees_on_stays_finite() -> None:
    strength = pooled_bradley_terry(np.zeros(5, dtype=int), np.ones(5, dtype=int), np.ones(5))
    assert np.isfinite(strength).all()
    assert 1 / (1 + np.exp(-(strength[0] - strength[1]))) > 0.999
    with pytest.raises(ValueError, match="ridge"):
        pooled_bradley_terry(np.zeros(1, dtype=int), np.ones(1, dtype=int), np.ones(1), ridge=0)
