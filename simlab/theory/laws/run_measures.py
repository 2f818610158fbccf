"""Measures in whole runs: intervals as wide as errors are, ties that are half a win, noise that redraws show, and what
one number cannot say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.laws.broadcast_tree import LARGE, bias_part, noise_part, told_apart
from simlab.theory.whole_runs import Tables, run

PROMPTS, RESPONSES = 500, 2  # of a panel
CRITERIA = ("helpful", "truthful", "harmless", "brief", "sincere")


def _measured(seed: int, *, misreading: float, raters: int, compliance: float, criteria: int = 3) -> Tables:
    """Users who want so many things alike, and a few raters who misread them and lean to a value of their own."""
    values = dict.fromkeys(CRITERIA[:criteria], 1.0)
    pool = {
        "kind": "raters", "count": raters, "misreading": misreading, "compliance": compliance,
        "values": {"engaging": math.sqrt(criteria)}, "policy": {"kind": "mistaken", "flip": 0.1},
    }  # fmt: skip
    return run(seed, "plain", {
        "world.dimensions": LARGE, "parties.users.values": values, "parties.acme.guideline.operative": values,
        "parties.pool": pool, "waterfall.redraw": ["pool"],
    })  # fmt: skip


def _waterfall(seed: int, part: str, **at: Any) -> float:
    rows = _measured(seed, **at).waterfall
    return float(rows[(rows.agent == "pool") & (rows["round"] == rows["round"].max())].iloc[0][part])


def _width_of_rho(seed: int, **at: Any) -> float:
    """The width of intervals of ρ, in standard errors (1 − ρ²)/√n to either side; n prompts, two responses to each."""
    rows = _measured(seed, **at).at_order("alignment", 1)
    rows = rows[(rows.a == "users") & (rows.b == "pool")]
    return float(np.mean((rows.high - rows.low) / 2 / ((1 - rows.rho**2) / math.sqrt(PROMPTS))))


def _width_of_wins(seed: int, *, judge: str, **at: Any) -> float:
    """The width of intervals of win rates, in standard errors √(p(1 − p)/n) to either side."""
    rows = _measured(seed, **at).win_rate
    rows = rows[(rows.judge == judge) & (rows.rate < 1) & (rows.high > rows.low)]
    return float(np.mean((rows.high - rows.low) / 2 / np.sqrt(rows.rate * (1 - rows.rate) / (PROMPTS * RESPONSES))))


def _tied(seed: int, *, judge: str, **at: Any) -> float:
    """The win rate of a machine that has learned nothing, and finds all alike."""
    rows = _measured(seed, **at).win_rate
    return float(rows[(rows.judge == judge) & (rows["round"] == 0)].rate.item())


def _flattened(seed: int, column: str, **at: Any) -> float:
    rows = _measured(seed, **at).flattening
    rows = rows[(rows.party == "users") & (rows.order == 1)]
    return float(rows[column].iloc[-1])


def _few_criteria(*, criteria: int, misreading: float, raters: int, compliance: float) -> str:
    return "" if 1 < criteria <= len(CRITERIA) else f"there are from 2 to {len(CRITERIA)} criteria here"


POOLS: tuple[dict[str, Any], ...] = (
    {"misreading": 1.0, "raters": 4, "compliance": 1.0},
    {"misreading": 0.7, "raters": 2, "compliance": 0.7},
    {"misreading": 1.5, "raters": 8, "compliance": 0.5},
)
FLATTENING = "simlab/analyzers/flattening.py:FlatteningAnalyzer.measure"
EFRON = "Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13"

LAWS = (
    Law(
        id="waterfall.noise_in_runs",
        says="redraws of a pool reveal what its people err apart: ½ ln(1 + c²s²/b/|μ|²)",
        source="Spearman (1904), Am. J. Psychology 15 (attenuation)",
        path="simlab/parties/pool.py:Pool.resampled_utility, simlab/analyzers/waterfall.py:WaterfallAnalyzer._drawn",
        regime="gaussian",
        points=POOLS,
        predicted=noise_part,
        observe=lambda seed, **at: _waterfall(seed, "noise", **at),
        refuses=told_apart,
        control=Control(params=POOLS[0], wrong="redraws that are the same again", predicted=lambda **at: 0.0),
        margin=0.06,
        slack=0.02,
        replications=FEWEST,
        shares="measures",
    ),
    Law(
        id="waterfall.bias_in_runs",
        says="and what they err together: −ln cos(μ, told)",
        source="Spearman (1904), Am. J. Psychology 15 (attenuation)",
        path="simlab/measures/waterfall.py:waterfall",
        regime="gaussian",
        points=POOLS,
        predicted=lambda misreading, raters, compliance: bias_part(compliance),
        observe=lambda seed, **at: _waterfall(seed, "bias", **at),
        refuses=told_apart,
        control=Control(
            params=POOLS[0],
            wrong="all that is lost",
            predicted=lambda compliance, **at: bias_part(compliance) + noise_part(compliance=compliance, **at),
        ),
        margin=0.08,
        slack=0.02,
        replications=FEWEST,
        shares="measures",
    ),
    Law(
        id="intervals.of_rho",
        says="an interval of ρ is 1.96 standard errors (1 − ρ²)/√n to either side",
        source=EFRON,
        path="simlab/measures/statistics.py:bootstrap_of_columns, simlab/measures/statistics.py:intervals",
        regime="gaussian",
        points=POOLS,
        predicted=lambda **at: 1.96,
        observe=_width_of_rho,
        control=Control(params=POOLS[0], wrong="one standard error", predicted=lambda **at: 1.0),
        margin=0.2,
        slack=0.05,  # of 200 replicates
        replications=FEWEST,
        shares="measures",
    ),
    Law(
        id="intervals.of_wins",
        says="an interval of a win rate is 1.96 standard errors of a share to either side",
        source=EFRON,
        path="simlab/measures/statistics.py:intervals, simlab/analyzers/survey.py:Survey._record_wins",
        regime="gaussian",
        points=tuple({"judge": judge, **POOLS[0]} for judge in ("users", "acme", "pool")),
        predicted=lambda **at: 1.96,
        observe=_width_of_wins,
        control=Control(params={"judge": "users", **POOLS[0]}, wrong="one standard error", predicted=lambda **at: 1.0),
        margin=0.2,
        slack=0.05,
        replications=FEWEST,
        shares="measures",
    ),
    Law(
        id="wins.ties",
        says="who finds all alike prefers nothing: a tie is half a win",
        source="Davidson (1970), JASA 65, with equal parts",
        path="simlab/analyzers/survey.py:Survey._record_wins",
        regime="gaussian",
        points=({"judge": "rm", **POOLS[0]}, {"judge": "lm", **POOLS[0]}, {"judge": "rm", **POOLS[1]}),
        predicted=lambda **at: 0.5,
        observe=lambda seed, **at: _tied(0, **at),
        control=Control(params={"judge": "rm", **POOLS[0]}, wrong="a tie is a win", predicted=lambda **at: 1.0),
        shares="measures",
    ),
    Law(
        id="flattening.loss",
        says="one number of C criteria, whatever they weigh, leaves 1 − 1/C of their variance unsaid",
        source="independent criteria: one direction of C is seen",
        path=f"simlab/measures/flattening.py:flattening_of_each, {FLATTENING}",
        regime="gaussian",
        points=tuple({"criteria": c, **POOLS[0]} for c in (3, 2, 5)),
        predicted=lambda criteria, **at: 1 - 1 / (criteria + 1),  # with that of the raters' own
        observe=lambda seed, **at: _flattened(seed, "loss", **at),
        refuses=_few_criteria,
        control=Control(
            params={"criteria": 3, **POOLS[0]}, wrong="1/C", predicted=lambda criteria, **at: 1 / (criteria + 1)
        ),
        margin=0.03,
        slack=0.005,
        replications=FEWEST,
        shares="measures",
    ),
    Law(
        id="flattening.conflict",
        says="of two responses, C criteria agree which is better in 2^(1 − C) of all pairs",
        source="independent criteria: signs are coins",
        path="simlab/measures/flattening.py:conflicts",
        regime="gaussian",
        points=tuple({"criteria": c, **POOLS[0]} for c in (3, 2, 5)),
        predicted=lambda criteria, **at: 1 - 2.0**-criteria,
        observe=lambda seed, **at: _flattened(seed, "conflict", **at),
        refuses=_few_criteria,
        control=Control(
            params={"criteria": 3, **POOLS[0]},
            wrong="1 − 2^−C",
            predicted=lambda criteria, **at: 1 - 0.5 * 2.0**-criteria,
        ),
        margin=0.03,
        replications=FEWEST,
        shares="measures",
    ),
)
