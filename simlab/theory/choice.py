"""How people choose: Bradley–Terry, Thurstone, Davidson, Rao–Kupper, Plackett–Luce, GLAD, the B-Pref teacher."""

from __future__ import annotations

import math

import numpy as np

from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.people import labels, policy

COUNT = 40_000  # labels an observation: the standard error of a share is at most .0025
MARGIN = 0.01


def logistic(x: float) -> float:
    """σ(x)."""
    return 1 / (1 + math.exp(-x))


def _bradley_terry(seed: int, *, delta: float, tau: float) -> float:
    return float(np.mean(labels(seed, policy("boltzmann", temperature=tau), [delta, 0.0], COUNT) == 1))


def davidson_tie(*, delta: float, nu: float, tau: float = 1.0) -> float:
    """Davidson's P(undecided) with π = exp(u/τ)."""
    tie = nu * math.exp(-abs(delta) / tau / 2)
    return tie / (1 + math.exp(-abs(delta) / tau) + tie)


def _davidson_tie(seed: int, *, delta: float, nu: float, tau: float = 1.0) -> float:
    return float(np.mean(labels(seed, policy("boltzmann", temperature=tau, ties=nu), [delta, 0.0], COUNT) == 0))


LAWS = (
    Law(
        id="choice.bradley_terry",
        says="P(left) = σ(Δ/τ)",
        source="Bradley & Terry (1952), Biometrika 39",
        regime="exact",
        points=({"delta": 1.0, "tau": 1.0}, {"delta": 0.3, "tau": 0.5}, {"delta": -2.0, "tau": 1.5}),
        predicted=lambda delta, tau: logistic(delta / tau),
        observe=_bradley_terry,
        control=Control(
            params={"delta": 1.0, "tau": 0.5},
            wrong="a temperature that multiplies",
            predicted=lambda delta, tau: logistic(delta * tau),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.davidson_tie",
        says="P(tie) = ν√(π_i π_j) / (π_i + π_j + ν√(π_i π_j))",
        source="Davidson (1970), JASA 65, eq. 2.2",
        regime="exact",
        points=({"delta": 1.0, "nu": 0.75}, {"delta": 0.0, "nu": 1.0}, {"delta": 2.0, "nu": 2.0, "tau": 1.5}),
        predicted=davidson_tie,
        observe=_davidson_tie,
        control=Control(
            params={"delta": 2.0, "nu": 0.75},
            wrong="ties as frequent as between equals",
            predicted=lambda delta, nu: davidson_tie(delta=0.0, nu=nu),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
)
