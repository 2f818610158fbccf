"""Scores that have a variance: the likelihood of pairs, a network that finds known variances again, and what several of
them say together."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simlab.nets.ensemble import Ensemble, Jury
from simlab.nets.pairwise import as_pairs, attenuated, bradley_terry_loss, pair_differences, pair_log_odds
from simlab.nets.preference import RewardModel, fit
from simlab.nets.transformer import Transformer, to_arrays
from tests.nets.conftest import END, SEP, START

DISPUTED = 11  # the word about which people differ; 4 is what they like, 5 what they do not
K = 4
PAIRS = np.array(list(combinations(range(K), 2)))


def model(speaker: Transformer, **options: Any) -> RewardModel:
    return RewardModel(speaker, torch.Generator().manual_seed(0), variance=True, **options)


def rankings(m: int, sigma: float, seed: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Rankings of K responses by people to each of whom another draw from N(μ, σ²) is a response's worth, and how many
    disputed words each response has [m, K]: any of these gives it the variance `sigma`²."""
    rng = np.random.default_rng(seed)
    prompts = np.full((m, 4), START)
    prompts[:, 1:3], prompts[:, 3] = rng.integers(4, 12, (m, 2)), SEP
    said = rng.integers(4, 12, (m, K, 5))
    said[..., -1] = END
    count = (said == DISPUTED).sum(2)
    worth = 1.5 * ((said == 4).sum(2) - (said == 5).sum(2))
    gap = worth[:, PAIRS[:, 0]] - worth[:, PAIRS[:, 1]]
    spread = sigma * np.sqrt((count > 0)[:, PAIRS].sum(2))
    chance = 1 / (1 + np.exp(-(gap + spread * rng.standard_normal(gap.shape))))
    return {"prompts": prompts, "responses": said, "labels": np.where(rng.random(gap.shape) < chance, 1, 2)}, count


def told(machine: RewardModel, data: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Means and variances [m, K, 2] of a network."""
    m, _, longest = data["responses"].shape
    flat = data["responses"].reshape(-1, longest)
    return machine.moments(data["prompts"].repeat(K, 0), flat).numpy().reshape(m, K, 2)


# ---- the likelihood --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mu", "variance"), [((0.3, -1.0), (0.0, 0.5)), ((2.0, 1.5), (4.0, 9.0)), ((0.0, 5.0), (1, 0))]
)
def test_the_loss_is_that_of_the_formula(mu: tuple[float, float], variance: tuple[float, float]) -> None:
    """−ln σ(Δμ/√(1 + π(σ_i² + σ_j²)/8)) for a win, −ln of the rest for a loss, half of each for a tie."""
    win = 1 / (1 + math.exp(-(mu[0] - mu[1]) / math.sqrt(1 + math.pi * (variance[0] + variance[1]) / 8)))
    log_odds = pair_log_odds(torch.tensor([mu]), torch.tensor([variance]))
    for label, loss in ((1, -math.log(win)), (2, -math.log(1 - win)), (0, -math.log(win * (1 - win)) / 2)):
        assert float(bradley_terry_loss(log_odds, torch.tensor([[label]]))) == pytest.approx(loss, abs=1e-5)


def test_its_gradients_are_those_of_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(5, K, dtype=torch.float64, generator=generator).requires_grad_()
    variances = torch.rand(5, K, dtype=torch.float64, generator=generator).mul(4).requires_grad_()
    labels = torch.randint(0, 3, (5, len(PAIRS)), generator=generator)

    def loss(means: torch.Tensor, variances: torch.Tensor) -> torch.Tensor:
        return bradley_terry_loss(pair_log_odds(means, variances), labels)

    assert torch.autograd.gradcheck(loss, (means, variances), atol=1e-6)


def test_it_is_the_mean_over_people_who_differ() -> None:
    """Within .02 of E[σ(Δ + s·z)], by Gauss–Hermite quadrature; the chance of the mean person (the control) is not."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    delta, spread = np.linspace(0, 8, 33)[:, None], np.linspace(0, 4, 17)[None, :]
    exact = (weights / (1 + np.exp(-(delta[..., None] + spread[..., None] * nodes)))).sum(-1) / weights.sum()
    found = attenuated(*(torch.as_tensor(a) for a in np.broadcast_arrays(delta, spread**2))).sigmoid().numpy()
    assert abs(found - exact).max() < 0.02
    assert abs(1 / (1 + np.exp(-delta)) - exact).max() > 0.2


def test_without_variance_it_is_bradley_and_terry() -> None:
    scores = torch.randn(6, K, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pair_log_odds(scores, torch.zeros(6, K)), pair_differences(scores))
    for found, expected in zip(as_pairs(scores), (scores, pair_differences(scores)), strict=True):
        assert torch.equal(found, expected)


def test_a_scale_is_open() -> None:
    """Of means a·μ and variances a²·σ² + 4(a² − 1)/π pairs say the same: only how variances compare can be learned."""
    means, variances = torch.tensor([[0.3, 2.0, -1.0, 0.0]]), torch.tensor([[0.0, 1.0, 4.0, 9.0]])
    other = pair_log_odds(1.5 * means, 1.5**2 * variances + 4 * (1.5**2 - 1) / math.pi)
    torch.testing.assert_close(other, pair_log_odds(means, variances))
    assert not torch.allclose(pair_log_odds(1.5 * means, 1.5**2 * variances), pair_log_odds(means, variances))


# ---- the network -----------------------------------------------------------------------------------------------------


def test_it_begins_as_one_without_variance(speaker: Transformer) -> None:
    """The same draw of w, and a variance of softplus(−1.5), however long; the means of both are the same."""
    data, _ = rankings(8, 0.0, seed=1)
    for reads in (True, False):
        plain = RewardModel(speaker, torch.Generator().manual_seed(0), log_probability=reads)
        varied = model(speaker, log_probability=reads)
        rows = plain.head.weight.shape[0]
        assert varied.head.weight.shape[0] == 2 * rows
        assert torch.equal(varied.head.weight[:rows], plain.head.weight)
        found = told(varied, data)
        flat = data["responses"].reshape(-1, 5)
        np.testing.assert_allclose(found[..., 0].ravel(), plain.score(data["prompts"].repeat(K, 0), flat), atol=1e-5)
        np.testing.assert_allclose(found[..., 1], math.log1p(math.exp(-1.5)), rtol=1e-5)


def test_variances_are_of_a_response_alone(speaker: Transformer) -> None:
    """Padding adds nothing, and they are the same in a ranking and alone."""
    data, _ = rankings(200, 2.0, seed=1)
    machine = model(speaker)
    fit(machine, **data, epochs=2, rate=3e-3, seed=0)
    prompts, said = (torch.as_tensor(data[name]) for name in ("prompts", "responses"))
    alone = told(machine, data)
    assert alone[..., 1].std() > 1e-3  # they differ by now
    padded = {**data, "responses": np.pad(data["responses"], ((0, 0), (0, 0), (0, 3)))}
    np.testing.assert_allclose(told(machine, padded), alone, atol=1e-5)
    known = machine.known(prompts.repeat_interleave(K, 0), said.view(-1, 5)).view(said.shape)
    together = machine.of_rankings(prompts, said, known).detach()
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_held_out_loss_counts_the_variance(speaker: Transformer) -> None:
    """The held-out loss of the last epoch is the formula's, of the means and variances that the network is left with;
    that of their means alone (the control) is another."""
    data, other = (rankings(m, 3.0, seed)[0] for m, seed in ((300, 1), (60, 2)))
    rows: list[dict[str, float]] = []
    machine = model(speaker)
    fit(machine, **data, held_out=other, epochs=2, rate=3e-3, seed=0, epoch_end=rows.append)
    mean, variance = np.moveaxis(told(machine, other).astype(float), -1, 0)
    gap = mean[:, PAIRS[:, 0]] - mean[:, PAIRS[:, 1]]
    sign = np.where(other["labels"] == 1, 1.0, -1.0)
    shrunk = gap / np.sqrt(1 + math.pi / 8 * (variance[:, PAIRS[:, 0]] + variance[:, PAIRS[:, 1]]))
    assert rows[-1]["eval_loss"] == pytest.approx(np.log1p(np.exp(-sign * shrunk)).mean(), abs=1e-5)
    assert rows[-1]["eval_brier"] == pytest.approx((1 / (1 + np.exp(sign * shrunk)) ** 2).mean(), abs=1e-5)
    assert abs(rows[-1]["eval_loss"] - np.log1p(np.exp(-sign * gap)).mean()) > 1e-3


def test_a_penalty_makes_variances_small(speaker: Transformer) -> None:
    data, _ = rankings(300, 3.0, seed=1)
    found = []
    for penalty in (0.0, 0.1):
        machine = model(speaker)
        fit(machine, **data, epochs=3, rate=3e-3, variance_penalty=penalty, seed=0)
        found.append(told(machine, data)[..., 1].mean())
    assert found[1] < 0.5 * found[0]
    plain = [RewardModel(speaker, torch.Generator().manual_seed(0)) for _ in range(2)]
    for machine, penalty in zip(plain, (0.0, 0.1), strict=True):  # of one without variance it is nothing
        fit(machine, **data, variance_penalty=penalty, epochs=1, seed=0)
    assert all(np.array_equal(array, to_arrays(plain[1])[name]) for name, array in to_arrays(plain[0]).items())


def test_whole_rankings_teach_no_variance(speaker: Transformer) -> None:
    with pytest.raises(ValueError, match="fit pairs"):
        fit(model(speaker), **rankings(8, 0.0, seed=1)[0], listwise=True, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [2.0, 3.0, 4.0])
def test_a_network_finds_who_is_disputed(speaker: Transformer, sigma: float) -> None:
    """The variance of disputed responses is found within three tenths of it, of 12,000 labels, in the scale in which
    undisputed ones have none; these have little. A network whose scores have no variance (the control) foresees other
    labels less well."""
    data, _ = rankings(2000, sigma, seed=1)
    test, count = rankings(4000, sigma, seed=2)
    loss = {}
    for varied in (True, False):
        machine = RewardModel(speaker, torch.Generator().manual_seed(0), variance=varied)
        rows: list[dict[str, float]] = []
        fit(machine, **data, held_out=test, epochs=12, rate=3e-3, variance_penalty=1e-4, seed=0, epoch_end=rows.append)
        loss[varied] = rows[-1]["eval_loss"]
        if varied:
            variance = told(machine, test)[..., 1]
    some, none = (float(np.median(variance[rows])) for rows in (count > 0, count == 0))
    found = (some - none) / (1 + math.pi / 4 * none)  # see `test_a_scale_is_open`
    assert found == pytest.approx(sigma**2, rel=0.3)
    assert none < 0.2 * sigma**2
    assert loss[True] < loss[False] - 0.002


@pytest.mark.slow
def test_a_network_finds_nobody_disputed_where_nobody_is(speaker: Transformer) -> None:
    """Of plain Bradley–Terry labels all responses have about the same small variance, of one disputed word or none."""
    data, count = rankings(2000, 0.0, seed=1)
    machine = model(speaker)
    fit(machine, **data, epochs=12, rate=3e-3, variance_penalty=1e-3, seed=0)
    variance = told(machine, data)[..., 1]
    assert variance.mean() < 0.3
    assert abs(variance[count == 1].mean() - variance[count == 0].mean()) < 0.1


# ---- several ---------------------------------------------------------------------------------------------------------


def test_the_deviation_of_an_ensemble_is_that_of_a_mixture(speaker: Transformer) -> None:
    """√(mean of variances + variance of means, zeros apart), in units of the score; a judge's weight stretches it."""
    data, _ = rankings(40, 2.0, seed=1)
    members = [RewardModel(speaker, torch.Generator().manual_seed(n), variance=True) for n in range(3)]
    for member in members:
        fit(member, **data, epochs=1, seed=0)
    centres, scale = [1.0, -2.0, 0.5], 2.5
    ensemble = Ensemble(members, centres, [1.0] * 3, 0.0, scale)
    asked, said = data["prompts"].repeat(K, 0), data["responses"].reshape(-1, 5)
    each = np.stack([told(member, data).reshape(-1, 2) for member in members]).astype(float)
    means = each[..., 0] - np.array(centres)[:, None]
    mixed = (each[..., 1] + means**2).mean(0) - means.mean(0) ** 2
    found = ensemble.deviation(asked, said)
    np.testing.assert_allclose(found, np.sqrt(mixed) / scale, rtol=1e-4)
    np.testing.assert_allclose(Jury([ensemble], [-2.0]).deviation(asked, said), 2 * found, rtol=1e-6)
    one = Ensemble(members[:1], centres[:1], [1.0], 0.0, scale).deviation(asked, said)
    np.testing.assert_allclose(one, np.sqrt(each[0, :, 1]) / scale, rtol=1e-4)
    with pytest.raises(ValueError, match="single judge"):
        Jury([ensemble, ensemble], [1.0, 1.0]).deviation(asked, said)
    without = Ensemble([RewardModel(speaker, torch.Generator())], [0.0], [1.0], 0.0, 1.0)
    with pytest.raises(ValueError, match="only a reward model with variance"):
        without.deviation(asked, said)
