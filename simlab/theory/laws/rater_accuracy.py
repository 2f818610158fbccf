"""How often raters are right who agree so often: what an agreement rate says, and does not say, about accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.laws.choice import logistic
from simlab.theory.normal import mean_over_normal
from simlab.theory.raters import cohort, draws, policy

COUNT = 15_000  # pairs judged


def _mean_over(utilities: str) -> Callable[[Callable[[float], float]], float]:
    """The expectation over utility differences that are normal, or Laplace distributed."""
    if utilities == "normal":
        return mean_over_normal
    from scipy.integrate import quad

    return lambda f: float(quad(lambda x: (f(x) + f(-x)) * math.exp(-x) / 2, 0, 50, limit=200)[0])


def boltzmann_accuracy(agreement: float, utilities: str) -> float:
    """E σ(|Δ|/τ) at the τ for which E[σ² + (1 − σ)²] is this agreement."""
    from scipy.optimize import brentq

    mean = _mean_over(utilities)

    def excess(log_tau: float) -> float:
        return mean(lambda x: 1 - 2 * logistic(x / math.exp(log_tau)) * logistic(-x / math.exp(log_tau))) - agreement

    tau = math.exp(float(brentq(excess, -6, 6)))
    return mean(lambda x: logistic(abs(x) / tau))


def _differences(seed: int, utilities: str) -> Array:
    """Utility differences of as many pairs, of normal or Laplace distribution."""
    from scipy.special import ndtri

    u = draws(seed, "differences", COUNT)[:, 0]
    return np.asarray(ndtri(u) if utilities == "normal" else -np.sign(u - 0.5) * np.log1p(-2 * np.abs(u - 0.5)))


def _boltzmann_accuracy(seed: int, *, agreement: float, utilities: str) -> float:
    """The accuracy of raters whose temperature is set so that two of them agree so often on all pairs."""
    from scipy.optimize import brentq

    from simlab.components.choice_noise import expected_agreement

    pairs = np.stack([_differences(seed, utilities), np.zeros(COUNT)], axis=1)

    def excess(log_tau: float) -> float:
        rater = policy("boltzmann", temperature=math.exp(log_tau))
        return expected_agreement(rater.probabilities(pairs, cohort(COUNT))[:, :1]) - agreement

    rater = policy("boltzmann", temperature=math.exp(float(brentq(excess, -6, 6, xtol=1e-6))))
    said = rater.choose(pairs, cohort(COUNT), draws(seed, "labels", COUNT))[:, 0]
    return float(np.mean((said == 1) == (pairs[:, 0] > 0)))


def _flip_accuracy(seed: int, *, agreement: float) -> float:
    rater = policy("mistaken", agreement=agreement).calibrated(np.ones((1, 1)))
    return float(
        np.mean(rater.choose(np.tile([1.0, 0.0], (COUNT, 1)), cohort(COUNT), draws(seed, "labels", COUNT)) == 1)
    )


CALIBRATED = ("boltzmann", "davidson", "mistaken", "rao_kupper", "thurstone")  # those that can be set for an agreement


def _calibrated(seed: int, *, agreement: float, rater: str, utilities: str = "normal") -> float:
    """How often two raters who were calibrated to agree so often do, on other pairs that are clear.

    What is meant is agreement where both decide, with all pairs counting alike. Pairs that are seldom decided count
    more often by as much (Horvitz & Thompson 1952).
    """
    from simlab.components.choice_noise import clear_pairs

    known, other = (_differences(2 * seed + i, utilities)[:, None] for i in (0, 1))
    found = policy(rater, agreement=agreement).calibrated(known)
    clear = clear_pairs(other)
    pairs = np.concatenate([clear, np.zeros_like(clear)], axis=1)
    people = cohort(len(pairs))
    one, two = (found.choose(pairs, people, draws(seed, f"rater {i}", len(pairs)))[:, 0] for i in (0, 1))
    decided = (one != 0) & (two != 0)
    weight = 1 / (1 - found.probabilities(pairs, people)[decided, 2]) ** 2
    return float(np.average(one[decided] == two[decided], weights=weight))


def _no_setting(agreement: float, rater: str, utilities: str = "normal") -> str:
    if rater not in CALIBRATED:
        return f"{rater} is not set for an agreement; those that are: {', '.join(CALIBRATED)}"
    return "" if 0.5 < agreement < 1 else "two raters agree on more than half, and not on all"


LAWS = (
    Law(
        id="agreement.accuracy_of_flips",
        says="raters who flip labels and agree on a share A are right on ½ + ½√(2A − 1)",
        source="inverse of A = (1 − ε)² + ε²; Lee et al. (2021), arXiv:2111.03026, for the raters",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="language model",
        points=({"agreement": 0.726}, {"agreement": 0.6}, {"agreement": 0.9}),
        predicted=lambda agreement: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        observe=_flip_accuracy,
        control=Control(
            params={"agreement": 0.726}, wrong="accuracy is agreement", predicted=lambda agreement: agreement
        ),
        margin=0.01,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.accuracy_of_boltzmann",
        says="Bradley–Terry raters who agree on a share A = E[σ² + (1 − σ)²] are right on E σ(|Δ|/τ)",
        source="numerical inversion over normal or Laplace utility differences",
        path="simlab/components/choice_noise.py:expected_agreement",
        regime="gaussian",
        points=(
            {"agreement": 0.726, "utilities": "normal"},
            {"agreement": 0.726, "utilities": "laplace"},
            {"agreement": 0.85, "utilities": "normal"},
        ),
        predicted=boltzmann_accuracy,
        observe=_boltzmann_accuracy,
        control=Control(
            params={"agreement": 0.726, "utilities": "normal"},
            wrong="raters who flip labels: agreement does not identify the rater",
            predicted=lambda agreement, utilities: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        ),
        margin=0.01,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.calibrated",
        says="raters whose noise was set for an agreement agree so often, where both decide, on other clear pairs",
        source="the definition of the setting `agreement`",
        path="simlab/components/choice_noise.py:temperature_for",
        regime="language model",
        points=(
            {"agreement": 0.726, "rater": "boltzmann"},
            {"agreement": 0.6, "rater": "thurstone"},
            {"agreement": 0.85, "rater": "boltzmann", "utilities": "laplace"},
            {"agreement": 0.65, "rater": "rao_kupper"},
        ),
        predicted=lambda agreement, rater, utilities="normal": agreement,
        observe=_calibrated,
        refuses=_no_setting,
        control=Control(
            params={"agreement": 0.726, "rater": "boltzmann"},
            wrong="agreement of one rater with the truth",
            predicted=lambda agreement, rater: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        ),
        margin=0.015,
        replications=REPLICATIONS,
    ),
)
