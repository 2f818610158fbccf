"""Laws of work, hiring and waiting: the published figures, and laws of chance at all their points."""

from __future__ import annotations

from typing import Any

import pytest

from simlab.theory import LAWS
from simlab.theory.check import judge

SHIRK = {"delta": 0.95, "s": 0.05, "p": 0.5, "e": 1.0, "idle": 1.0}
FIGURES: list[tuple[str, dict[str, Any], float, float]] = [
    ("shirking.wage", {**SHIRK, "f": 0.0}, 2.21607, 5e-6),
    ("shirking.wage", {**SHIRK, "f": 0.05}, 2.35118, 5e-6),
    ("shirking.continuous", {"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "idle": 1.0}, 2.3, 1e-12),
    ("shirking.equilibrium", {"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "u": 0.1, "benefit": 0.0}, 3.1, 1e-12),
    ("tournament.effort", {"prize": 2.0, "n": 2, "c": 1.0, "sigma": 1.0}, 0.56419, 5e-6),
    ("tournament.condition", {"c": 0.12099, "sigma": 1.0}, 1.0, 1e-4),
    ("contract.linear", {"r": 2.0, "c": 1.0, "variance": 0.5}, 0.5, 1e-12),
    ("contract.multitask", {"c12": 0.5, "v1": 0.5, "v2": 2.0, "r": 1.0, "task": 0}, 0.470588, 5e-7),
    ("contract.multitask", {"c12": 0.5, "v1": 0.5, "v2": 2.0, "r": 1.0, "task": 1}, 0.294118, 5e-7),
    ("control.depth", {"alpha": 0.9, "span": 5.0, "beta": 1.3, "price": 0.25}, 10.657, 5e-4),
    ("gold.test", {"p": 0.9, "n": 10, "k": 8}, 0.92981, 5e-6),
    ("gold.test", {"p": 0.7, "n": 10, "k": 8}, 0.38278, 5e-6),
    ("gold.test", {"p": 0.5, "n": 10, "k": 8}, 0.05469, 5e-6),
    ("sequential.length", {"p": 0.9, "p0": 0.9, "p1": 0.7, "alpha": 0.05, "beta": 0.1}, 18.527, 5e-4),
    ("sequential.error", {"p": 0.9, "p0": 0.9, "p1": 0.7, "alpha": 0.05, "beta": 0.1}, 0.03295, 5e-6),
    ("screening.success", {"base": 0.5, "select": 0.2, "rho": 0.35}, 0.696552, 5e-7),
    ("queue.erlang_c", {"rate": 4.0, "servers": 5}, 0.554113, 5e-7),
    ("queue.mean_wait", {"rate": 4.0, "servers": 5}, 0.554113, 5e-7),
]
FAMILIES = {"shirking", "tournament", "contract", "control", "inspection", "gold", "sequential", "screening", "queue"}
MINE = [law for law in LAWS.values() if law.family in FAMILIES]


@pytest.mark.parametrize(("law", "point", "figure", "digits"), FIGURES)
def test_published_figures(law: str, point: dict[str, Any], figure: float, digits: float) -> None:
    assert LAWS[law].predicted(**point) == pytest.approx(figure, abs=digits)


def test_waldes_approximation_is_the_control() -> None:
    control = LAWS["sequential.length"].control
    assert control.predicted is not None
    assert control.predicted(**control.params) == pytest.approx(17.14, abs=5e-3)


CHANCE = [(law.id, index) for law in MINE if law.replications for index in range(1, len(law.points))]


@pytest.mark.slow
@pytest.mark.parametrize(("law", "index"), CHANCE)
def test_laws_on_average_hold_at_their_further_points(law: str, index: int) -> None:
    """At their first point and at their controls all laws are held in `test_theory.py`."""
    assert judge(LAWS[law], index).holds


OTHERS = [  # points the laws do not list
    ("shirking.wage", {"delta": 0.99, "s": 0.01, "p": 0.8, "f": 0.02, "e": 7.0, "idle": 9.0}),
    ("tournament.effort", {"prize": 0.5, "n": 5, "c": 2.0, "sigma": 1.2}),
    ("contract.multitask", {"c12": 0.2, "v1": 3.0, "v2": 0.7, "r": 0.4, "task": 1}),
    ("control.depth", {"alpha": 0.85, "span": 6.0, "beta": 1.4, "price": 0.3}),
    ("inspection.audits", {"gain": 2.0, "fine": 7.0}),
]


@pytest.mark.parametrize(("law", "point"), OTHERS)
def test_other_points(law: str, point: dict[str, Any]) -> None:
    found = LAWS[law]
    assert found.observe(0, **point) == pytest.approx(found.predicted(**point), abs=max(found.margin, 1e-6))
