"""Reward shapes: known values by hand or from the paper, estimators of KL, and what shaping leaves as it is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.components.component import parameters
from simlab.components.reward_shape import RewardShape
from simlab.nets.closed_form import divergence, tilted
from simlab.plugins.registry import discover

torch = pytest.importorskip("torch")
PLUGINS = discover(local=False)
SCORE = torch.tensor([1.0, 2.0, 6.0])
LOGP, REFERENCE = torch.full((3, 4), -1.0), torch.full((3, 4), -1.5)
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
ROOT, LOG3 = (14 / 3) ** 0.5, math.log(3.0)


def made(name: str, **settings: Any) -> Any:
    return PLUGINS.get("reward", name)(**settings)


def shaped(name: str, beta: float, **settings: Any) -> Any:
    return made(name, beta=beta, **settings).shape(SCORE, LOGP, REFERENCE, MASK)


def test_plain_is_the_score_at_the_end_less_the_penalty() -> None:
    expected = torch.tensor([[-0.1, -0.1, -0.1, 0.9], [-0.1, 1.9, 0.0, 0.0], [5.9, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(shaped("plain", 0.2), expected)


@pytest.mark.parametrize(
    ("name", "settings", "score", "expected"),
    [
        ("centred", {}, [1, 2, 6], [-2, -1, 3]),
        ("whitened", {}, [1, 2, 6], [-2 / ROOT, -1 / ROOT, 3 / ROOT]),
        ("clipped", {"bound": 2}, [1, -7, 6], [1, -2, 2]),
        ("sigmoid", {"width": 2}, [0, 2 * LOG3, -2 * LOG3], [0.5, 0.75, 0.25]),
        ("tanh", {"bound": 2}, [0, LOG3, -LOG3], [0, 1, -1]),
        ("margin", {"margin": 2}, [1, 2, 6], [-1, 0, 0]),
        ("preference", {"slope": LOG3, "reference": 1}, [1, 2, 0], [0.5, 0.75, 0.25]),
        ("log_preference", {"slope": LOG3, "reference": 1}, [1, 2, 0], [math.log(p) for p in (0.5, 0.75, 0.25)]),
        ("ensemble_mean", {}, [[1, 2, 6], [3, 0, 0]], [2, 1, 3]),
        ("ensemble_worst", {}, [[1, 2, 6], [3, 0, 0]], [1, 0, 0]),
        ("ensemble_uncertain", {"doubt": 0.5}, [[1, 2, 6], [3, 0, 0]], [2 - 0.5, 1 - 0.5, 3 - 4.5]),
        ("ensemble_worst", {}, [1, 2, 6], [1, 2, 6]),  # one model is an ensemble of one
        ("ensemble_uncertain", {"doubt": 9}, [1, 2, 6], [1, 2, 6]),
    ],
)
def test_what_a_shape_makes_of_scores(name: str, settings: Any, score: Any, expected: Any) -> None:
    rewards = made(name, beta=0, **settings).shape(torch.tensor(score, dtype=torch.float64), LOGP, REFERENCE, MASK)
    plain = made("plain", beta=0).shape(torch.tensor(expected, dtype=torch.float64), LOGP, REFERENCE, MASK)
    torch.testing.assert_close(rewards, plain)


@pytest.mark.parametrize(("name", "nats"), [("k1", 0.5), ("k2", 0.125), ("k3", math.exp(-0.5) - 1 + 0.5)])
def test_each_estimator_charges_its_own(name: str, nats: float) -> None:
    """Of a word that the policy says with probability e⁻¹, and the reference with e⁻¹·⁵."""
    torch.testing.assert_close(
        shaped(name, 2.0), made("plain", beta=0).shape(SCORE, LOGP, REFERENCE, MASK) - 2 * nats * MASK
    )


@pytest.mark.parametrize(("quantile", "z"), [(0.05, -1.6448536), (0.5, 0.0), (0.8413447, 1.0)])
def test_a_quantile_of_normal_scores(quantile: float, z: float) -> None:
    """μ + z·σ at the end, z by a table of the normal distribution; without deviations it is `plain`."""
    shape, deviation = made("lower_quantile", beta=0.2, quantile=quantile), torch.tensor([2.0, 0.0, 1.0])
    expected = made("plain", beta=0.2).shape(SCORE + z * deviation, LOGP, REFERENCE, MASK)
    torch.testing.assert_close(shape.shape(SCORE, LOGP, REFERENCE, MASK, deviation=deviation), expected)
    torch.testing.assert_close(shape.shape(SCORE, LOGP, REFERENCE, MASK), shaped("plain", 0.2))


def test_every_token_has_its_price() -> None:
    assert shaped("length_penalised", 0, price=0.5).sum(1).tolist() == [1 - 2, 2 - 1, 6 - 0.5]


def test_no_end_costs() -> None:
    shape = made("missing_end", beta=0, missing=4.0)
    ended = torch.tensor([True, False, True])
    assert shape.shape(SCORE, LOGP, REFERENCE, MASK, ended=ended).sum(1).tolist() == [1, -2, 6]
    assert shape.shape(SCORE, LOGP, REFERENCE, MASK).sum(1).tolist() == [1, 2, 6]


def test_the_leash_follows_the_published_controller() -> None:
    """β ← β(1 + K·clip(KL/target − 1, ±.2)), Ziegler et al. 2019, §2.2."""
    shape = made("adaptive_kl", beta=0.2, target=6.0, gain=0.1)
    betas = [shape.updated({"objective_kl": kl}).beta for kl in (6.0, 6.6, 60.0, 0.0)]
    assert betas == pytest.approx([0.2, 0.2 * 1.01, 0.2 * 1.02, 0.2 * 0.98])
    assert shape.beta == shape.coefficient() == 0.2  # the shape itself stays as it is


def test_the_multiplier_takes_a_dual_step() -> None:
    """ln λ ← ln λ + α·λ·(cost − limit), Dai et al. 2023, eq. 31."""
    shape = made("constrained", cost="care", beta=0, multiplier=2.0, limit=0.5, step=0.1)
    cost = torch.tensor([0.0, 1.0, 3.0])
    assert shape.shape(SCORE, LOGP, REFERENCE, MASK, cost=cost).sum(1).tolist() == [1, 0, 0]
    after = [shape.updated({"objective_cost": c}).multiplier for c in (0.5, 1.5, -0.5)]
    assert after == pytest.approx([2.0, 2 * math.exp(0.2), 2 * math.exp(-0.2)])
    assert shape.coefficient() == 2.0


def test_there_are_as_many_as_there_should_be() -> None:
    entries = [e for e in PLUGINS.entries if e.kind == "reward" and e.ok]
    assert len({e.cls for e in entries}) == len(entries) >= 20
    adaptive = [e.name for e in entries if e.cls is not None and e.cls.updated is not RewardShape.updated]  # type: ignore[attr-defined]
    assert sorted(adaptive) == ["adaptive_kl", "constrained"]


# ---- estimators of KL ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "name", "bias", "spread"),
    [
        (0.1, "k1", 0, 20), (0.1, "k2", 0.002, 1.42), (0.1, "k3", 0, 1.42),
        (1.0, "k1", 0, 2), (1.0, "k2", 0.25, 1.73), (1.0, "k3", 0, 1.7),
    ],
)  # fmt: skip
def test_estimators_have_their_published_bias_and_spread(shift: float, name: str, bias: float, spread: float) -> None:
    """Both relative to KL(N(0, 1)‖N(shift, 1)) = shift²/2: the two tables of Schulman 2020, here by quadrature."""
    at, weights = np.polynomial.hermite_e.hermegauss(120)
    x, w = torch.tensor(at), torch.tensor(weights / weights.sum())
    k = made(name).penalty(-(x**2) / 2, -((x - shift) ** 2) / 2)
    mean = float((w * k).sum())
    true = shift**2 / 2
    assert mean / true - 1 == pytest.approx(bias, abs=0.0006)
    assert float((w * (k - mean) ** 2).sum().sqrt()) / true == pytest.approx(spread, abs=0.05)


@pytest.mark.parametrize("policy", [(0.1, 0.2, 0.3, 0.4), (0.7, 0.1, 0.1, 0.1), (0.02, 0.08, 0.2, 0.7)])
def test_k1_and_k3_are_unbiased_and_k2_is_not(policy: tuple[float, ...]) -> None:
    """Means over 200,000 words against the exact KL of two categorical distributions, within 4 standard errors."""
    p, q = np.array(policy), np.array([0.4, 0.3, 0.2, 0.1])
    words = np.random.default_rng(0).choice(4, size=200_000, p=p)
    logp, logp_ref = torch.tensor(np.log(p)[words]), torch.tensor(np.log(q)[words])
    true = divergence(np.log(p), np.log(q))

    def off(name: str) -> float:
        """How many standard errors the mean is from the truth."""
        k = made(name).penalty(logp, logp_ref)
        return float((k.mean() - true).abs() / (k.std() / len(words) ** 0.5))

    assert off("k1") < 4
    assert off("k3") < 4
    assert off("k2") > 20


# ---- potential-based shaping --------------------------------------------------------------------------------------


def responses() -> tuple[Any, Any, Any]:
    """Every response of a game of three words, of which the first ends it, and of at most three turns: the reference's
    log-probabilities [n, 3], the mask [n, 3] and scores [n], all float64."""
    rng = np.random.default_rng(1)
    rows: list[list[float]] = []

    def go_on(said: list[float]) -> None:
        for word, p in enumerate(rng.dirichlet([1, 1, 1])):
            now = [*said, math.log(p)]
            if word == 0 or len(now) == 3:
                rows.append(now)
            else:
                go_on(now)

    go_on([])
    logp_ref = torch.tensor([row + [0.0] * (3 - len(row)) for row in rows], dtype=torch.float64)
    mask = torch.tensor([[1] * len(row) + [0] * (3 - len(row)) for row in rows])
    return logp_ref, mask, torch.tensor(rng.normal(size=len(rows)))


@pytest.mark.parametrize(("weight", "beta"), [(1.0, 0.5), (-2.0, 1.0), (5.0, 0.2)])
def test_shaping_by_a_potential_leaves_the_optimum(weight: float, beta: float) -> None:
    """Ng, Harada & Russell 1999: the same π*, to the last digits, though rewards come at other times."""
    logp_ref, mask, score = responses()
    logq = logp_ref.sum(1).numpy()
    assert np.exp(logq).sum() == pytest.approx(1)

    def best(shape: Any) -> tuple[Any, Any]:
        rewards = shape.shape(score, logp_ref, logp_ref, mask)
        return rewards, tilted(logq, rewards.sum(1).numpy(), beta)

    plain, star = best(made("plain"))
    rewards, found = best(made("potential", weight=weight))
    np.testing.assert_allclose(found, star, atol=1e-12)
    assert float((rewards - plain).abs().max()) > 0.1
    _, moved = best(made("length_penalised", price=0.5))  # no potential: nothing is paid back
    assert divergence(star, moved) > 0.01


@pytest.mark.parametrize("gamma", [1.0, 0.9, 0.3])
def test_nothing_is_gained_by_it_at_any_discount(gamma: float) -> None:
    logp_ref, mask, score = responses()
    extra = made("potential", weight=2.0, gamma=gamma, beta=0).shape(score, logp_ref, logp_ref, mask)
    extra = extra - made("plain", beta=0).shape(score, logp_ref, logp_ref, mask)
    discounts = gamma ** torch.arange(3, dtype=torch.float64)
    torch.testing.assert_close((extra * discounts).sum(1), torch.zeros_like(score))
    wrong = gamma * 0.8  # control: the learner discounts otherwise than the shape
    assert float((extra * wrong ** torch.arange(3)).sum(1).abs().max()) > 0.01


# ---- making one ---------------------------------------------------------------------------------------------------


def test_one_body_gives_both_and_both_are_registered() -> None:
    plain, whitened = (PLUGINS.get("reward", name) for name in ("plain", "whitened"))
    assert issubclass(whitened, plain)
    assert {"plain", "whitened"} <= {e.name for e in PLUGINS.entries if e.kind == "reward" and e.ok}


def test_a_plain_function_is_enough(tmp_path: Path) -> None:
    """The file defines a function; the scenario calls it by its name."""
    (tmp_path / "only_the_end.py").write_text(
        "import simlab\n\n\n"
        "@simlab.reward_shape\n"
        "def only_the_end(score, logp, logp_ref, mask):\n"
        '    """The score on every token."""\n'
        "    return score[:, None] * mask\n"
    )
    registry = discover(tmp_path)  # also where plugins lie beside a scenario
    made = registry.get("reward", "only_the_end")()
    score, mask = torch.tensor([2.0, -1.0]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert made.shape(score, mask, mask, mask).tolist() == [[2.0, 2.0], [-1.0, 0.0]]
    assert parameters(made) == {"kind": "only_the_end"}


def test_a_class_needs_one_method(tmp_path: Path) -> None:
    """Derived from `KLPenalizedReward`, beside a scenario."""
    (tmp_path / "doubled.py").write_text(
        "import simlab\n\n\n"
        "class Doubled(simlab.KLPenalizedReward):\n"
        '    """Twice the score."""\n\n'
        '    name = "doubled"\n\n'
        "    def scored(self, score):\n"
        "        return 2 * score\n"
    )
    shape: Any = discover(tmp_path).get("reward", "doubled")(beta=0.5)
    assert shape.shape(SCORE, LOGP, REFERENCE, MASK).sum(1).tolist() == [2 - 1, 4 - 0.5, 12 - 0.25]
    assert shape.leash() == 0.5
