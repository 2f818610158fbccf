"""PPO: its pieces by hand, and the whole against the optimum known in closed form."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from simlab.nets.policy import (
    PPOConfig,
    advantages,
    divergence,
    explained_variance,
    objective,
    optimum,
    policy_loss,
    ppo,
    tilted,
    value_loss,
    whiten,
)
from simlab.nets.pretraining import pretrain
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer, TransformerConfig, from_arrays, log_probs, to_arrays
from tests.nets.conftest import END, SEP, START

Tokens = NDArray[np.int64]
Score = Callable[[Tensor, Tensor], Tensor]


def _leash(beta: float) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The score at the last token, less beta times the log-ratio at each."""

    def shape(score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        reward = -beta * (logp - logp_ref) * mask
        last = mask.sum(1, keepdim=True) - 1
        return reward.scatter_add(1, last, score[:, None])

    return shape


# ---- pieces -----------------------------------------------------------------------------------------------------


def test_advantages_by_hand() -> None:
    rewards = torch.tensor([[1.0, 0.0, 2.0], [0.5, 3.0, 99.0]])
    values = torch.tensor([[0.5, 1.0, -1.0], [1.0, 2.0, 77.0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    found, returns = advantages(rewards, values, mask, gamma=0.9, lam=0.8)
    third = 2.0 - -1.0  # δ = r + γV' − V, nothing follows
    second = (0.0 + 0.9 * -1.0 - 1.0) + 0.72 * third
    first = (1.0 + 0.9 * 1.0 - 0.5) + 0.72 * second
    short = 3.0 - 2.0  # the second response has two tokens: what stands at padding is nothing
    expected = torch.tensor([[first, second, third], [(0.5 + 0.9 * 2.0 - 1.0) + 0.72 * short, short, 0.0]])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(returns, (expected + values) * mask)


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 1.0), (0.9, 1.0), (0.5, 1.0)])
def test_with_lambda_one_returns_are_sums_of_rewards(gamma: float, lam: float) -> None:
    generator = torch.Generator().manual_seed(0)
    rewards, values = (torch.randn(5, 6, generator=generator) for _ in range(2))
    _, returns = advantages(rewards, values, torch.ones(5, 6, dtype=torch.bool), gamma=gamma, lam=lam)
    sums = torch.stack([(rewards[:, t:] * gamma ** torch.arange(6 - t)).sum(1) for t in range(6)], 1)
    torch.testing.assert_close(returns, sums)
    _, bootstrapped = advantages(rewards, values, torch.ones(5, 6, dtype=torch.bool), gamma=gamma, lam=0.5)
    assert float((bootstrapped - sums).abs().max()) > 0.1  # control


def test_whitening() -> None:
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(1)) * 3 + 2
    mask = torch.arange(5) < torch.tensor([5, 1, 3, 2, 5, 4, 1])[:, None]
    white = whiten(x, mask)
    assert float(white[mask].mean()) == pytest.approx(0, abs=1e-6)
    assert float(white[mask].std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert bool((white[~mask] == 0).all())
    assert bool(torch.isfinite(whiten(x[:1, :1], mask[:1, :1])).all())


@pytest.mark.parametrize(
    ("ratio", "advantage", "pulls"),
    [(1.3, 1.0, False), (0.7, 1.0, True), (1.3, -1.0, True), (0.7, -1.0, False), (1.1, 1.0, True), (0.9, -1.0, True)],
)
def test_the_clip_stops_what_has_gone_far_enough(ratio: float, advantage: float, pulls: bool) -> None:
    logp = torch.tensor([np.log(ratio)], requires_grad=True)
    loss, clipped = policy_loss(logp, torch.zeros(1), torch.tensor([advantage]), clip=0.2)
    loss.backward()
    assert logp.grad is not None
    assert bool(logp.grad.abs() > 0) == pulls == (float(clipped) == 0)
    bounded = min(max(ratio, 0.8), 1.2)
    assert float(loss.detach()) == pytest.approx(max(-advantage * ratio, -advantage * bounded), abs=1e-6)


def test_values_move_only_so_far() -> None:
    value = torch.tensor([0.5, 0.1], requires_grad=True)
    loss, clipped = value_loss(value, torch.zeros(2), torch.tensor([1.0, 1.0]), clip=0.2)
    loss.backward()
    assert value.grad is not None
    assert value.grad.tolist() == pytest.approx([0.0, 0.5 * (0.1 - 1.0)])
    assert float(clipped) == 0.5


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"lam": 1.5}, {"minibatch": 0}, {"clip": -0.1}, {"gamma": -1.0}])
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        PPOConfig(**wrong)


# ---- the whole, with one-token responses --------------------------------------------------------------------------

FIRST = 4  # the four words of the game are 4, 5, 6, 7
CHANCES, REWARD = np.array([0.4, 0.3, 0.2, 0.1]), np.arange(4.0)


@pytest.fixture(scope="module")
def reference() -> Transformer:
    """A pretrained model that says one of four words, with chances .4, .3, .2, .1."""
    config = TransformerConfig(vocab=8, width=16, layers=1, heads=2, context=4, unspoken=(0, 1, 2, 3))
    corpus = np.array([[START, SEP, FIRST + w] for w in range(4) for _ in range(4 - w)])
    model, _ = pretrain(config, corpus, steps=250, batch=10, rate=1e-2, seed=0)
    assert np.exp(_distribution(model)) == pytest.approx(CHANCES, abs=1e-3)
    return model


def _distribution(model: Transformer) -> NDArray[np.float64]:
    words = np.arange(FIRST, FIRST + 4)[:, None]
    return log_probs(model, np.tile([[START, SEP]], (4, 1)), words)[:, 0].double().cpu().numpy()


def _reward(prompts: Tensor, responses: Tensor) -> Tensor:
    return (responses[:, 0] - FIRST).float()


def _ppo(
    reference: Transformer, beta: float, seed: int = 0, score: Score = _reward, **options: Any
) -> tuple[NDArray[np.float64], list[dict[str, float]]]:
    """log π after training, and the metrics."""
    config = PPOConfig(**{"iterations": 40, "rate": 5e-3, **options})
    uniforms = np.random.default_rng(seed).random((config.iterations, config.batch, 1))
    prompts = np.tile([[[START, SEP]]], (config.iterations, config.batch, 1))
    policy = copy.deepcopy(reference)
    policy, _, metrics = ppo(
        policy, reference, score, _leash(beta), prompts, uniforms, end=END, seed=seed, config=config
    )
    return _distribution(policy), metrics


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beta", "best"), [(1.0, 1.547956), (0.5, 1.993372), (2.0, None)]
)  # fmt: skip
def test_ppo_reaches_the_optimum(reference: Transformer, beta: float, best: float | None) -> None:
    logp_ref = np.log(CHANCES)
    star = tilted(logp_ref, REWARD, beta)
    found, metrics = _ppo(reference, beta)
    assert divergence(found, star) < 0.01
    assert divergence(_distribution(reference), star) > 0.05  # where it began
    found -= np.log(np.exp(found).sum())  # float32 probabilities add up to 1 within 1e-7 only
    missing = optimum(logp_ref, REWARD, beta) - objective(found, logp_ref, REWARD, beta)
    assert missing == pytest.approx(beta * divergence(found, star), abs=1e-6)
    if best is not None:
        assert objective(found, logp_ref, REWARD, beta) == pytest.approx(best, abs=0.01 * beta)
    assert len(metrics) == 40
    assert metrics[-1]["lr"] == pytest.approx(5e-3 / 40)


@pytest.mark.slow
def test_a_constant_rate_hovers_above_the_optimum(reference: Transformer) -> None:
    star = tilted(np.log(CHANCES), REWARD, 0.5)
    seeds = range(3)
    decaying = [divergence(_ppo(reference, 0.5, seed)[0], star) for seed in seeds]
    constant = [divergence(_ppo(reference, 0.5, seed, decay=False)[0], star) for seed in seeds]
    assert max(decaying) < 0.01
    assert np.mean(constant) > 5 * np.mean(decaying)


@pytest.mark.parametrize("rewarded", [0, 2, 3])
def test_what_was_rewarded_is_more_likely_to_be_repeated(reference: Transformer, rewarded: int) -> None:
    """After one update."""
    one = {"iterations": 1, "epochs": 1, "minibatch": 256, "beta": 0.0}
    before = _distribution(reference)
    praised, _ = _ppo(reference, score=lambda p, r: (r[:, 0] == FIRST + rewarded).float(), **one)
    blamed, _ = _ppo(reference, score=lambda p, r: -(r[:, 0] == FIRST + rewarded).float(), **one)
    ignored, _ = _ppo(reference, score=lambda p, r: torch.zeros(len(r)), **one)
    assert praised[rewarded] > before[rewarded] + 0.005
    assert blamed[rewarded] < before[rewarded] - 0.005
    np.testing.assert_allclose(ignored, before, atol=1e-6)


def test_scores_are_clipped(reference: Transformer) -> None:
    options = {"iterations": 2, "score_clip": 0.5}
    _, clipped = _ppo(reference, 0.1, score=lambda p, r: 100.0 * _reward(p, r) - 50, **options)
    assert abs(clipped[0]["objective_scores"]) <= 0.5


# ---- the whole, with sentences ------------------------------------------------------------------------------------


def _train(
    speaker: Transformer,
    prompts: Tokens,
    score: Score,
    *,
    seed: int = 0,
    beta: float = 0.05,
    so_far: Callable[[], Tensor] | None = None,
    **options: Any,
) -> tuple[Transformer, list[dict[str, float]]]:
    config = PPOConfig(**{"iterations": 6, "batch": 96, "minibatch": 32, "rate": 3e-3, **options})
    shape = (config.iterations, config.batch)
    uniforms = np.random.default_rng(seed).random((*shape, 6))
    asked = np.broadcast_to(prompts[:96], (*shape, prompts.shape[1])).copy()
    policy, _, metrics = ppo(
        copy.deepcopy(speaker), speaker, score, _leash(beta), asked, uniforms, end=END, seed=seed, config=config,
        so_far=so_far,
    )  # fmt: skip
    return policy, metrics


def _brief(prompts: Tensor, responses: Tensor) -> Tensor:
    return 2.0 - (responses != 0).sum(1).float()


def _length(model: Transformer, prompts: Tokens) -> float:
    said = generate(model, prompts, np.random.default_rng(9).random((len(prompts), 6)), end=END)
    return float((said != 0).sum(1).float().mean())


@pytest.mark.slow
def test_sentences_become_what_is_wanted(speaker: Transformer, prompts: Tokens) -> None:
    before = to_arrays(speaker)
    policy, metrics = _train(speaker, prompts, _brief)
    assert _length(policy, prompts) < _length(speaker, prompts) - 0.5
    assert metrics[-1]["objective_scores"] > metrics[0]["objective_scores"] + 0.5
    assert metrics[0]["objective_kl"] == pytest.approx(0, abs=1e-5)
    assert metrics[-1]["objective_kl"] > 0.05
    for name, array in to_arrays(speaker).items():  # the reference stays as it was
        np.testing.assert_array_equal(array, before[name])
    for row in metrics:
        assert row["objective_rlhf_reward"] == pytest.approx(
            row["objective_scores"] + row["objective_non_score_reward"], abs=1e-4
        )
        assert row["objective_non_score_reward"] == pytest.approx(-0.05 * row["objective_kl"], abs=1e-4)
        assert np.isfinite(list(row.values())).all()


@pytest.mark.slow
def test_a_tighter_leash_keeps_nearer(speaker: Transformer, prompts: Tokens) -> None:
    loose, tight = (_train(speaker, prompts, _brief, beta=beta)[1][-1]["objective_kl"] for beta in (0.05, 2.0))
    assert tight < 0.5 * loose


def test_not_ending_can_cost(speaker: Transformer, prompts: Tokens) -> None:
    free, paid = (
        _train(speaker, prompts, lambda p, r: torch.zeros(len(r)), iterations=1, missing_end_penalty=penalty)[1][0]
        for penalty in (0.0, 1.0)
    )
    assert free["objective_scores"] == 0
    assert free["val_num_eos_tokens"] == paid["val_num_eos_tokens"] < 96
    assert paid["objective_scores"] == pytest.approx(-(1 - paid["val_num_eos_tokens"] / 96), abs=1e-6)


def test_training_is_decided_by_seed_and_uniforms(speaker: Transformer, prompts: Tokens) -> None:
    runs = [_train(speaker, prompts, _brief, iterations=2, seed=seed) for seed in (1, 1, 2)]
    arrays = [to_arrays(policy) for policy, _ in runs]
    assert runs[0][1] == runs[1][1] != runs[2][1]
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])
    assert any(not np.array_equal(arrays[0][name], arrays[2][name]) for name in arrays[0])


def _so_far(words: Callable[[Tensor], Tensor]) -> tuple[Score, Callable[[], Tensor]]:
    """A judge who adds up words, and what it makes of what precedes each word of the responses scored last."""
    last: list[Tensor] = []

    def score(prompts: Tensor, responses: Tensor) -> Tensor:
        last[:] = [words(responses) * (responses != 0)]
        return last[0].sum(1)

    return score, lambda: last[0].cumsum(1) - last[0]


def _odd(responses: Tensor) -> Tensor:
    return 0.5 * (responses % 2)  # so that no score is clipped


def test_a_critic_that_begins_as_the_judge_foresees_from_the_first_batch_on(
    speaker: Transformer, prompts: Tokens
) -> None:
    score, so_far = _so_far(_odd)
    began = {}
    for critic in ("reward_model", "zero", "none"):
        _, metrics = _train(speaker, prompts, score, critic=critic, so_far=so_far, iterations=3)
        began[critic] = [row["val_explained_variance"] for row in metrics]
    first = [began["reward_model"][0]]
    for seed in range(1, 6):  # of a single batch it is .41 ± .05
        _, metrics = _train(speaker, prompts, score, critic="reward_model", so_far=so_far, iterations=1, seed=seed)
        first.append(metrics[0]["val_explained_variance"])
    assert np.mean(first) > 0.3
    assert abs(began["zero"][0]) < 1e-6
    assert max(map(abs, began["none"])) < 1e-6  # which never learns


def test_what_is_carried_over_is_as_if_there_had_been_no_end(speaker: Transformer, prompts: Tokens) -> None:
    """Two calls of three iterations are one of six; begun anew, they are not."""
    score, so_far = _so_far(_odd)
    uniforms = np.random.default_rng(3).random((6, 96, 6))
    asked = np.broadcast_to(prompts[:96], (6, 96, prompts.shape[1])).copy()

    def trained(calls: list[slice], carried: bool) -> dict[str, NDArray[np.float32]]:
        policy, kept = copy.deepcopy(speaker), dict[str, Tensor]()
        for rows in calls:
            many = len(asked[rows])
            config = PPOConfig(iterations=many, batch=96, minibatch=96, epochs=1, rate=3e-3, decay=False, warmup=0)
            ppo(
                policy, speaker, score, _leash(0.05), asked[rows], uniforms[rows], end=END, seed=0, config=config,
                kept=kept if carried else None, so_far=so_far,
            )  # fmt: skip
        return to_arrays(policy)

    halves = [slice(0, 3), slice(3, 6)]
    whole, apart, anew = trained([slice(0, 6)], True), trained(halves, True), trained(halves, False)
    far = [max(float(np.abs(whole[n] - other[n]).max()) for n in whole) for other in (apart, anew)]
    assert far[0] < 0.05 * far[1]  # rounding, since rows are summed in another order


def test_explained_variance_by_hand() -> None:
    returns = torch.tensor([1.0, 2.0, 3.0])
    assert float(explained_variance(returns + 5, returns)) == pytest.approx(1)  # an offset explains no less
    assert float(explained_variance(torch.zeros(3), returns)) == pytest.approx(0)
    assert float(explained_variance(-returns, returns)) == pytest.approx(-3)  # Var(2·returns) is four times theirs
    assert torch.isnan(explained_variance(returns, torch.ones(3)))


def test_warmup_is_for_moments_that_are_few() -> None:
    config = PPOConfig(iterations=4, warmup=2)
    assert [config.share_of_rate(i, resumed=False) for i in range(4)] == [0.5, 0.75, 0.5, 0.25]
    assert [config.share_of_rate(i, resumed=True) for i in range(4)] == [1.0, 0.75, 0.5, 0.25]


def test_a_target_for_kl_ends_passes_early(speaker: Transformer, prompts: Tokens) -> None:
    free, bound = (
        _train(speaker, prompts, _brief, iterations=2, epochs=8, rate=5e-4, target_kl=target)[1]
        for target in (1e6, 1e-4)
    )
    assert bound[0]["policy_approxkl_avg"] < 0.5 * free[0]["policy_approxkl_avg"]


def test_impossible_inputs_are_refused(speaker: Transformer, prompts: Tokens) -> None:
    config = PPOConfig(iterations=1, batch=96)
    given = (prompts[None], np.random.default_rng(0).random((1, 96, 4)))
    with pytest.raises(ValueError, match="begin with"):
        ppo(speaker, speaker, _brief, _leash(0.1), given[0][:, :50], given[1], end=END, seed=0, config=config)
    for shape in (lambda s, a, b, m: s, lambda s, a, b, m: a * torch.nan):
        with pytest.raises(ValueError, match="finite rewards"):
            ppo(copy.deepcopy(speaker), speaker, _brief, shape, *given, end=END, seed=0, config=config)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_the_same(reference: Transformer) -> None:
    there = from_arrays(Transformer(reference.config, torch.Generator()), to_arrays(reference)).to("cuda")
    found, _ = _ppo(there, 1.0)
    assert divergence(found, tilted(np.log(CHANCES), REWARD, 1.0)) < 0.01
