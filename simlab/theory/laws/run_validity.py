"""What scores of judges are worth: validity, reliability and fidelity at order 2, as tables of a run have them.

The runs are those of `run_orders`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from simlab.theory.law import Control, Law
from simlab.theory.laws.run_orders import (
    AT,
    BENNETT,
    BY_FIRM,
    BY_LEADS,
    DIMENSIONS,
    LABELS,
    RATERS,
    VERDICT,
    of_orders,
    orders_row,
    orders_run,
    scores,
    worth_of,
)
from simlab.theory.readers import correlations, covariance, mean, mean_inverse, reliability
from simlab.theory.whole_runs import Tables

# ---- what theory says ----------------------------------------------------------------------------------------------


def judge(by: str, gold_error: float, leads: float) -> float:
    """The fidelity of whoever looks at raters."""
    return 1 - 2 * (gold_error if by == "acme" else leads)


def looks(share: float, days: int) -> float:
    return mean_inverse(round(share * LABELS) * days, RATERS)


def _reliability(misreading: float, flip: float, judge: float, share: float, days: int = 1) -> float:
    worth, weight = worth_of(misreading, flip)
    return reliability((1 + worth * judge) / 2, weight, looks(share, days))


def _validity(by: str, misreading: float, flip: float, gold_error: float, leads: float, share: float) -> float:
    """The correlation of one look's scores with fidelity: √reliability, since errors do not depend on who is looked at
    (Lord & Novick 1968, eq. 3.9.4)."""
    return math.sqrt(_reliability(misreading, flip, judge(by, gold_error, leads), share))


def _validity_of_readings(
    by: str, misreading: float, flip: float, gold_error: float, leads: float, share: float
) -> float:
    """The same of the scores of both days with ρ, to which fidelity is no straight line."""
    rho, weight = correlations(misreading, DIMENSIONS)
    faithful = worth_of(misreading, flip)[0]
    bent = covariance(rho, faithful, weight) / math.sqrt(
        covariance(rho, rho, weight) * covariance(faithful, faithful, weight)
    )
    return bent * math.sqrt(_reliability(misreading, flip, judge(by, gold_error, leads), share, days=2))


# ---- what tables say -----------------------------------------------------------------------------------------------


def _alignment(tables: Tables, by: str) -> float:
    rows = tables.at_order("alignment", 2)
    mine = rows[(rows.a == by) & (rows.against == "guideline") & (rows["round"] == tables.last_round)]
    return float(mine.rho.item())


def _retest(tables: Tables, one: str, other: str, days: tuple[int, int]) -> float:
    """The correlation of two looks at the same people, who are scored by `one` on one day and by `other` on one."""
    both = []
    for by, day in zip((one, other), days, strict=True):
        rows = scores(tables, by)
        both.append(rows[rows["round"] == day].set_index("agent").score)
    first, second = both[0].align(both[1], join="inner")
    return float(np.corrcoef(first, second)[0, 1])


def _column(name: str) -> Callable[..., float]:
    """An observation: a column of the table `orders`, of one principal's judgement of the pool."""
    return lambda seed, by, **at: float(orders_row(orders_run(seed, **at), by)[name])


def _fisher(seed: int, *, by: str, **at: Any) -> float:
    """Half the width of an interval of validity on Fisher's scale, in standard errors."""
    rows = orders_run(0, **at).at_order("orders", 3 if by == "managers" else 2)
    row = rows[(rows.principal == by) & (rows.n > 3) & rows.low.notna()].iloc[-1]
    return float((math.atanh(row.high) - math.atanh(row.low)) / 2 * math.sqrt(row.n - 3))


# ---- the laws -----------------------------------------------------------------------------------------------------

NOVICK = "Lord & Novick (1968), Statistical Theories of Mental Test Scores, ch. 3 and 23"
VALIDITY = "simlab/analyzers/orders.py:OrdersAnalyzer._of_people"

LAWS = (
    of_orders(
        id="validity.firm",
        says="scores of n looks correlate with fidelity at √(Var p/(Var p + E p(1 − p)·E 1/n))",
        source=NOVICK,
        path=VALIDITY,
        points=BY_FIRM,
        predicted=lambda managers, **at: _validity(**at),
        observe=_column("validity_guideline"),
        control=Control(
            params=BY_FIRM[0],
            wrong="a score that says all",
            predicted=lambda **at: 1.0,
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="validity.auditors",
        says="the same of auditors' scores, whose own errors make agreement p less different from person to person",
        source=NOVICK,
        path=VALIDITY,
        points=BY_LEADS,
        predicted=lambda managers, **at: _validity(**at),
        observe=_column("validity_guideline"),
        control=Control(
            params=BY_LEADS[0],
            wrong="auditors who do not err",
            predicted=lambda managers, leads, **at: _validity(leads=0.0, **at),
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="validity.foreseen",
        says="and that is what the column validity_expected foresees",
        source=NOVICK,
        path="simlab/measures/fidelity.py:expected_validity",
        points=BY_LEADS,
        predicted=lambda managers, **at: _validity(**at),
        observe=_column("validity_expected"),
        control=Control(
            params=BY_LEADS[0],
            wrong="reliability itself, without the root",
            predicted=lambda managers, **at: _validity(**at) ** 2,
        ),
        margin=0.05,
        slack=0.01,
    ),
    of_orders(
        id="validity.of_readings",
        says="ρ of scores with how truly people read, after two looks: corr(ρ, F)·√reliability of twice as many",
        source=f"{NOVICK}; Spearman (1910) and Brown (1910)",
        path="simlab/analyzers/survey.py:_order_two",
        points=(*BY_FIRM[:2], BY_LEADS[0]),
        predicted=lambda managers, **at: _validity_of_readings(**at),
        observe=lambda seed, by, **at: _alignment(orders_run(seed, **at), by),
        control=Control(
            params=BY_FIRM[0],
            wrong="as after one look",
            predicted=lambda managers, **at: _validity(**at),
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="reliability.retest",
        says="a judge's scores of one day and the next correlate at their reliability",
        source=NOVICK,
        path=f"{VERDICT}, simlab/parties/audits.py:sampled_pairs",
        points=BY_LEADS,
        predicted=lambda by, misreading, flip, gold_error, leads, share, **at: _reliability(
            misreading, flip, judge(by, gold_error, leads), share
        ),
        observe=lambda seed, by, **at: _retest(orders_run(seed, **at), by, by, (0, 1)),
        control=Control(
            params=BY_LEADS[0],
            wrong="its root, which is validity",
            predicted=lambda managers, **at: _validity(**at),
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="reliability.across_judges",
        says="scores of two judges, of one another's errors independent, correlate at √(r₁·r₂)",
        source=NOVICK,
        path=f"{VERDICT}, simlab/parties/audits.py:audit, simlab/parties/auditors.py:Auditors.judge",
        points=AT,
        predicted=lambda misreading, flip, gold_error, leads, share, managers: math.sqrt(
            _reliability(misreading, flip, 1 - 2 * gold_error, share)
            * _reliability(misreading, flip, 1 - 2 * leads, share)
        ),
        observe=lambda seed, **at: _retest(orders_run(seed, **at), "acme", "leads", (1, 0)),
        control=Control(
            params=AT[0],
            wrong="judges who agree as well as either is valid",
            predicted=lambda misreading, flip, gold_error, leads, share, managers: _validity(
                "acme", misreading, flip, gold_error, leads, share
            ),
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="fidelity.people",
        says="people who misread by s and flip ε of their labels have fidelity (1 − 2ε)·E 2/π·asin ρ",
        source=BENNETT,
        path="simlab/people/expected_labels.py:expected_labels, simlab/measures/fidelity.py:fidelity",
        points=BY_FIRM,
        predicted=lambda misreading, flip, **at: mean(worth_of(misreading, flip)),
        observe=_column("fidelity_guideline"),
        control=Control(
            params=BY_FIRM[0],
            wrong="ρ in place of fidelity",
            predicted=lambda misreading, flip, **at: (1 - 2 * flip) * mean(correlations(misreading, DIMENSIONS)),
        ),
        margin=0.03,
    ),
    of_orders(
        id="fidelity.lost_by_direction",
        says="of the whole, 1 − E 2/π·asin ρ is lost by going by another direction",
        source=BENNETT,
        path="simlab/measures/fidelity.py:Losses.of",
        points=({"by": "acme", **AT[0]}, {"by": "acme", **AT[2]}, {"by": "leads", **AT[1]}),
        predicted=lambda misreading, **at: 1 - mean(worth_of(misreading, 0.0)),
        observe=_column("lost_direction"),
        control=Control(
            params=BY_FIRM[0],
            wrong="1 − ρ",
            predicted=lambda misreading, **at: 1 - mean(correlations(misreading, DIMENSIONS)),
        ),
        margin=0.03,
    ),
    of_orders(
        id="fidelity.lost_by_choice",
        says="of it, errors of choice cost 2ε of what is left by misreading",
        source=BENNETT,
        path="simlab/measures/fidelity.py:Losses.of",
        points=({"by": "acme", **AT[0]}, {"by": "acme", **AT[2]}, {"by": "leads", **AT[0]}),
        predicted=lambda misreading, flip, **at: 2 * flip * mean(worth_of(misreading, 0.0)),
        observe=_column("lost_choice"),
        control=Control(
            params=BY_FIRM[0],
            wrong="2ε of all",
            predicted=lambda flip, **at: 2 * flip,
        ),
        margin=0.02,
    ),
    Law(
        id="intervals.of_validity",
        says="an interval of validity is 1.96/√(n − 3) to either side of artanh r",
        source="Fisher (1921), Metron 1",
        path="simlab/measures/fidelity.py:fisher_interval",
        regime="gaussian",
        points=tuple({"by": by, **at} for by, at in (("acme", AT[0]), ("leads", AT[0]), ("leads", AT[1]))),
        predicted=lambda **at: 1.959963984540054,
        observe=_fisher,
        control=Control(params={"by": "leads", **AT[0]}, wrong="a third of it", predicted=lambda **at: 1.96 / 3),
        shares="orders",
    ),
)
