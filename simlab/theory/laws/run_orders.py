"""Judges of judges: what tables of a run say of audits and audits of audits, and of what they cost.

Raters misread the guideline each in their own way and err by lot; a firm audits them with gold that errs, auditors who
err by lot audit them, too, and are audited in turn. With fidelity F, 1 for whoever does all as is told and 0 for a
coin, errors that are independent multiply: two judges of the same pair agree with chance ½(1 + F·F′).
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.readers import fidelities, mean
from simlab.theory.whole_runs import AUDIT, LEARN, Tables, run

DIMENSIONS, RATERS, LABELS = 4, 120, 2400
SPREAD, SECONDS, AUDIT_SECONDS = 0.3, 30.0, 60.0  # log-normal sd of the time a pair takes, and its mean without it
WAGE, LEADS, MANAGERS, FIRM = 20.0, 30.0, 50.0, 40.0  # $ an hour


def orders_run(
    seed: int, *, misreading: float, flip: float, gold_error: float, leads: float, managers: float, share: float
) -> Tables:
    """Two days of it. `flip`, `leads` and `managers` say how often each kind of people errs by lot; `share`, of how
    many pairs those above look at again."""

    def policy(wrong: float) -> dict[str, Any]:
        return {"kind": "mistaken", "flip": wrong}

    return run(seed, "orders", {
        "world.dimensions": DIMENSIONS, "parties.pool.count": RATERS, f"{LEARN}.sample": LABELS,
        "parties.pool.misreading": misreading, "parties.pool.policy": policy(flip),
        "parties.acme.gold_error": gold_error, "parties.leads.policy": policy(leads),
        "parties.managers.policy": policy(managers), f"{AUDIT}.sample": share, "relations.4.sample": share,
    })  # fmt: skip


# ---- what theory says ----------------------------------------------------------------------------------------------


def worth_of(misreading: float, flip: float) -> tuple[Array, Array]:
    """Raters' fidelity, and its weights."""
    faithful, weight = fidelities(misreading, DIMENSIONS)
    return (1 - 2 * flip) * faithful, weight


def agreement(misreading: float, flip: float, judge: float) -> float:
    return (1 + mean(worth_of(misreading, flip)) * judge) / 2


def _pay(share: float) -> dict[str, float]:
    """What is paid at each order on the second day, in $: labels, the firm's audits, auditors', audits of these."""
    hour = math.exp(SPREAD**2) / 3600  # people differ in pace, and so do their pieces of work
    looked = round(share * LABELS)
    return {
        "pool": LABELS * SECONDS * hour * WAGE,
        "acme": looked * AUDIT_SECONDS / 3600 * FIRM,
        "leads": looked * SECONDS * hour * LEADS,
        "managers": round(0.5 * looked) * SECONDS * hour * MANAGERS,
    }


def _cost_share(by: str, share: float) -> float:
    paid = _pay(share)
    return paid[by] / sum(paid.values())


# ---- what tables say -----------------------------------------------------------------------------------------------


def scores(tables: Tables, by: str, order: int = 2) -> Any:
    """Judgements of people by one principal, a row each."""
    rows = tables.at_order("judgements", order)
    return rows[rows.principal == by]


def _mean_score(tables: Tables, by: str, order: int = 2) -> float:
    """The share of all pieces of work looked at that were agreed with."""
    rows = scores(tables, by, order)
    return float(np.average(rows.score, weights=rows["sample"]))


def orders_row(tables: Tables, by: str, agent: str = "pool") -> Any:
    rows = tables.orders
    return rows[(rows.principal == by) & (rows.agent == agent) & (rows["round"] == tables.last_round)].iloc[0]


def _passed(tables: Tables, misreading: float, flip: float) -> float:
    """F₃ as it follows from both orders: managers' view of leads over leads' F₂, that from what raters were said to be
    worth and are."""
    of_leads = (2 * _mean_score(tables, "leads") - 1) / mean(worth_of(misreading, flip))
    return (2 * _mean_score(tables, "managers", order=3) - 1) / of_leads


def out_of_reach(
    *, misreading: float, flip: float, gold_error: float, leads: float, managers: float, share: float, by: str = "leads"
) -> str:
    """Why so few looks at people so much alike, or judges so near to coins, would leave nothing to be seen."""
    if not 0.3 <= misreading <= 2.5:
        return (
            f"people who misread by {misreading:g} differ too little, or are near to coins; from .3 to 2.5 they do not"
        )
    if max(flip, gold_error, leads, managers) > 0.3 or min(flip, gold_error, leads, managers) < 0:
        return "somebody errs too often, or less than never; up to .3 it shows"
    return "" if 0.25 <= share <= 1 else f"a share of {share:g} is too few looks; it takes a fourth of all pairs"


# ---- the laws -----------------------------------------------------------------------------------------------------

AT: tuple[dict[str, Any], ...] = (
    {"misreading": 1.0, "flip": 0.1, "gold_error": 0.1, "leads": 0.2, "managers": 0.05, "share": 0.5},
    {"misreading": 0.6, "flip": 0.0, "gold_error": 0.0, "leads": 0.1, "managers": 0.2, "share": 0.8},
    {"misreading": 1.5, "flip": 0.05, "gold_error": 0.15, "leads": 0.0, "managers": 0.15, "share": 0.35},
)
BY_FIRM = tuple({"by": "acme", **at} for at in AT)
BY_LEADS = tuple({"by": "leads", **at} for at in AT)
BENNETT = "Bennett, Alpert & Goldstein (1954), Public Opinion Quarterly 18 (S); Sheppard (1899), Phil. Trans. A 192"
VERDICT = "simlab/parties/audits.py:verdict"
of_orders = partial(Law, regime="gaussian", refuses=out_of_reach, replications=FEWEST, shares="orders")

LAWS = (
    of_orders(
        id="audit.firm",
        says="a firm agrees with its raters in ½(1 + F(1 − 2η)) of the pairs it looks at again",
        source=BENNETT,
        path=f"simlab/parties/audits.py:audit, {VERDICT}",
        points=AT,
        predicted=lambda misreading, flip, gold_error, **at: agreement(misreading, flip, 1 - 2 * gold_error),
        observe=lambda seed, **at: _mean_score(orders_run(seed, **at), "acme"),
        control=Control(
            params=AT[0],
            wrong="gold that is always right",
            predicted=lambda misreading, flip, **at: agreement(misreading, flip, 1.0),
        ),
        margin=0.02,
    ),
    of_orders(
        id="audit.auditors",
        says="auditors agree with raters in ½(1 + F·F₂) of the pairs they look at again",
        source=BENNETT,
        path=f"simlab/parties/auditors.py:Auditors.judge, {VERDICT}",
        points=AT,
        predicted=lambda misreading, flip, leads, **at: agreement(misreading, flip, 1 - 2 * leads),
        observe=lambda seed, **at: _mean_score(orders_run(seed, **at), "leads"),
        control=Control(
            params=AT[0],
            wrong="auditors who repeat what they were shown",
            predicted=lambda **at: 1.0,
        ),
        margin=0.02,
    ),
    of_orders(
        id="audit.of_audits",
        says="and those above auditors agree with them in ½(1 + F₂·F₃), however bad raters are",
        source=BENNETT,
        path=f"simlab/parties/auditors.py:Auditors._opinions, {VERDICT}",
        points=AT,
        predicted=lambda leads, managers, **at: (1 + (1 - 2 * leads) * (1 - 2 * managers)) / 2,
        observe=lambda seed, **at: _mean_score(orders_run(seed, **at), "managers", order=3),
        control=Control(
            params=AT[0],
            wrong="the raters' errors show again",
            predicted=lambda misreading, flip, leads, managers, **at: agreement(
                misreading, flip, (1 - 2 * leads) * (1 - 2 * managers)
            ),
        ),
        margin=0.02,
    ),
    of_orders(
        id="passed_on.judges",
        says="what raters get in common credit beyond chance from two judges is as F₂ : 1 − 2η, whatever raters do",
        source="attenuation (Spearman 1904), order by order",
        path=f"simlab/parties/audits.py:audit, simlab/parties/auditors.py:Auditors.judge, {VERDICT}",
        points=AT,
        predicted=lambda gold_error, leads, **at: (1 - 2 * leads) / (1 - 2 * gold_error),
        observe=lambda seed, **at: (
            (2 * _mean_score(orders_run(seed, **at), "leads") - 1)
            / (2 * _mean_score(orders_run(seed, **at), "acme") - 1)
        ),
        control=Control(
            params=AT[0],
            wrong="errors of judges that do not reach those they judge",
            predicted=lambda **at: 1.0,
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="passed_on.through_orders",
        says="what managers find of leads over what leads' errors cost raters is F₃: F₂ is the same at both orders",
        source="attenuation (Spearman 1904), order by order",
        path=f"simlab/parties/auditors.py:Auditors.judge, {VERDICT}",
        points=AT,
        predicted=lambda managers, **at: 1 - 2 * managers,
        observe=lambda seed, **at: _passed(orders_run(seed, **at), at["misreading"], at["flip"]),
        control=Control(
            params=AT[0],
            wrong="leads' errors show once more",
            predicted=lambda leads, managers, **at: (1 - 2 * leads) * (1 - 2 * managers),
        ),
        margin=0.1,
        slack=0.01,
    ),
    of_orders(
        id="cost.of_orders",
        says="each order's share of pay is pieces looked at × time × wage, over the sum of all orders'",
        source="accounts of a day: labels, audits at either side, audits of audits",
        path="simlab/analyzers/orders.py:OrdersAnalyzer._spent_on, simlab/engine/event_log.py:EventLog.labor",
        points=(
            {"by": "leads", **AT[0]},
            {"by": "acme", **AT[1]},
            {"by": "managers", **AT[0]},
            {"by": "managers", **AT[2]},
        ),
        predicted=lambda by, share, **at: _cost_share(by, share),
        observe=lambda seed, by, **at: float(
            orders_row(orders_run(seed, **at), by, "leads" if by == "managers" else "pool").share
        ),
        control=Control(
            params={"by": "managers", **AT[0]},
            wrong="wages that do not rise with rank",
            predicted=lambda by, share, **at: (
                _pay(share)[by]
                * WAGE
                / MANAGERS
                / (sum(_pay(share).values()) - _pay(share)[by] * (1 - WAGE / MANAGERS))
            ),
        ),
        margin=0.02,
    ),
)
