"""Contracts and chains of command: what an employer does best, given how the simulator's people answer it.

Optima are found by letting the employer try; how much of a guideline arrives is asked of a line of real vendors.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.components.pay import DoubleOrNothingSpec, LinearSpec
from simlab.measures.control_loss import best_depth
from simlab.theory.law import Control, Law
from simlab.theory.laws.labor import effort, situation, switching
from simlab.theory.raters import registry

# ---- linear contracts ---------------------------------------------------------------------------------------------


def _surplus(
    slopes: Array, *, output: Array, risk: float, variance: Array, c: float = 1.0, rivalry: float = 0.0,
    pace_cost: float = 1.0,
) -> float:  # fmt: skip
    """What is left for employer and worker together of a contract with these slopes [2] for care and pace.

    People choose their effort under the contract; the cost of it and of the risk they bear is paid to them.
    """
    scheme = LinearSpec(bonus=float(slopes[0]), rate=float(slopes[1]))
    people = effort("linear", rivalry=rivalry, pace_cost=pace_cost)
    done = people.efforts(situation(scheme, cost=c))[0]
    toil = c * np.array([[1.0, rivalry], [rivalry, pace_cost]])
    return float(output @ done - done @ toil @ done / 2 - risk * slopes @ np.diag(variance) @ slopes / 2)


def _best(value: Callable[[Array], float], start: Array) -> Array:
    from scipy.optimize import minimize

    return np.asarray(minimize(lambda x: -value(x), start, method="BFGS", options={"gtol": 1e-10}).x)


def _linear_slope(seed: int, *, r: float, c: float, variance: float) -> float:
    output, spread = np.array([1.0, 0.0]), np.array([variance, 1.0])
    value: Callable[[Array], float] = lambda b: _surplus(  # noqa: E731
        np.array([b[0], 0.0]), output=output, risk=r, variance=spread, c=c
    )
    return float(_best(value, np.array([0.1]))[0])


def _multitask(*, c12: float, v1: float, v2: float, r: float, task: int) -> float:
    cost, spread = np.array([[1.0, c12], [c12, 1.0]]), np.diag([v1, v2])
    return float(np.linalg.solve(np.eye(2) + r * cost @ spread, np.ones(2))[task])


def _multitask_slope(seed: int, *, c12: float, v1: float, v2: float, r: float, task: int) -> float:
    terms: dict[str, Any] = {"output": np.ones(2), "risk": r, "variance": np.array([v1, v2]), "rivalry": c12}
    return float(_best(lambda slopes: _surplus(slopes, **terms), np.full(2, 0.1))[task])


def _distorted(f: Array, g: Array, r: float, variance: float) -> tuple[float, float]:
    """The best weight of a measure g of what is worth f, by trial; and the surplus at it, as a share of the best."""
    noise = variance / float(g @ g)  # the measure's noise, b²σ², put down to the two slopes b·g together
    terms: dict[str, Any] = {"output": f, "risk": r, "variance": np.full(2, noise)}
    (b,) = _best(lambda b: _surplus(b[0] * g, **terms), np.array([0.1]))
    return float(b), _surplus(b * g, **terms) / float(f @ f / 2)


def _distorted_weight(seed: int, *, f1: float, f2: float, g1: float, g2: float, r: float, variance: float) -> float:
    return _distorted(np.array([f1, f2]), np.array([g1, g2]), r, variance)[0]


def _distorted_share(seed: int, *, f1: float, f2: float, g1: float, g2: float) -> float:
    return _distorted(np.array([f1, f2]), np.array([g1, g2]), 0.0, 0.0)[1]


# ---- control loss -------------------------------------------------------------------------------------------------


def _best_depth(seed: int, *, alpha: float, span: float, beta: float, price: float) -> float:
    """Profit (αs)^(n−1) − (w₀/P)·sⁿ/(s−β) tried over depths n, with what really arrives through a line of vendors."""
    from scipy.optimize import minimize_scalar

    arriving = np.log(_arriving(alpha, levels := 6))
    decay = float(np.polyfit(np.arange(levels), arriving, 1)[0])

    def loss(n: float) -> float:
        gain, cost = math.exp((decay + math.log(span)) * (n - 1)), price * span**n / (span - beta)
        return float(cost - gain)

    high = 1.0
    while loss(high + 1) < loss(high):  # walk up to the top, then look around it
        high += 1
    return float(minimize_scalar(loss, bounds=(max(1.0, high - 1), high + 1), options={"xatol": 1e-10}).x)


def _arriving(alpha: float, levels: int) -> Array:
    """How much of a corporation's guideline is left [levels] at itself and at each vendor down the line."""
    from simlab.engine.jobs import Jobs, Store
    from simlab.scenario import load
    from simlab.simulation import Simulation

    line = ["acme", *(f"vendor_{i}" for i in range(1, levels)), "pool", "rm", "lm"]
    parties: dict[str, Any] = {
        "acme": {"kind": "corporation", "guideline": {"operative": {"helpful": 1}}},
        **{name: {"kind": "vendor", "compliance": alpha} for name in line[1:levels]},
        "pool": {"kind": "raters", "count": 1}, "rm": {"kind": "reward_model"}, "lm": {"kind": "language_model"},
    }  # fmt: skip
    relations = [
        {"principal": a, "agent": b, "every": 1, "sample": 2, "consequence": "gradient" if b in ("rm", "lm") else []}
        for a, b in pairwise(line)
    ]
    said = {"name": "line", "days": 1, "world": {"kind": "gaussian"}, "parties": parties, "relations": relations}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "line.yaml"
        file.write_text(json.dumps(said))
        simulation = Simulation(load(file, plugins=registry()), Jobs(Store(None), "cpu"))
    vectors = [simulation.parties[name].standard().vector for name in line[:levels]]
    return np.array([v @ vectors[0] for v in vectors]) / float(vectors[0] @ vectors[0])


# ---- supervision that must itself be bought -------------------------------------------------------------------------


def _best_supervision(*, labels: float, gold: float, share: float, right: float) -> float:
    """Real number D of orders of judges at which wages are least: σᴰ = M/[2L(2q − 1)σ(1 − σ)]."""
    return math.log(gold / (2 * labels * (2 * right - 1) * share * (1 - share))) / math.log(share)


def _cheapest_supervision(seed: int, *, labels: float, gold: float, share: float, right: float) -> float:
    """The same by trial, with each order paid just so much that people look, who are asked at every wage.

    Order k gives L·σᵏ⁻¹ answers, of which the next looks at σ; of the last order's, the firm looks at M.
    """
    from scipy.optimize import minimize_scalar

    plugin, scheme = effort("gold_bonus"), DoubleOrNothingSpec(times=1, gold=1)

    def wage(audited: float, wrong: float) -> float:
        terms: dict[str, Any] = {"audited": min(1.0, audited), "gold_error": wrong, "quality": right, "careless": 0.5}
        return switching(1e6, lambda w: bool(plugin.choose(situation(scheme, wage=w, **terms))[0]))

    judged = wage(share, 1 - right)

    def wages(orders: float) -> float:
        left = share**orders
        return float(judged * (1 - left) / (1 - share) + left * wage(gold / (labels * left), 0.0))

    most = math.log(gold / labels) / math.log(share)  # where the firm looks at all the last order does
    return float(minimize_scalar(wages, bounds=(0.0, most), method="bounded", options={"xatol": 1e-8}).x)


def _no_supervision(*, labels: float, gold: float, share: float, right: float) -> str:
    if not (0.5 < right <= 1 and 0 < share < 1 and 0 < gold < labels):
        return "judges are right more often than a coin, and look at a part, as the firm does"
    few = gold <= 2 * labels * (2 * right - 1) * share * (1 - share)
    return "" if few else "so much gold is written that any order of judges only costs"


# ---- the laws -----------------------------------------------------------------------------------------------------

LAWS = (
    Law(
        id="contract.linear",
        says="β = 1/(1 + rcσ²), the slope of pay by which employer and worker together do best",
        source="Holmström & Milgrom (1987), Econometrica 55",
        path="simlab/components/pay.py:LinearSpec.expected",
        regime="exact",
        points=(
            {"r": 2.0, "c": 1.0, "variance": 0.5},
            {"r": 1.0, "c": 2.0, "variance": 1.0},
            {"r": 4.0, "c": 1.5, "variance": 0.2},
        ),
        predicted=lambda r, c, variance: 1 / (1 + r * c * variance),
        observe=_linear_slope,
        control=Control(
            params={"r": 2.0, "c": 1.0, "variance": 0.5},
            wrong="workers who do not mind risk",
            predicted=lambda r, c, variance: 1.0,
        ),
    ),
    Law(
        id="contract.multitask",
        says="slopes (I + rCΣ)⁻¹B′ for two tasks that compete for attention",
        source="Holmström & Milgrom (1991), JLEO 7, eq. 5",
        path="simlab/components/pay.py:LinearSpec.expected",
        regime="exact",
        points=(
            {"c12": 0.5, "v1": 0.5, "v2": 2.0, "r": 1.0, "task": 0},
            {"c12": 0.5, "v1": 0.5, "v2": 2.0, "r": 1.0, "task": 1},
            {"c12": 0.8, "v1": 1.0, "v2": 0.1, "r": 2.0, "task": 0},
            {"c12": -0.3, "v1": 0.2, "v2": 0.4, "r": 3.0, "task": 1},
        ),
        predicted=_multitask,
        observe=_multitask_slope,
        control=Control(
            params={"c12": 0.5, "v1": 0.5, "v2": 2.0, "r": 1.0, "task": 1},
            wrong="each task paid as if it were alone",
            predicted=lambda c12, **rest: _multitask(c12=0.0, **rest),
        ),
    ),
    Law(
        id="contract.distortion",
        says="b* = f·g/(|g|² + rσ²), the best weight of a measure g of what is worth f",
        source="Baker (1992), JPE 100",
        path="simlab/components/pay.py:LinearSpec.expected",
        regime="exact",
        points=(
            {"f1": 1.0, "f2": 0.5, "g1": 0.8, "g2": 0.1, "r": 1.0, "variance": 0.2},
            {"f1": 1.0, "f2": 0.0, "g1": 0.5, "g2": 0.5, "r": 0.0, "variance": 1.0},
            {"f1": 0.3, "f2": 0.9, "g1": 1.0, "g2": 0.4, "r": 2.0, "variance": 0.5},
        ),
        predicted=lambda f1, f2, g1, g2, r, variance: (f1 * g1 + f2 * g2) / (g1**2 + g2**2 + r * variance),
        observe=_distorted_weight,
        control=Control(
            params={"f1": 1.0, "f2": 0.5, "g1": 0.8, "g2": 0.1, "r": 1.0, "variance": 0.2},
            wrong="the measure taken for what it measures",
            predicted=lambda f1, f2, g1, g2, r, variance: 1 / (1 + r * variance / (g1**2 + g2**2)),
        ),
    ),
    Law(
        id="contract.distorted_surplus",
        says="a measure at an angle θ to what counts brings cos²θ of the best, however much is paid",
        source="Baker (2002), Journal of Human Resources 37",
        path="simlab/components/pay.py:LinearSpec.expected",
        regime="exact",
        points=(
            {"f1": 1.0, "f2": 0.5, "g1": 0.8, "g2": 0.1},
            {"f1": 1.0, "f2": 0.0, "g1": 0.5, "g2": 0.5},
            {"f1": 0.3, "f2": 0.9, "g1": 1.0, "g2": 0.4},
        ),
        predicted=lambda f1, f2, g1, g2: (f1 * g1 + f2 * g2) ** 2 / ((f1**2 + f2**2) * (g1**2 + g2**2)),
        observe=_distorted_share,
        control=Control(
            params={"f1": 1.0, "f2": 0.0, "g1": 0.5, "g2": 0.5},
            wrong="cos θ",
            predicted=lambda f1, f2, g1, g2: (f1 * g1 + f2 * g2) / math.hypot(f1, f2) / math.hypot(g1, g2),
        ),
    ),
    Law(
        id="control.depth",
        says="n* = 1 + [ln(w₀/P) + ln(s/(s−β)) + ln(ln s/ln(αs))]/ln α levels, if each passes on α of what it is told",
        source="Williamson (1967), JPE 75",
        path="simlab/parties/vendor.py:Vendor.standard",
        regime="gaussian",
        points=(
            {"alpha": 0.9, "span": 5.0, "beta": 1.3, "price": 0.25},
            {"alpha": 0.8, "span": 4.0, "beta": 1.5, "price": 0.1},
            {"alpha": 0.95, "span": 8.0, "beta": 1.2, "price": 0.5},
        ),
        predicted=best_depth,
        observe=_best_depth,
        margin=1e-4,
        control=Control(
            params={"alpha": 0.9, "span": 5.0, "beta": 1.3, "price": 0.25},
            wrong="wages that do not rise with rank",
            predicted=lambda beta, **rest: best_depth(beta=1.0, **rest),
        ),
    ),
    Law(
        id="control.depth_with_effort",
        says="D* = ln(M/[2L(2q−1)σ(1−σ)])/ln σ orders of judges are cheapest, if looking at a share σ of the order "
        "below must be bought, and M of the last one's answers are held against gold",
        source="Calvo & Wellisz (1978), JPE 86; Qian (1994), REStud 61: wages that back supervision, order by order",
        path="simlab/components/pay.py:DoubleOrNothingSpec.expected",
        regime="exact",
        points=(
            {"labels": 2000.0, "gold": 20.0, "share": 0.25, "right": 0.9},
            {"labels": 2000.0, "gold": 200.0, "share": 0.4, "right": 0.95},
            {"labels": 50000.0, "gold": 10.0, "share": 0.1, "right": 0.8},
        ),
        predicted=_best_supervision,
        observe=_cheapest_supervision,
        refuses=_no_supervision,
        margin=1e-3,  # of a minimum, which is flat
        control=Control(
            params={"labels": 2000.0, "gold": 20.0, "share": 0.25, "right": 0.9},
            wrong="care comes for nothing, so that every order more only costs",
            predicted=lambda **at: 0.0,
        ),
    ),
)
