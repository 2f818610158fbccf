"""Losses against published numbers, and reward models that must recover a known preference."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simlab.nets.pairwise import pair_differences
from simlab.nets.preference import (
    RewardModel,
    accuracy,
    bradley_terry_loss,
    fit,
    fit_linear,
)
from simlab.nets.replay import passes_over
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer, from_arrays, to_arrays
from tests.nets.conftest import END

Tokens = NDArray[np.int64]
K = 4
PAIRS = np.array(list(combinations(range(K), 2)))


def _loss(delta: float, label: int, **options: Any) -> float:
    return float(bradley_terry_loss(torch.tensor([delta]), torch.tensor([label]), **options))


@pytest.mark.parametrize("delta", [-2.0, 0.3, 1.0])
def test_bradley_terry_is_the_logistic_loss(delta: float) -> None:
    assert _loss(delta, 1) == pytest.approx(np.log1p(np.exp(-delta)), abs=1e-6)
    assert _loss(delta, 2) == pytest.approx(np.log1p(np.exp(delta)), abs=1e-6)
    assert _loss(delta, 0) == pytest.approx((_loss(delta, 1) + _loss(delta, 2)) / 2, abs=1e-6)
    assert _loss(delta, 1, margin=0.5) == pytest.approx(_loss(delta - 0.5, 1), abs=1e-6)
    assert _loss(delta, 2, margin=0.5) == pytest.approx(_loss(delta + 0.5, 2), abs=1e-6)
    assert _loss(delta, 0, margin=0.5) == pytest.approx(_loss(delta, 0), abs=1e-6)
    smooth = 0.9 * _loss(delta, 1) + 0.1 * _loss(delta, 2)
    assert _loss(delta, 1, smoothing=0.1) == pytest.approx(smooth, abs=1e-6)


@pytest.mark.parametrize(
    ("delta", "nu", "chances"),
    [(1.0, 0.75, (0.5486, 0.2018, 0.2496)), (0.0, 2.0, (0.25, 0.25, 0.5)), (-2.0, 0.4, None)],
)
def test_davidson_ties(delta: float, nu: float, chances: tuple[float, ...] | None) -> None:
    found = [np.exp(-_loss(delta, label, ties="davidson", tie=torch.tensor(nu).log())) for label in (1, 2, 0)]
    first, second = np.exp(delta), 1.0  # strengths π_i, π_j
    total = first + second + nu * np.sqrt(first * second)
    assert found == pytest.approx([first / total, second / total, nu * np.sqrt(first) / total], abs=1e-6)
    if chances is not None:
        assert found == pytest.approx(chances, abs=1e-4)


def test_missing_labels_do_not_count() -> None:
    delta = torch.tensor([[1.0, 5.0, -1.0]], requires_grad=True)
    loss = bradley_terry_loss(delta, torch.tensor([[1, -1, 2]]))
    assert float(loss.detach()) == pytest.approx(_loss(1.0, 1), abs=1e-6)
    (gradient,) = torch.autograd.grad(loss, delta)
    assert float(gradient[0, 1]) == 0 != float(gradient[0, 0])
    assert float(bradley_terry_loss(torch.ones(1, 2), torch.full((1, 2), -1))) == 0


def test_accuracy_counts_decided_pairs_only() -> None:
    assert accuracy(torch.tensor([1.0, -1.0, 0.0, 5.0, 5.0]), torch.tensor([1, 1, 2, 0, -1])) == pytest.approx(0.5)
    assert np.isnan(accuracy(torch.ones(2), torch.tensor([0, -1])))
    scores = torch.tensor([[3.0, 1.0, 2.0]])
    assert pair_differences(scores).tolist() == [[2.0, 1.0, -1.0]]


# ---- fits -------------------------------------------------------------------------------------------------------


def _rankings(speaker: Transformer, prompts: Tokens, m: int, seed: int) -> tuple[Tokens, Tokens, NDArray[np.float64]]:
    """Prompts [m, P], responses [m, K, T] and their utility [m, K]: good words (4…7) less bad ones (8…11)."""
    rng = np.random.default_rng(seed)
    asked = prompts[rng.integers(0, len(prompts), m)]
    said = generate(speaker, asked.repeat(K, 0), rng.random((m * K, 6)), end=END).numpy().reshape(m, K, 6)
    return asked, said, (((said >= 4) & (said <= 7)).sum(2) - (said > 7).sum(2)).astype(float)


def _labels(utility: NDArray[np.float64], seed: int | None = None) -> Tokens:
    """1, 2 or 0 by the sign of the difference; with a seed, by Bradley–Terry draws at twice the difference."""
    delta = utility[:, PAIRS[:, 0]] - utility[:, PAIRS[:, 1]]
    if seed is None:
        return np.where(delta > 0, 1, np.where(delta < 0, 2, 0))
    return np.where(np.random.default_rng(seed).random(delta.shape) < 1 / (1 + np.exp(-2 * delta)), 1, 2)


def _model(speaker: Transformer, seed: int = 0) -> RewardModel:
    return RewardModel(speaker, torch.Generator().manual_seed(seed))


def _accuracy(model: RewardModel, asked: Tokens, said: Tokens, utility: NDArray[np.float64]) -> float:
    scores = model.score(asked.repeat(K, 0), said.reshape(-1, said.shape[2])).view(-1, K)
    return accuracy(pair_differences(scores), torch.as_tensor(_labels(utility)))


@pytest.mark.slow
def test_a_known_preference_is_learnt(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 300, seed=1)
    fresh = _rankings(speaker, prompts, 200, seed=2)
    model = _model(speaker)
    before = _accuracy(model, *fresh)
    metrics = fit(model, asked, said, _labels(utility, seed=3), epochs=6, rate=3e-3, seed=4)
    assert _accuracy(model, *fresh) > 0.9 > 0.7 > before
    assert metrics["pairs"] == 300 * 6
    assert metrics["ties"] == 0
    assert metrics["loss"] < np.log(2)
    assert metrics["accuracy"] > 0.7
    assert metrics["trunk_change"] > 0.001 < metrics["head_change"]
    for name, array in to_arrays(speaker).items():  # what the pretrained model knows, it goes on knowing
        np.testing.assert_array_equal(array, to_arrays(model.frozen)[name])
    assert not any(name.startswith("frozen") for name in to_arrays(model))  # and it is written down once, elsewhere


@pytest.mark.slow
def test_coin_flips_teach_nothing(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, _ = _rankings(speaker, prompts, 300, seed=1)
    model = _model(speaker)
    fit(model, asked, said, np.random.default_rng(0).integers(1, 3, (300, 6)), epochs=6, rate=3e-3, seed=4)
    assert _accuracy(model, *_rankings(speaker, prompts, 200, seed=2)) < 0.75


@pytest.mark.slow
def test_opposite_labels_teach_the_opposite(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 300, seed=1)
    model = _model(speaker)
    fit(model, asked, said, _labels(-utility), epochs=6, rate=3e-3, seed=4)
    assert _accuracy(model, *_rankings(speaker, prompts, 200, seed=2)) < 0.1


def test_the_head_can_read_what_the_pretrained_model_finds_likely(speaker: Transformer, prompts: Tokens) -> None:
    """With b alone the score is the response's log-probability under the frozen model."""
    asked, said, _ = _rankings(speaker, prompts, 50, seed=1)
    flat = asked.repeat(K, 0), said.reshape(-1, 6)
    model = _model(speaker)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(model.score(*flat), model.known(*flat).sum(1), atol=1e-4, rtol=0)


def test_scores_depend_on_neither_padding_nor_batch(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, _ = _rankings(speaker, prompts, 20, seed=1)
    flat = asked.repeat(K, 0), said.reshape(-1, 6)
    model = _model(speaker)
    wide = np.pad(flat[0], ((0, 0), (0, 4))), np.pad(flat[1], ((0, 0), (0, 3)))
    for other in (model.score(*flat, batch=3), model.score(*wide)):
        torch.testing.assert_close(model.score(*flat), other, atol=1e-4, rtol=0)


def test_tokens_add_up_to_the_score_of_what_there_is_by_then(speaker: Transformer, prompts: Tokens) -> None:
    """Also of a beginning that was never said as a whole; the head weighs likelihoods, too."""
    model = _model(speaker)
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(1))
    asked, said, _ = _rankings(speaker, prompts, 40, seed=4)
    p, r = torch.as_tensor(asked), torch.as_tensor(said[:, 0])
    added = model.of_tokens(p, r, model.known(p, r)).detach()
    for length in range(1, r.shape[1] + 1):
        assert torch.allclose(added[:, :length].sum(1), model.score(p, r[:, :length]), atol=1e-5)
    assert not torch.allclose(added[:, :2].sum(1), model.score(p, r), atol=0.1)


def test_a_fit_is_decided_by_its_seed(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 100, seed=1)
    arrays, metrics = [], []
    for seed in (1, 1, 2):
        model = _model(speaker)
        metrics.append(fit(model, asked, said, _labels(utility), batch=32, epochs=1, seed=seed))
        arrays.append(to_arrays(model))
    assert metrics[0] == metrics[1] != metrics[2]
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])
    again = from_arrays(_model(speaker, seed=5), arrays[0])
    flat = asked.repeat(K, 0), said.reshape(-1, 6)
    assert not torch.equal(again.score(*flat), _model(speaker, seed=5).score(*flat))
    assert torch.equal(again.score(*flat), from_arrays(_model(speaker), arrays[1]).score(*flat))


@pytest.mark.slow
@pytest.mark.parametrize("nu", [0.5, 2.0])
def test_davidson_finds_how_often_people_are_undecided(speaker: Transformer, prompts: Tokens, nu: float) -> None:
    """Between equal responses P(undecided) = ν / (2 + ν), whatever the scores."""
    asked, said, _ = _rankings(speaker, prompts, 300, seed=1)
    said = np.repeat(said[:, :1], K, axis=1)
    u = np.random.default_rng(1).random((300, 6))
    labels = np.where(u < nu / (2 + nu), 0, np.where(u < (1 + nu) / (2 + nu), 1, 2))
    share = float((labels == 0).mean())
    model = _model(speaker)
    fit(model, asked, said, labels, ties="davidson", epochs=8, seed=0)
    assert float(model.tie.detach().exp()) == pytest.approx(2 * share / (1 - share), rel=0.06)


def test_a_frozen_trunk_is_noticed(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 50, seed=1)
    model = _model(speaker)
    model.trunk.requires_grad_(False)
    with pytest.raises(RuntimeError, match="did not learn"):
        fit(model, asked, said, _labels(utility), seed=0)


@pytest.mark.slow
def test_margins_widen(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 200, seed=1)
    spread = []
    for margins in (None, np.full((200, 6), 2.0)):
        model = _model(speaker)
        fit(model, asked, said, _labels(utility), margins=margins, epochs=4, rate=3e-3, seed=0)
        spread.append(float(model.score(asked.repeat(K, 0), said.reshape(-1, 6)).std()))
    assert spread[1] > 1.1 * spread[0]


def test_impossible_data_is_refused(speaker: Transformer, prompts: Tokens) -> None:
    asked, said, utility = _rankings(speaker, prompts, 10, seed=1)
    with pytest.raises(ValueError, match="do not fit"):
        fit(_model(speaker), asked, said, _labels(utility)[:, :5], seed=0)
    with pytest.raises(ValueError, match="labelled pair"):
        fit(_model(speaker), asked, said, np.full((10, 6), -1), seed=0)


def test_shares_of_wins_say_what_labels_say() -> None:
    """Labels 1, 2, 0 are shares 1, 0, ½; other shares are a vote put together."""
    delta, labels = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1, 2, 0])
    shares = torch.tensor([1.0, 0.0, 0.5])
    for settings in ({}, {"smoothing": 0.1}, {"ties": "davidson", "tie": torch.tensor(0.2)}):
        plain = bradley_terry_loss(delta, labels, **settings)
        assert float(bradley_terry_loss(delta, labels, shares=shares, **settings)) == float(plain)
    some = float(bradley_terry_loss(delta[:1], labels[:1], shares=torch.tensor([0.7])))
    assert some == pytest.approx(0.7 * math.log1p(math.exp(-0.3)) + 0.3 * math.log1p(math.exp(0.3)), abs=1e-6)


def test_shares_of_wins_fit_their_log_odds() -> None:
    """One pair seen over and over: the fitted difference is the logit of the share."""
    for share in (0.2, 0.5, 0.9):
        (found,) = fit_linear(np.ones((50, 1)), np.zeros(50), 1e-9, shares=np.full(50, share))
        assert found == pytest.approx(math.log(share / (1 - share)), abs=1e-6)


@pytest.mark.parametrize(("new", "share", "old"), [(30, 0.5, 15), (30, 0.0, 0), (50, 1.0, 10)])
def test_a_pass_is_as_long_as_there_are_new_rankings(new: int, share: float, old: int) -> None:
    """60 rankings: every new one is read as often as any other, to within one, and so is every old one."""
    fresh = np.arange(60) >= 60 - new
    passes = passes_over(60, fresh, share, 4, torch.Generator().manual_seed(0))
    assert [len(order) for order in passes] == 4 * [new]
    assert [int((order < 60 - new).sum()) for order in passes] == 4 * [old]
    times = torch.bincount(torch.cat(passes), minlength=60)
    for kind in (times[60 - new :], times[: 60 - new]):
        assert int(kind.max() - kind.min()) <= 1
    whole = passes_over(60, None, share, 2, torch.Generator().manual_seed(0))  # the control: all are new
    assert [sorted(order.tolist()) for order in whole] == 2 * [list(range(60))]
