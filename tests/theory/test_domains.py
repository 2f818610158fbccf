"""Laws hold wherever they do not refuse: points are drawn at random, also from where laws say nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.theory import LAWS
from simlab.theory.check import at, judge
from tests.theory.test_theory import Random

Drawer = Callable[[Random], dict[str, Any]]
POINTS = 6  # that are held, of each law


def _number(low: float, high: float) -> Callable[[Random], float]:
    return lambda rng: float(np.round(rng.uniform(low, high), 3))


def _whole(low: int, high: int) -> Callable[[Random], int]:
    return lambda rng: int(rng.integers(low, high + 1))


def _one_of(*values: Any) -> Callable[[Random], Any]:
    return lambda rng: values[int(rng.integers(len(values)))]


def _box(**sides: Callable[[Random], Any]) -> Drawer:
    return lambda rng: {name: side(rng) for name, side in sides.items()}


WATERFALL = _box(misreading=_number(0.1, 5), raters=_whole(1, 10), compliance=_number(0.3, 1))
TOURNAMENT = _box(prize=_number(0.1, 10), n=_whole(2, 120), c=_number(0.5, 3), sigma=_number(0.2, 2))
INSPECTION = {
    "gain": _number(0.1, 5), "fine": _number(0.1, 8), "cost": _number(0.1, 5), "worth": _number(0.1, 8),
    "who": _one_of("employer", "people"),
}  # fmt: skip
CARE = _box(bonus=_number(0, 6), cost=_number(0.5, 4), flip=_number(0, 0.4), gold_error=_number(0, 0.4))
ORDERS = _box(
    misreading=_number(0.3, 2.5), flip=_number(0, 0.3), gold_error=_number(0, 0.3), leads=_number(0, 0.3),
    managers=_number(0, 0.3), share=_number(0.25, 1),
)  # fmt: skip


def orders_by(rng: Random) -> dict[str, Any]:
    """The same runs, and one of two judges."""
    return {**ORDERS(rng), "by": _one_of("acme", "leads")(rng)}


FITS = _box(temperature=_number(0.4, 3), labels=_whole(300, 4000), dimensions=_whole(4, 32), beta=_number(0.3, 3))

EXACT: dict[str, Drawer] = {
    "tournament.effort": TOURNAMENT,
    "inspection.audits": _box(gain=INSPECTION["gain"], fine=INSPECTION["fine"]),
    "inspection.equilibrium": _box(**INSPECTION),
    "pay.wages": _box(wage=_number(0.1, 100)),
    "market.leavers": _box(leave=_number(0, 1)),
}
BY_CHANCE: dict[str, Drawer] = {
    "choice.bradley_terry": _box(delta=_number(-5, 5), tau=_number(0.2, 3)),
    "choice.thurstone": _box(delta=_number(-5, 5), sigma=_number(0.2, 3)),
    "choice.davidson_tie": _box(delta=_number(-4, 4), nu=_number(0, 5), tau=_number(0.2, 3)),
    "choice.davidson_win": _box(delta=_number(-4, 4), nu=_number(0, 5), tau=_number(0.2, 3)),
    "choice.rao_kupper_win": _box(delta=_number(-4, 4), theta=_number(1, 6), tau=_number(0.2, 3)),
    "choice.rao_kupper_tie": _box(delta=_number(-4, 4), theta=_number(1, 6), tau=_number(0.2, 3)),
    "choice.glad": _box(ability=_number(-3, 3), easiness=_number(0.1, 3), contrast=_one_of(-8.0, -4.0, -0.5, 0.0, 3.0)),
    "agreement.calibrated": _box(
        agreement=_number(0.5, 0.97),
        rater=_one_of("boltzmann", "rao_kupper", "thurstone", "mistaken", "herding"),
        utilities=_one_of("normal", "laplace"),
    ),
    "agreement.accuracy_of_flips": _box(agreement=_number(0.51, 0.99)),
    "waterfall.noise": WATERFALL,
}
OF_RUNS: dict[str, Drawer] = {  # at one point each, since it takes twenty runs
    "care.bought": CARE,
    "care.accuracy": CARE,
    "fidelity.with_care": CARE,
    "skill.accuracy": _box(skill=_number(0.05, 0.95)),
    "waterfall.noise_in_runs": WATERFALL,
    "learning.direction": FITS,
    "learning.units": FITS,
    "learning.distance": FITS,
    "audit.firm": ORDERS,
    "audit.auditors": ORDERS,
    "audit.of_audits": ORDERS,
    "reliability.across_judges": ORDERS,
    "validity.foreseen": orders_by,
    "fidelity.people": orders_by,
}  # fmt: skip


def inside(name: str, drawer: Drawer, count: int, seed: int = 12) -> list[dict[str, Any]]:
    """The first so many points drawn at which a law does not refuse."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(100 * count):
        params = drawer(rng)
        if not LAWS[name].refuses(**params):
            found.append(params)
        if len(found) == count:
            return found
    raise AssertionError(f"{name} refuses nearly everything")


@pytest.mark.parametrize("name", EXACT)
def test_laws_without_chance_hold_inside_their_regime(name: str) -> None:
    law = LAWS[name]
    for params in inside(name, EXACT[name], POINTS):
        assert law.observe(0, **params) == pytest.approx(law.predicted(**params), abs=law.margin), params


def _held(name: str, params: dict[str, Any]) -> None:
    verdict = judge(dataclasses.replace(LAWS[name], points=[params] * 3), 1, quick=True)
    assert verdict.z < 4, (params, verdict)
    assert abs(verdict.observed - verdict.predicted) < LAWS[name].margin, (params, verdict)


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_CHANCE)
def test_laws_of_chance_hold_inside_their_regime(name: str) -> None:
    for params in inside(name, BY_CHANCE[name], POINTS):
        _held(name, params)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_RUNS)
def test_laws_of_runs_hold_inside_their_regime(name: str) -> None:
    """Laws with the same drawer meet in the same runs."""
    for params in inside(name, OF_RUNS[name], 1):
        _held(name, params)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("waterfall.noise", {"misreading": 4.0, "raters": 1}, "redraws would correlate at 0.059 only"),
    ("waterfall.bias", {"misreading": 4.0, "raters": 1}, "redraws would correlate at 0.059 only"),
    ("choice.glad", {"contrast": 0.0}, "neither is correct"),
    ("agreement.calibrated", {"rater": "oracle"}, "oracle is not set for an agreement"),
    ("tournament.effort", {"prize": 8.0}, "care is at most 1"),
    ("tournament.effort", {"prize": 8.0, "n": 100}, "no equilibrium in effort"),
    ("inspection.equilibrium", {"gain": 5.0, "fine": 4.0}, "nobody need mix"),
    ("care.bought", {"bonus": 50.0}, "care lies between 0 and 1"),
    ("validity.firm", {"share": 0.01}, "too few looks"),
    ("learning.units", {"labels": 20}, "too few for 24 dimensions"),
]


@pytest.mark.parametrize(("name", "params", "why"), REFUSED)
def test_beyond_its_regime_a_law_says_nothing_and_why(name: str, params: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        at(name, params)
    assert "\n" not in str(refused.value)


def test_a_law_can_be_asked_about_a_point_nobody_listed() -> None:
    record = at("choice.glad", {"contrast": -4.0})
    assert record["ok"]
    assert record["params"] == {"ability": 1.0, "easiness": 1.0, "contrast": -4.0}
    with pytest.raises(InvalidInput, match="did you mean 'contrast'"):
        at("choice.glad", {"contrasts": 1.0})
    with pytest.raises(InvalidInput, match=r"did you mean 'choice\.glad'"):
        at("choice.glat", {})
    with pytest.raises(InvalidInput, match="cannot be asked about this"):
        at("choice.thurstone", {"sigma": 0.0})


def test_a_law_whose_own_point_it_refuses_is_no_law() -> None:
    with pytest.raises(ValueError, match="outside its regime: never"):
        dataclasses.replace(LAWS["policy.gap"], refuses=lambda **at: "never")


def test_the_command_asks_a_law_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--at", "inspection.audits", "gain=0.9", "fine=1", "--paths"]) == 0
    printed = capsys.readouterr().out
    assert "gain=0.9 fine=1" in printed
    assert "simlab/components/pay.py:DoubleOrNothingSpec.expected" in printed
    assert main(["theory", "--at", "tournament.effort", "prize=8"]) == 2
    assert "care is at most 1, and the formula says" in capsys.readouterr().err
    assert main(["theory", "--at", "tournament.effort", "prize"]) == 2
    assert "write NAME=VALUE" in capsys.readouterr().err
