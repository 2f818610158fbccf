"""The choice curve of every rater policy against its closed form: χ² of 100,000 labels, drawn as the engine draws.

Each curve is held against the law at three differences Δ, and beside it against a wrong law, which must fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2, norm

from simlab.components.rater_view import RaterView, shown
from simlab.people.perception import once
from simlab.theory.raters import cohort, draws, policy, registry

COUNT = 100_000
UNLIKELY = 1e-5  # of the right law, at any of the points below; there are about a hundred
Law = Callable[[float], Sequence[float]]  # P(left), P(right), P(undecided) at a difference Δ


def σ(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def decided(left: float) -> tuple[float, float, float]:
    return left, 1 - left, 0.0


def davidson(x: float, ν: float) -> tuple[float, float, float]:
    left, right, tie = math.exp(x / 2), math.exp(-x / 2), ν
    return left / (left + right + tie), right / (left + right + tie), tie / (left + right + tie)


def rao_kupper(x: float, θ: float) -> tuple[float, float, float]:
    left, right = (math.exp(side) / (math.exp(side) + θ) for side in (x, -x))
    return left, right, 1 - left - right


def satisficed(left: float, right: float, aspiration: float, τ: float) -> tuple[float, float, float]:
    a, b = σ((left - aspiration) / τ), σ((right - aspiration) / τ)
    first = a + (1 - a) * (1 - b) * σ((left - right) / τ)
    return first, 1 - first, 0.0


def confused(*rows: Sequence[float]) -> Law:
    return lambda x: rows[0] if x > 0 else rows[1] if x < 0 else rows[2]


def mixed(share: float, one: Law, other: Law) -> Law:
    return lambda x: [share * a + (1 - share) * b for a, b in zip(one(x), other(x), strict=True)]


def certain(x: float) -> tuple[float, float, float]:
    return float(x > 0), float(x < 0), float(x == 0)


def drifted(x: float, done: float, rate: float, spread: float, τ: float) -> tuple[float, float, float]:
    z, weight = np.polynomial.hermite_e.hermegauss(80)
    left = expit(x / (τ * np.exp((rate + spread * z) * done / 100)))
    return decided(float(left @ weight / weight.sum()))


@dataclass(frozen=True)
class Curve:
    """A policy, its law and a wrong one, and what its raters see; rows of `sees` are the same for everybody."""

    name: str
    law: Law
    wrong: Law
    settings: Mapping[str, Any] = field(default_factory=dict)
    sees: Mapping[str, Any] = field(default_factory=dict)
    said: int | None = None  # the label somebody gave before
    points: tuple[float, ...] = (-1.3, 0.4, 1.1)


BT = {"temperature": 1.0}
TABLE = {"differences": [-2.0, 0.0, 2.0], "left": [0.1, 0.4, 0.8], "undecided": [0.0, 0.3, 0.1]}


def tabled(x: float) -> tuple[float, float, float]:
    """Straight between the points of TABLE, whose middle is at 0."""
    end, share = (2, x / 2) if x > 0 else (0, -x / 2)
    left, tie = ((1 - share) * TABLE[name][1] + share * TABLE[name][end] for name in ("left", "undecided"))
    return left, 1 - left - tie, tie


MATRIX = {"left": [0.7, 0.2, 0.1], "right": [0.05, 0.9, 0.05], "equal": [0.3, 0.3, 0.4]}
CURVES = [
    Curve("oracle", certain, lambda x: decided(σ(x))),
    Curve("oracle", lambda x: certain(x if abs(x) > 0.5 else 0), certain, {"notice": 0.5}),
    Curve("boltzmann", lambda x: decided(σ(x / 0.7)), lambda x: decided(σ(x * 0.7)), {"temperature": 0.7}),
    Curve(
        "boltzmann", lambda x: davidson(x, 0.75), lambda x: rao_kupper(x, 1.75), {"temperature": 1.0, "ties": 0.75}
    ),
    Curve("davidson", lambda x: davidson(x / 0.7, 0.7468), lambda x: davidson(x, 0.7468), {"temperature": 0.7}),
    Curve("davidson", lambda x: davidson(x, 2), lambda x: rao_kupper(x, 3), {"temperature": 1.0, "nu": 2.0}),
    Curve("rao_kupper", lambda x: rao_kupper(x, 1.5), lambda x: davidson(x, 0.5), BT),
    Curve(
        "thurstone",
        lambda x: decided(float(norm.cdf(x / (0.8 * math.sqrt(2))))),
        lambda x: decided(float(norm.cdf(x / 0.8))),
        {"deviation": 0.8},
    ),
    Curve("plackett_luce", lambda x: decided(σ(x / 0.5)), lambda x: decided(σ(x)), {"temperature": 0.5}),
    Curve(
        "glad",
        lambda x: decided(σ(2 * 0.5 * x)),
        lambda x: decided(σ(2 / 0.5 * x)),
        {"ability": 2.0, "easiness": 0.5},
    ),
    Curve("mistaken", lambda x: decided(0.8 if x > 0 else 0.2), lambda x: decided(σ(x)), {"flip": 0.2}),
    Curve("dawid_skene", confused(*MATRIX.values()), confused(*np.array([*MATRIX.values()])[:, [1, 0, 2]]), MATRIX,
          points=(-1.0, 0.0, 2.0)),
    Curve("dawid_skene", confused(*MATRIX.values()), confused(*np.full((3, 3), 1 / 3)),
          {**MATRIX, "concentration": 4.0}, points=(-1.0, 0.0, 2.0)),
    Curve(
        "slip_guess",
        lambda x: decided((0.85 if abs(x) >= 1 else 0.4) if x > 0 else (0.15 if abs(x) >= 1 else 0.6)),
        lambda x: decided(0.85 if x > 0 else 0.15),
        {"slip": 0.15, "guess": 0.4, "notice": 1.0},
    ),
    Curve(
        "position_bias",
        lambda x: decided(math.exp(x) / (math.exp(x) + 0.4 / 0.6)),
        lambda x: decided(σ(x)),
        BT,
    ),
    Curve(
        "length_bias",
        lambda x: decided(σ(x + 0.8)),
        lambda x: decided(σ(x - 0.8)),
        {**BT, "swing": 0.8},
        {"length": [9, 4]},
    ),
    Curve("length_bias", lambda x: decided(σ(x)), lambda x: decided(σ(x + 0.8)), {**BT, "swing": 0.8},
          {"length": [4, 4]}),
    Curve(
        "sycophant",
        lambda x: decided(σ(x - math.log(0.7 / 0.3))),
        lambda x: decided(σ(x + math.log(0.7 / 0.3))),
        {**BT, "acts": ["flatters", "sells"]},
        {"act:flatters": [0, 1], "act:sells": [0, 1]},
    ),
    Curve(
        "satisficer",
        lambda x: satisficed(x, 0, 0.5, 0.6),
        lambda x: decided(σ(x / 0.6)),
        {"temperature": 0.6, "aspiration": 0.5},
    ),
    Curve(
        "herding",
        lambda x: decided(σ(x - math.log(0.65 / 0.35))),
        lambda x: decided(σ(x)),
        BT,
        said=2,
    ),
    Curve(
        "wave_through",
        mixed(0.3, lambda x: (0, 1, 0), lambda x: decided(σ(x))),
        lambda x: decided(σ(x)),
        {**BT, "rate": 0.3},
        said=2,
    ),
    Curve(
        "shirker",
        mixed(0.5 * 0.4, lambda x: (1, 0, 0), lambda x: decided(σ(x))),
        mixed(0.4, lambda x: (1, 0, 0), lambda x: decided(σ(x))),
        {**BT, "share": 0.5, "careless": 0.4, "habit": "first"},
    ),
    Curve(
        "shirker", mixed(0.3, lambda x: decided(0.5), lambda x: decided(σ(x))), lambda x: decided(σ(x)), BT
    ),
    Curve(
        "adversary",
        mixed(0.3, lambda x: certain(-x), lambda x: decided(σ(x))),
        mixed(0.3, lambda x: decided(σ(-x)), lambda x: decided(σ(x))),
        {**BT, "share": 0.3, "rater": None},
    ),
    Curve(
        "adversary",
        mixed(0.3, lambda x: (1, 0, 0), lambda x: decided(σ(x))),
        mixed(0.3, lambda x: certain(-x), lambda x: decided(σ(x))),
        {**BT, "share": 0.3, "rater": None, "aim": "own"},
        {"own": [0.2, 0.1]},
    ),
    Curve(
        "delegator",
        lambda x: decided(σ(x)) if σ(abs(x)) >= 0.7 else (0, 1, 0),
        lambda x: decided(σ(x)),
        {**BT, "sure": 0.7},
        {"machine:rm": [-1.0, 1.0]},
    ),
    Curve(
        "own_values",
        mixed(0.4, lambda x: (0, 1, 0), lambda x: decided(σ(x))),
        lambda x: decided(σ(0.6 * x - 0.4 * 2)),
        {**BT, "share": 0.4, "clear": 1.0},
        {"own": [0.0, 2.0]},
    ),
    Curve("own_values", lambda x: decided(σ(x)), lambda x: (0, 1, 0), {**BT, "clear": 3.0}, {"own": [0.0, 2.0]}),
    Curve(
        "learner",
        lambda x: decided(σ(x / (0.3 + 0.7 * math.exp(-50 / 100)))),
        lambda x: decided(σ(x)),
        {**BT, "floor": 0.3},
        {"experience": 50},
    ),
    Curve(
        "drifter",
        lambda x: drifted(x, 300, 0.2, 0.4, 1.0),
        lambda x: drifted(x, 300, 0.2, 0.0, 1.0),
        {**BT, "rate_spread": 0.4},
        {"experience": 300},
    ),
    Curve("empirical", tabled, lambda x: decided(σ(x)), TABLE),
    Curve("bpref", lambda x: decided(0.1 + 0.8 * σ(2 * x)), lambda x: decided(0.05 + 0.9 * σ(2 * x)),
          {"beta": 2.0, "eps_mistake": 0.1}),
    Curve("bpref_oracle", certain, lambda x: decided(σ(x))),
    Curve("bpref_stoc", lambda x: decided(σ(x)), certain),
    Curve("bpref_mistake", lambda x: decided(0.9 if x > 0 else 0.1), certain),
    Curve("bpref_skip", lambda x: certain(x) if x >= 0.1 else (0, 0, 1), certain, points=(-1.3, 0.05, 0.4)),
    Curve("bpref_equal", lambda x: certain(x) if abs(x) >= 0.1 else (0, 0, 1), certain, points=(-0.05, 0.05, 0.4)),
    Curve("bpref_myopic", certain, lambda x: decided(σ(x))),
]  # fmt: skip


def counts(curve: Curve, delta: float, place: int) -> np.ndarray:
    """How often left, right and undecided were said of Δ against 0."""
    seen = {
        what: np.broadcast_to(np.asarray(value, dtype=float), (COUNT, 2) if np.ndim(value) else (COUNT,))
        for what, value in curve.sees.items()
    }
    earlier = None if curve.said is None else once(np.full((COUNT, 1), curve.said))
    utilities = np.tile([delta, other(curve)], (COUNT, 1))
    made = policy(curve.name, **curve.settings)
    uniforms = draws(place, curve.name, COUNT)
    scene = shown(made.choose, RaterView(3, seen.get, earlier))
    label = made.choose(utilities, cohort(COUNT), uniforms, **scene)
    assert label.shape == (COUNT, 1)
    return np.bincount(label[:, 0], minlength=3)[[1, 2, 0]]


def other(curve: Curve) -> float:
    """The utility of the response on the right: far worse where it is the level of the better one that counts."""
    return -5.0 if curve.name == "bpref_skip" else 0.0


def fits(found: np.ndarray, expected: Sequence[float]) -> bool:
    """Pearson's χ² over the labels that can occur; those that cannot must not."""
    wanted = COUNT * np.asarray(expected, dtype=float)
    possible = wanted > 1e-6
    if found[~possible].any():
        return False
    statistic = float(((found - wanted)[possible] ** 2 / wanted[possible]).sum())
    return bool(chi2.sf(statistic, max(1, possible.sum() - 1)) > UNLIKELY)


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_labels_follow_the_closed_form(curve: Curve) -> None:
    found = [counts(curve, delta, place) for place, delta in enumerate(curve.points)]
    assert all(fits(each, curve.law(delta)) for each, delta in zip(found, curve.points, strict=True)), found
    assert not all(fits(each, curve.wrong(delta)) for each, delta in zip(found, curve.points, strict=True))


def test_there_is_a_curve_of_every_policy_that_ships() -> None:
    assert {curve.name for curve in CURVES} >= {*registry().names("rater")}
    assert len(registry().names("rater")) >= 20


PERSONAL = ("dawid_skene", "adversary", "shirker", "drifter")  # what is drawn once a person is no chance of a label


@pytest.mark.parametrize(
    "curve", [c for c in CURVES if not c.sees and c.said is None and c.name not in PERSONAL], ids=lambda c: c.name
)
def test_the_stated_chances_are_those_of_the_labels(curve: Curve) -> None:
    made = policy(curve.name, **curve.settings)
    for delta in curve.points:
        stated = made.probabilities(np.array([[delta, other(curve)]]), cohort(1))[0]
        assert stated == pytest.approx(list(curve.law(delta)), abs=1e-9)
