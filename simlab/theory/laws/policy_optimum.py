"""The policy that reward less a leash's cost would make, and how near a real learner comes to it.

Policies are distributions over a few responses, lists of probabilities; rewards are one a response.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.laws.correlation import obeyed
from simlab.theory.small_world import averaged, divergence, play

Numbers = Sequence[float]


def optimum(reference: Numbers, reward: Numbers, beta: float) -> list[float]:
    """π* ∝ π_ref·e^{r/β}."""
    best = max(reward)  # taken off, so that nothing overflows; it cancels
    weights = [p * math.exp((r - best) / beta) for p, r in zip(reference, reward, strict=True)]
    return [w / sum(weights) for w in weights]


def value(reference: Numbers, reward: Numbers, beta: float) -> float:
    """J* = β log Σ π_ref·e^{r/β}."""
    best = max(reward)
    total = math.fsum(p * math.exp((r - best) / beta) for p, r in zip(reference, reward, strict=True))
    return best + beta * math.log(total)


def kl(p: Numbers, q: Numbers) -> float:
    """KL(p‖q) in nats."""
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def _optimum(seed: int, *, reference: Numbers, reward: Numbers, beta: float, response: int) -> float:
    from simlab.nets.closed_form import tilted

    return float(np.exp(tilted(np.log(reference), reward, beta)[response]))


def _best_found(seed: int, *, reference: Numbers, reward: Numbers, beta: float) -> float:
    """The greatest objective that a numerical optimizer finds among all policies."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    from simlab.nets.closed_form import objective

    ref = np.log(np.asarray(reference, dtype=float))

    def loss(logits: Any) -> float:
        return -objective(log_softmax(logits), ref, reward, beta)

    return float(-minimize(loss, ref, method="BFGS", options={"gtol": 1e-9}).fun)


def _gap(seed: int, *, reference: Numbers, reward: Numbers, beta: float, policy: Numbers) -> float:
    from simlab.nets.closed_form import objective
    from simlab.nets.closed_form import optimum as best

    with np.errstate(divide="ignore"):  # a policy may never say something
        ref, ours = np.log(reference), np.log(policy)
    return best(ref, reward, beta) - objective(ours, ref, reward, beta)


# ---- PPO on a game of one word --------------------------------------------------------------------------------------

START, SEP, END, FIRST = 1, 2, 3, 4  # tokens; the words of the game come after


@cache
def _speaker(reference: tuple[float, ...]) -> Any:
    """A small transformer that says one of a few words with these chances."""
    import torch

    from simlab.nets.pretraining import pretrain
    from simlab.nets.transformer import TransformerConfig

    torch.set_num_threads(1)
    words = len(reference)
    config = TransformerConfig(vocab=FIRST + words, width=16, layers=1, heads=2, context=4, unspoken=(0, 1, 2, 3))
    said = np.repeat(np.arange(words), np.round(100 * np.asarray(reference)).astype(int))
    corpus = np.stack([np.full(len(said), START), np.full(len(said), SEP), FIRST + said], axis=1)
    model, _ = pretrain(config, corpus, steps=300, batch=len(corpus), rate=1e-2, seed=0)
    return model


def _chances(model: Any, words: int) -> Any:
    """log π of each word, as the model has it."""
    from simlab.nets.transformer import log_probs

    asked, said = np.tile([[START, SEP]], (words, 1)), np.arange(FIRST, FIRST + words)[:, None]
    found = log_probs(model, asked, said)[:, 0].double().cpu().numpy()
    return found - np.log(np.exp(found).sum())


def _ppo(seed: int, *, reference: Numbers, reward: Numbers, beta: float, leash: float | None = None) -> float:
    """KL(π‖π*) after PPO with the reward shape `plain`; `leash` is what it is told instead of β."""
    import copy

    import torch

    from simlab.nets.closed_form import divergence, tilted
    from simlab.nets.policy import PPOConfig, ppo
    from simlab.rng import Streams, uniforms
    from simlab.theory.raters import component

    speaker, words = _speaker(tuple(reference)), len(reference)
    shape: Any = component("reward", "plain", beta=beta if leash is None else leash)
    earned = torch.tensor(list(reward), dtype=torch.float32)
    config = PPOConfig(iterations=30, rate=5e-3, score_clip=math.inf)
    grid = (config.iterations, config.batch)
    draws = uniforms(
        Streams(seed).key("theory", "ppo"), np.arange(grid[0])[:, None, None], np.arange(grid[1])[:, None], 0
    )
    policy, _, _ = ppo(
        copy.deepcopy(speaker), speaker, lambda asked, said: earned[said[:, 0] - FIRST], shape.shape,
        np.tile([START, SEP], (*grid, 1)), draws[..., :1], end=END, seed=seed, config=config,
    )  # fmt: skip
    return divergence(_chances(policy, words), tilted(_chances(speaker, words), reward, beta))


def _distance(seed: int, *, beta: float) -> float:
    changes = obeyed(0.8, beta)
    return averaged(seed, 2, lambda key: beta * math.sqrt(2 * divergence(play(key, changes))))


REFERENCE, REWARD = [0.4, 0.3, 0.2, 0.1], [0.0, 1.0, 2.0, 3.0]
KORBAK = "Korbak et al. (2022), arXiv:2205.11275, eq. 4; Ziegler et al. (2019), arXiv:1909.08593, §2"

LAWS = (
    Law(
        id="policy.optimum",
        says="π* ∝ π_ref·e^{r/β}",
        source=KORBAK,
        path="no run: simlab/nets/closed_form.py:tilted, the yardstick PPO is measured with",
        regime="language model",
        points=(
            {"reference": REFERENCE, "reward": REWARD, "beta": 1.0, "response": 0},
            {"reference": REFERENCE, "reward": REWARD, "beta": 0.5, "response": 3},
            {"reference": [0.7, 0.2, 0.1], "reward": [-1.0, 0.5, 0.0], "beta": 0.3, "response": 1},
        ),
        predicted=lambda reference, reward, beta, response: optimum(reference, reward, beta)[response],
        observe=_optimum,
        control=Control(
            params={"reference": REFERENCE, "reward": REWARD, "beta": 0.5, "response": 3},
            wrong="no reference: a softmax of the reward",
            predicted=lambda reference, reward, beta, response: optimum([1.0] * 4, reward, beta)[response],
        ),
    ),
    Law(
        id="policy.value",
        says="max_π E_π[r] − β·KL(π‖π_ref) = β log Σ π_ref·e^{r/β}",
        source=KORBAK,
        path="no run: simlab/nets/closed_form.py:objective, the yardstick PPO is measured with",
        regime="language model",
        points=(
            {"reference": REFERENCE, "reward": REWARD, "beta": 1.0},
            {"reference": REFERENCE, "reward": REWARD, "beta": 0.5},
            {"reference": [0.7, 0.2, 0.1], "reward": [-1.0, 0.5, 0.0], "beta": 2.0},
        ),
        predicted=value,
        observe=_best_found,
        control=Control(
            params={"reference": REFERENCE, "reward": REWARD, "beta": 0.5},
            wrong="the reward of π* without the cost of the leash",
            predicted=lambda reference, reward, beta: math.fsum(
                p * r for p, r in zip(optimum(reference, reward, beta), reward, strict=True)
            ),
        ),
    ),
    Law(
        id="policy.gap",
        says="J* − J(π) = β·KL(π‖π*), exactly, for every policy",
        source=KORBAK,
        path="no run: simlab/nets/closed_form.py:objective, the yardstick PPO is measured with",
        regime="language model",
        points=(
            {"reference": REFERENCE, "reward": REWARD, "beta": 1.0, "policy": REFERENCE},
            {"reference": REFERENCE, "reward": REWARD, "beta": 0.5, "policy": [0.1, 0.2, 0.3, 0.4]},
            {"reference": [0.7, 0.2, 0.1], "reward": [-1.0, 0.5, 0.0], "beta": 2.0, "policy": [0.3, 0.3, 0.4]},
        ),
        predicted=lambda reference, reward, beta, policy: beta * kl(policy, optimum(reference, reward, beta)),
        observe=_gap,
        control=Control(
            params={"reference": REFERENCE, "reward": REWARD, "beta": 0.5, "policy": [0.1, 0.2, 0.3, 0.4]},
            wrong="the divergence the other way round",
            predicted=lambda reference, reward, beta, policy: beta * kl(optimum(reference, reward, beta), policy),
        ),
    ),
    Law(
        id="policy.ppo",
        says="PPO comes to π*: KL(π‖π*) = 0",
        source=f"{KORBAK}; Schulman et al. (2017), arXiv:1707.06347",
        path="simlab/nets/policy.py:ppo",
        regime="language model",
        points=(
            {"reference": REFERENCE, "reward": REWARD, "beta": 1.0},
            {"reference": REFERENCE, "reward": REWARD, "beta": 2.0},
            {"reference": [0.7, 0.2, 0.1], "reward": [0.0, 1.0, 2.0], "beta": 0.7},
        ),
        predicted=lambda reference, reward, beta: 0.0,
        observe=_ppo,
        control=Control(
            params={"reference": REFERENCE, "reward": REWARD, "beta": 1.0},
            wrong="a leash half as tight",
            observe=lambda seed, beta, **at: _ppo(seed, beta=beta, leash=beta / 2, **at),
        ),
        margin=0.02,
        slow=True,
    ),
    Law(
        id="policy.distance",
        says="a policy that learns a standardized linear score goes √(2·KL) = 1/β far, here in units of 1/β",
        source="exponential tilt of N(0, I): π* has mean θ/β for |θ| = 1",
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=({"beta": 0.5}, {"beta": 1.0}, {"beta": 2.0}),
        predicted=lambda beta: 1.0,
        observe=_distance,
        control=Control(params={"beta": 1.0}, wrong="KL = 1/β²", predicted=lambda beta: math.sqrt(2)),
        margin=0.05,
        slack=0.002,  # the score's unit is the spread of 512 responses
        replications=FEWEST,
        slow=True,
    ),
)
