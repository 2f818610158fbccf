"""What becomes of gold when a proxy is pursued further and further: d = √KL is how far."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, REPLICATIONS, Control, Law
from simlab.theory.laws.correlation import obeyed
from simlab.theory.laws.reward_model import direction
from simlab.theory.small_world import LEARN, TRAIN, Run, averaged, divergence, gold, play

GAO = "Gao, Schulman & Hilton (2022), arXiv:2210.10760; closed form for gold aU − bU² and a gaussian tilt"


def quadratic(a: float, b: float, kl: float) -> float:
    """E[aU − bU²] after a tilt, less that before: d(√2·a − 2b·d), d = √KL."""
    d = math.sqrt(kl)
    return d * (math.sqrt(2) * a - 2 * b * d)


def _quadratic(seed: int, *, a: float, b: float, kl: float) -> float:
    changes = obeyed(1.0, 1 / math.sqrt(2 * kl))
    return averaged(seed, 2, lambda key: gold(play(key, changes), lambda u: a * u - b * u**2))


def _curve(run: Run, a: float, b: float) -> tuple[float, float]:
    """The parabola c₁d − c₂d² through gold and d of every round of a run."""
    found = [
        (math.sqrt(divergence(run, k)), gold(run, lambda u: a * u - b * u**2, k)) for k in range(1, len(run.panels))
    ]
    d, earned = np.array(found).T
    (rise, fall), *_ = np.linalg.lstsq(np.stack([d, -(d**2)], axis=1), earned, rcond=None)
    return float(rise), float(fall)


def _peak(seed: int, *, a: float, b: float) -> float:
    """Where gold peaks along a policy that moves toward its optimum step by step, as a KL."""
    beyond = 1.5 * a / (2 * b)  # the mean it goes to; gold peaks at a/(2b)
    changes: dict[str, Any] = obeyed(1.0, 1 / beyond) | {"days": 3}
    changes[f"{TRAIN}.consequence"] |= {"learner": {"kind": "tilt", "step": 0.55}}
    run = play(seed, changes)
    rise, fall = _curve(run, a, b)
    return (rise / (2 * fall)) ** 2


def _noisy(seed: int, *, flip: float, labels: int, beta: float) -> float:
    """Gold per √(2·KL) of a policy that was taught by raters who flip labels."""
    changes = obeyed(1.0, beta) | {"world.dimensions": 16, f"{LEARN}.sample": labels}
    changes["parties.pool"] = {
        "kind": "raters", "count": 2, "seconds": 1, "held_out": 0,
        "policy": {"kind": "bpref", "beta": 1, "eps_mistake": flip},
    }  # fmt: skip
    run = play(seed, changes)
    return gold(run) / math.sqrt(2 * divergence(run))


LAWS = (
    Law(
        id="overoptimization.quadratic",
        says="gold aU − bU² gains d(√2·a − 2b·d) at d = √KL",
        source=GAO,
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=({"a": 1.0, "b": 0.2, "kl": 3.125}, {"a": 1.0, "b": 0.2, "kl": 8.0}, {"a": 0.5, "b": 0.3, "kl": 0.5}),
        predicted=quadratic,
        observe=_quadratic,
        control=Control(
            params={"a": 1.0, "b": 0.2, "kl": 8.0},
            wrong="a curve that does not bend",
            predicted=lambda a, b, kl: quadratic(a, 0.0, kl),
        ),
        margin=0.12,
        slack=0.01,
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="overoptimization.peak",
        says="gold aU − bU² peaks at KL = a²/(8b²)",
        source=GAO,
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=({"a": 1.0, "b": 0.2}, {"a": 1.0, "b": 0.4}, {"a": 0.5, "b": 0.15}),
        predicted=lambda a, b: a**2 / (8 * b**2),
        observe=_peak,
        control=Control(params={"a": 1.0, "b": 0.2}, wrong="KL = d²/2", predicted=lambda a, b: a**2 / (16 * b**2)),
        margin=0.15,
        slack=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="overoptimization.label_noise",
        says="label noise alone lowers the line of gold against √(2·KL) to the reward model's ρ; it does not bend it",
        source="White (1982) for ρ; exponential tilt of N(0, I)",
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=(
            {"flip": 0.3, "labels": 3000, "beta": 2.0},
            {"flip": 0.3, "labels": 3000, "beta": 0.2},
            {"flip": 0.1, "labels": 1000, "beta": 1.0},
        ),
        predicted=lambda flip, labels, beta: direction(flip, labels, 16),
        observe=_noisy,
        control=Control(
            params={"flip": 0.3, "labels": 3000, "beta": 0.2},
            wrong="a line that bends by the shrinkage 1 − 2ε",
            predicted=lambda flip, labels, beta: (1 - 2 * flip) * direction(flip, labels, 16),
        ),
        margin=0.03,
        slack=0.01,
        replications=FEWEST,
        slow=True,
    ),
)
