"""Shapes that adapt: a leash finds its distance and a multiplier its constraint, in PPO and where theory is exact."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from simlab.components.reward_shape import RewardShape
from simlab.errors import PluginFailed
from simlab.machines.language_backend import Round
from simlab.machines.linear_rm import LinearRM
from simlab.machines.reward_backend import Evidence
from simlab.machines.shaped_reward import Rewarding, adapted, directed
from simlab.nets.closed_form import divergence, tilted
from simlab.nets.policy import PPOConfig, ppo
from simlab.nets.transformer import Transformer, log_probs
from simlab.plugins.registry import discover
from tests.one_word import END, LOGP, REWARD, SEP, START, WORD, one_thread, reference_model
from tests.small_world import play

torch = pytest.importorskip("torch")
Array = NDArray[np.float64]
PLUGINS = discover(local=False)
COST = np.array([-1.0, 0.5, 0.0, 1.0])


def made(name: str, **settings: Any) -> Any:
    return PLUGINS.get("reward", name)(**settings)


def learner(name: str) -> Any:
    return PLUGINS.get("learner", name)()


# ---- PPO, with responses of one word ------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="module")
def reference() -> Transformer:
    """A pretrained model that says one of four words, with chances .4, .3, .2, .1."""
    return reference_model()


def judge(values: Array) -> Any:
    """Who scores a word by its place."""
    table = torch.tensor(values, dtype=torch.float32)
    return SimpleNamespace(
        score=lambda prompts, responses: table[responses[:, 0] - WORD],
        known=lambda prompts, responses: None,
        of_tokens=lambda prompts, responses, known: table[responses - WORD][None],
        standardized=lambda added, apart: added.sum(2)[0],
    )


LAST = 30  # iterations that are looked at, when all has settled


def practised(reference: Transformer, shape: RewardShape, iterations: int = 80) -> tuple[Array, Array, Array, Array]:
    """log π after training; and of the last iterations KL, mean cost and coefficient."""
    config = PPOConfig(iterations=iterations, batch=128, rate=1e-2)
    rewarding = Rewarding(shape, judge(REWARD), judge(-COST) if shape.costs() else None)
    uniforms = np.random.default_rng(0).random((config.iterations, config.batch, 1))
    prompts = np.tile([[[START, SEP]]], (config.iterations, config.batch, 1))
    policy, _, metrics = ppo(
        copy.deepcopy(reference), reference, rewarding.score, rewarding.reward, prompts, uniforms, end=END, seed=0,
        config=config,
    )  # fmt: skip
    words = np.arange(WORD, WORD + 4)[:, None]
    found = log_probs(policy, np.tile([[START, SEP]], (4, 1)), words)[:, 0].double().numpy()
    for row, measured in zip(metrics, rewarding.measured, strict=True):  # what both have measured is the same
        assert row == pytest.approx(
            row | {name: measured[name] for name in row.keys() & measured.keys()}, abs=1e-5, nan_ok=True
        )
    names = ("objective_kl", "objective_cost", "coefficient")
    kl, costs, coefficients = (np.array([row[name] for row in rewarding.measured[-LAST:]]) for name in names)
    return found, kl, costs, coefficients


def error(logp: Array, values: Array) -> float:
    """Standard error of a mean of values over all words said in the last iterations."""
    p = np.exp(logp)
    return float(np.sqrt((p @ values**2 - (p @ values) ** 2) / (128 * LAST)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "k1", "centred", "k2", "k3"])
def test_only_the_log_ratio_leads_to_the_optimum(reference: Transformer, name: str) -> None:
    """As a reward; k2 and k3 charge a word for becoming rarer too, and no gradient flows through what they charge."""
    found, _, _, _ = practised(reference, made(name, beta=1.0))
    assert (divergence(found, tilted(LOGP, REWARD, 1.0)) < 0.01) == (name not in ("k2", "k3"))


def leash_of(kl: float) -> float:
    """The β at which the optimum is this far from the reference."""
    return float(brentq(lambda beta: divergence(tilted(LOGP, REWARD, beta), LOGP) - kl, 0.2, 50))


@pytest.mark.slow
@pytest.mark.parametrize(("target", "gain"), [(0.15, 0.1), (0.4, 0.1), (0.8, 0.1), (0.4, 1e-6)])
def test_the_leash_lets_the_model_go_as_far_as_it_should(reference: Transformer, target: float, gain: float) -> None:
    """Within four standard errors of the target, and β within what these make of it; the last gain is the control."""
    _, kl, _, betas = practised(reference, made("adaptive_kl", beta=1.0, target=target, gain=gain))
    star = tilted(LOGP, REWARD, leash_of(target))
    room = 4 * error(star, star - LOGP)
    assert (abs(kl.mean() - target) < room) == (gain == 0.1)
    assert (leash_of(target + room) < betas.mean() < leash_of(target - room)) == (gain == 0.1)


def constrained_optimum(multiplier: float) -> Array:
    return tilted(LOGP, REWARD - multiplier * COST, 1.0)


def multiplier_of(cost: float) -> float:
    """The λ at which the optimum costs this much."""
    return float(brentq(lambda m: np.exp(constrained_optimum(m)) @ COST - cost, 0, 20))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "step", "iterations"),
    [(-0.4, 0.25, 80), (-0.1, 0.25, 80), (0.1, 0.25, 80), (0.3, 0.25, 240), (-0.4, 1e-6, 80)],
)
def test_the_multiplier_finds_the_constrained_optimum(
    reference: Transformer, limit: float, step: float, iterations: int
) -> None:
    """The best policy whose mean cost is at the limit is an exponential tilt by reward − λ·cost; without a dual step
    (the control) the first λ stays, and the limit is missed. The farther λ has to go, the longer it takes."""
    shape = made("constrained", cost="care", beta=1.0, limit=limit, step=step)
    found, _, costs, multipliers = practised(reference, shape, iterations)
    star = constrained_optimum(multiplier_of(limit))
    room = 4 * error(star, COST)
    learns = step == 0.25
    assert np.exp(constrained_optimum(0.0)) @ COST > limit + room  # the limit binds
    assert (abs(costs.mean() - limit) < room) == learns
    assert (multiplier_of(limit + room) < multipliers.mean() < multiplier_of(limit - room)) == learns
    assert (divergence(found, star) < 0.01) == learns


# ---- where responses are vectors ----------------------------------------------------------------------------------

CARE = {
    "parties.nurses": {"kind": "raters", "count": 8, "values": {"harmless": 1}},
    "parties.care": {"kind": "reward_model"},
    "relations.4": {"principal": "nurses", "agent": "care", "every": 1, "sample": 200, "consequence": "gradient"},
}


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Of a played run with two reward models, of which the first has 64 members."""
    constrained = {"kind": "constrained", "cost": "care"}
    changes = {
        **CARE,
        "relations.3.consequence": {"kind": "gradient", "shape": constrained},
        "parties.rm.members": 64,
        "relations.2.sample": 2000,
    }
    return play(tmp_path_factory.mktemp("vectors"), changes).context.parties


def looks(parties: Any, shape: RewardShape, count: int) -> tuple[dict[str, float], RewardShape]:
    """What the last of so many looks came to, by the same judges, and the shape after it."""
    row: Any = {}
    for _ in range(count):
        limit = parties["care"].taught() if shape.costs() else None
        done = parties["lm"].backend.learn(
            learner("tilt"), Round([{**parties["rm"].taught(), "weight": 1.0}], limit, 1), shape, key=0
        )
        (row,), shape = done.rows, done.shape
    return row, shape


@pytest.mark.parametrize("target", [0.5, 2.0, 6.0])
def test_a_leash_finds_its_distance_where_theory_is_exact(parties: Any, target: float) -> None:
    """KL of the optimum is |θ|²/2β², θ being the direction of the score in its unit."""
    shape = made("adaptive_kl", beta=1.0, target=target, gain=0.4)
    row, after = looks(parties, shape, 80)
    theta = parties["rm"].backend.direction / parties["rm"].scale
    assert row["objective_kl"] == pytest.approx(target, rel=1e-6)
    assert row["coefficient"] == pytest.approx(np.linalg.norm(theta) / np.sqrt(2 * target), rel=1e-6)
    assert after.coefficient() == pytest.approx(row["coefficient"], rel=1e-6)
    assert looks(parties, shape, 1)[0]["objective_kl"] != pytest.approx(target, rel=0.01)  # where it began


@pytest.mark.parametrize("limit", [-1.0, -0.5, -0.25])
def test_a_multiplier_finds_its_constraint_where_theory_is_exact(parties: Any, limit: float) -> None:
    """The mean is (s − λc)/β, so that c·mean + c₀ = limit at λ = (c·s + β(c₀ − limit))/|c|², and at 0 if it is free."""
    shape = made("constrained", cost="care", beta=1.0, limit=limit, step=0.5, multiplier=0.5)
    row, _ = looks(parties, shape, 400)
    rm, care = parties["rm"], parties["care"]
    s, c = rm.backend.direction / rm.scale, -care.backend.direction / care.scale
    free = care.centre / care.scale
    best = (c @ s + free - limit) / (c @ c)
    assert best > 0.05
    assert row["coefficient"] == pytest.approx(best, rel=1e-3)
    assert row["objective_cost"] == pytest.approx(limit, abs=1e-3)
    np.testing.assert_allclose(parties["lm"].backend.mean, s - row["coefficient"] * c)
    free_row, _ = looks(parties, made("plain", beta=1.0), 1)  # the control: better off, were it not for the limit
    assert free_row["objective_rlhf_reward"] > row["objective_scores"] - row["objective_kl"]
    assert float(c @ parties["lm"].backend.mean) + free > limit + 0.1


def test_a_mean_of_members_tilts_toward_the_mean_of_their_directions(parties: Any) -> None:
    looks(parties, made("ensemble_mean", beta=0.5), 1)
    rm = parties["rm"]
    expected = np.mean([d / s for d, s in zip(rm.backend.directions, rm.scales, strict=True)], axis=0) / 0.5
    np.testing.assert_allclose(parties["lm"].backend.mean, expected)


@pytest.mark.parametrize("pairs", [400, 800, 1600])
def test_members_differ_as_much_as_their_labels_leave_open(parties: Any, pairs: int) -> None:
    """The variance between bootstrapped fits is that of the estimate itself, diag(H⁻¹) with H the curvature of the
    loss: four standard errors of the mean of 8 variances, each from 64 members, are 4·√(2/63/8)."""
    rm = parties["rm"]
    train = rm.memory[0][~rm.memory[0].held_out][:pairs]
    assert len(train) == pairs
    everything = Evidence(train, np.ones(pairs, dtype=bool), None)
    head = LinearRM(rm.spec.members, len(rm.context.game.dimensions))
    head.learn(learner("bradley_terry"), everything, key=3)
    single = LinearRM(1, len(rm.context.game.dimensions))
    single.learn(learner("bradley_terry"), everything, key=3)
    response = train.shown.response[train.place]
    x = response[:, 0] - response[:, 1]
    p = 1 / (1 + np.exp(-x @ single.direction))
    variance = np.diag(np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x))
    ratio = (head.directions.var(axis=0, ddof=1) / variance).mean()
    assert abs(ratio - 1) < 4 * (2 / 63 / 8) ** 0.5
    assert abs(2 * ratio - 1) > 4 * (2 / 63 / 8) ** 0.5  # control: half as much is not enough
    assert len(single.directions) == 1


# ---- what a shape must not do -------------------------------------------------------------------------------------


class Odd(RewardShape):
    """Becomes something else."""

    name = "odd"

    def updated(self, figures: Any) -> RewardShape:
        made_up: RewardShape = made("plain")
        return made_up


class Raises(Odd):
    """Fails."""

    name = "raises"

    def updated(self, figures: Any) -> RewardShape:
        return self.model_copy(update={"beta": figures["objective_kll"]})


def test_a_shape_that_adapts_into_something_else_is_named() -> None:
    with pytest.raises(PluginFailed, match="updated of reward shape 'odd' raised TypeError: updated must give a Odd"):
        adapted(Odd(), {"objective_kl": 1.0})
    with pytest.raises(PluginFailed, match=r"updated of reward shape 'raises' raised KeyError.*test_shaped_reward.py:"):
        adapted(Raises(), {"objective_kl": 1.0})


def test_a_direction_that_is_none_is_named() -> None:
    """Of a shape that asks members, and does not say what becomes of their directions."""
    with pytest.raises(PluginFailed, match="direction of reward shape 'odd' must be 3 finite numbers"):
        directed(Odd(), np.ones((2, 3)), None)
