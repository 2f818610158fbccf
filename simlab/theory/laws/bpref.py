"""The teacher of B-Pref, whose order matters: skip, equal, choose, mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.laws.choice import COUNT, MARGIN, logistic, share
from simlab.theory.raters import cohort, draws, labels, policy

PAPER = "Lee et al. (2021), B-Pref, arXiv:2111.03026, algorithm 1"


def teacher(
    label: int,
    *,
    left: float,
    right: float,
    beta: float = 1.0,
    eps_mistake: float = 0.0,
    eps_skip: float = 0.0,
    eps_equal: float = 0.0,
    average_return: float = 1.0,
) -> float:
    """P(label) of returns `left` and `right`, in the published order."""
    skipped = eps_skip > 0 and max(left, right) < eps_skip * average_return
    equal = eps_equal > 0 and abs(left - right) < eps_equal * average_return
    if skipped or equal:
        return float(label == 0)
    better = logistic(beta * (left - right))
    said = (1 - eps_mistake) * better + eps_mistake * (1 - better)
    return {0: 0.0, 1: said, 2: 1 - said}[label]


def _teacher(label: int, seed: int, *, left: float, right: float, **settings: Any) -> float:
    return share(labels(seed, policy("bpref", **settings), [left, right], COUNT), label)


def myopic(left: Sequence[float], right: Sequence[float], gamma: float, beta: float) -> float:
    """P(left) of two segments of rewards: σ(β Σ_t γ^(T−1−t)(l_t − r_t)), later steps weighing more."""
    last = len(left) - 1
    return logistic(
        beta * math.fsum(gamma ** (last - t) * (a - b) for t, (a, b) in enumerate(zip(left, right, strict=True)))
    )


def _myopic(seed: int, *, left: Sequence[float], right: Sequence[float], gamma: float, beta: float) -> float:
    segments = np.broadcast_to(np.array([left, right], dtype=float), (COUNT, 2, len(left)))
    rater = policy("bpref", gamma=gamma, beta=beta)
    return share(rater.choose(segments, cohort(COUNT), draws(seed, "myopic", COUNT)), 1)


LAWS = (
    Law(
        id="bpref.mistake",
        says="P(left) = ε + (1 − 2ε)·σ(βΔ): chosen first, flipped then",
        source=PAPER,
        path="plugins/raters/bpref.py:BPref.choose",
        regime="exact",
        points=(
            {"left": 1.0, "right": 0.0, "eps_mistake": 0.1},
            {"left": 0.5, "right": 1.5, "eps_mistake": 0.2, "beta": 2.0},
            {"left": 3.0, "right": 0.0, "eps_mistake": 0.3, "beta": 10.0},
        ),
        predicted=lambda **at: teacher(1, **at),
        observe=lambda seed, **at: _teacher(1, seed, **at),
        control=Control(
            params={"left": 1.0, "right": 0.0, "eps_mistake": 0.1},
            wrong="mistakes that toss a coin",
            predicted=lambda left, right, eps_mistake: 0.5 * eps_mistake + (1 - eps_mistake) * logistic(left - right),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="bpref.equal",
        says="within the threshold a pair is equal, whatever the chance of a mistake",
        source=PAPER,
        path="plugins/raters/bpref.py:BPref.choose",
        regime="exact",
        points=(
            {"left": 1.0, "right": 0.95, "eps_equal": 0.1, "eps_mistake": 0.1},
            {"left": 1.0, "right": 0.5, "eps_equal": 0.1, "average_return": 10.0},
            {"left": 1.0, "right": 0.85, "eps_equal": 0.1, "eps_mistake": 0.4},  # 10 % of 10 % would be another rule
        ),
        predicted=lambda **at: teacher(0, **at),
        observe=lambda seed, **at: _teacher(0, seed, **at),
        control=Control(
            params={"left": 1.0, "right": 0.95, "eps_equal": 0.1, "eps_mistake": 0.1},
            wrong="equal pairs flipped to a side as often as others",
            predicted=lambda eps_mistake, **at: 1 - eps_mistake,
        ),
    ),
    Law(
        id="bpref.skip",
        says="a pair is skipped if the better return is below the threshold",
        source=PAPER,
        path="plugins/raters/bpref.py:BPref.choose",
        regime="exact",
        points=(
            {"left": 0.05, "right": 0.02, "eps_skip": 0.1},
            {"left": 0.05, "right": 0.2, "eps_skip": 0.1},
            {"left": 2.0, "right": -1.0, "eps_skip": 0.1, "average_return": 30.0},
        ),
        predicted=lambda **at: teacher(0, **at),
        observe=lambda seed, **at: _teacher(0, seed, **at),
        control=Control(
            params={"left": 0.05, "right": 0.2, "eps_skip": 0.1},
            wrong="skipped if the worse return is below it",
            predicted=lambda left, right, eps_skip: float(min(left, right) < eps_skip),
        ),
    ),
    Law(
        id="bpref.myopic",
        says="P(left) = σ(β Σ_t γ^(T−1−t) Δ_t)",
        source=PAPER,
        path="plugins/raters/bpref.py:BPref.choose",
        regime="exact",
        points=(
            {"left": [1.0, 0.0, 0.0], "right": [0.0, 0.0, 0.5], "gamma": 0.9, "beta": 1.0},
            {"left": [2.0, 0.0], "right": [0.0, 1.0], "gamma": 0.5, "beta": 2.0},
            {"left": [1.0, 1.0, 1.0, 1.0], "right": [0.0, 2.0, 0.0, 1.0], "gamma": 0.7, "beta": 1.0},
        ),
        predicted=lambda left, right, gamma, beta: myopic(left, right, gamma, beta),
        observe=_myopic,
        control=Control(
            params={"left": [3.0, 0.0, 0.0], "right": [0.0, 0.0, 0.5], "gamma": 0.5, "beta": 1.0},
            wrong="later steps discounted, as in returns from the start",
            predicted=lambda left, right, gamma, beta: myopic(left[::-1], right[::-1], gamma, beta),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
)
