"""What judgements of judges lead to, from tables of whole runs: training, dismissal, and care that is paid for, where
raters are judged (order 2) and where auditors are (order 3)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.readers import fidelities, mean
from simlab.theory.whole_runs import AUDIT, LEARN, Tables, run

# ---- training -------------------------------------------------------------------------------------------------------

TRAINEES, WIDE = 20, 64  # people, dimensions


def _trained(seed: int, *, misreading: float, shrink: float, looks: int, trainers: int, theirs: float) -> Tables:
    """People of whom everybody is trained at every look, by auditors who misread by `theirs`, or, where there are none,
    by the firm. They toss coins, so that nobody is ever found good enough."""
    training = {"kind": "retrain", "below": 1.0, "shrink": shrink, "hours": 0}
    pool = {
        "kind": "raters", "count": TRAINEES, "misreading": misreading, "policy": {"kind": "mistaken", "flip": 0.5},
    }  # fmt: skip
    changes: dict[str, Any] = {
        "days": looks, "world.dimensions": WIDE, "parties.pool": pool, f"{LEARN}.sample": 20 * TRAINEES,
        f"{AUDIT}.sample": 1.0,
    }  # fmt: skip
    if trainers:
        leads = {"kind": "auditors", "count": trainers, "misreading": theirs, "hours": 24}
        leads["policy"] = {"kind": "mistaken", "flip": 0.0}
        look = {"principal": "leads", "agent": "pool", "every": 1, "sample": 1.0, "consequence": [training]}
        changes |= {"parties.leads": leads, "relations.4": look}
    else:
        changes[f"{AUDIT}.consequence"] = [training]
    return run(seed, "plain", changes, measured=False)


def _error_left(tables: Tables) -> float:
    """The mean squared error of the last reading of everybody in the pool, in norms of the guideline (which is 1)."""
    rows = tables.readings
    rows = rows[rows.party.str.startswith("pool:")]
    last = rows.groupby(["party", "criterion"]).weight.last().unstack()
    return float(((last["helpful"] - 1) ** 2 + last[""] ** 2).mean())


def _expected_error(*, misreading: float, shrink: float, looks: int, trainers: int, theirs: float) -> float:
    """E|e_k|² of e_k = λᵏe₀ + (1 − λ)Σ λⁱt, with one of m trainers drawn at each look: two looks share one at 1/m."""
    steps = [shrink**i for i in range(looks)]
    apart, together = sum(s * s for s in steps), sum(steps) ** 2
    common = 1 / trainers if trainers else 0.0
    learned = (1 - shrink) ** 2 * theirs**2 * (apart + (together - apart) * common) if trainers else 0.0
    return shrink ** (2 * looks) * misreading**2 + learned


# ---- dismissal ------------------------------------------------------------------------------------------------------

PEOPLE, NARROW = 120, 4
LOOKED = 12  # pieces of work looked at, per person


def _selected(seed: int, *, order: int, misreading: float, share: float, judge: float) -> Tables:
    """People of whom each look dismisses those with the lowest scores: raters judged by auditors who err by lot with
    chance `judge`, or auditors judged by auditors."""
    fire = {"kind": "fire", "review": {"kind": "rank", "share": share}}
    careful = {"kind": "mistaken", "flip": 0.0}
    watchers = {"kind": "auditors", "count": 20, "hours": 24, "policy": {"kind": "mistaken", "flip": judge}}
    misread = {"count": PEOPLE, "misreading": misreading, "policy": careful}
    pool = {"kind": "raters", "held_out": 0, "count": 20, "policy": careful}
    changes: dict[str, Any] = {
        "world.dimensions": NARROW, f"{LEARN}.sample": LOOKED * PEOPLE, "days": order - 1, "parties.pool": pool,
        "parties.managers": watchers,
        "relations.4": {"principal": "managers", "agent": "pool", "every": 1, "sample": 1.0, "consequence": fire},
    }  # fmt: skip
    if order == 2:
        changes["parties.pool"] = pool | misread
    else:
        changes["parties.leads"] = {"kind": "auditors", "hours": 24, **misread}
        changes["relations.4"] |= {"agent": "leads"}
        changes["relations.5"] = {"principal": "leads", "agent": "pool", "every": 1, "sample": 1.0}
    return run(seed, "plain", changes)


def _judged(tables: Tables, order: int) -> Any:
    """Everyone who was judged at this order: fidelity, and whether dismissed for it."""
    looked = tables.at_order("judgements", order)
    looked = looked[looked.principal == "managers"].agent
    rows = tables.raters[tables.raters["round"] == 0].set_index("worker").loc[looked.unique()]
    gone = tables.consequences
    return rows.assign(gone=rows.index.isin(gone[gone.kind == "fire"].agent))


def _lag(seed: int, *, order: int, **at: Any) -> float:
    """How far the fidelity of those dismissed was below that of all."""
    people = _judged(_selected(seed, order=order, **at), order)
    return float(people.fidelity_guideline.mean() - people[people.gone].fidelity_guideline.mean())


def _rightly(seed: int, *, order: int, **at: Any) -> float:
    """Of those dismissed, the share that was among the worst tenth."""
    rows = _selected(seed, order=order, **at).at_order("orders", order)
    rows = rows[(rows.principal == "managers")]
    right, wrong = float(rows.dismissed_rightly.sum()), float(rows.dismissed_wrongly.sum())
    return right / (right + wrong)


@lru_cache(maxsize=32)
def _dismissals(misreading: float, share: float, judge: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Readers' fidelity, its weights, and the chance to be dismissed for a score among the lowest, taken as normal."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    worth, weight = fidelities(misreading, NARROW)
    agreed = (1 + worth * (1 - 2 * judge)) / 2
    spread = np.sqrt(agreed * (1 - agreed) / LOOKED) + 1e-9
    bar = brentq(lambda b: float(weight @ ndtr((b - agreed) / spread)) - share, -1, 2)
    return worth, weight, ndtr((bar - agreed) / spread)


def _expected_lag(*, order: int, misreading: float, share: float, judge: float) -> float:
    worth, weight, gone = _dismissals(misreading, share, judge)
    return float(weight @ worth - (weight * gone) @ worth / share)


def _expected_rightly(*, order: int, misreading: float, share: float, judge: float) -> float:
    worth, weight, gone = _dismissals(misreading, share, judge)
    lowest = np.argsort(worth)
    within = np.clip((0.1 - np.r_[0.0, np.cumsum(weight[lowest])[:-1]]) / weight[lowest], 0.0, 1.0)
    return float((weight * gone)[lowest] @ within / share)


# ---- care at the second order ---------------------------------------------------------------------------------------


HOURS = 6.0


def _watched(seed: int, *, bonus: float, cost: float, leads: float, managers: float) -> Tables:
    """Raters who misread, audited by leads whom agreement with managers is paid, and for whom looking is toil."""
    return run(seed, "plain", {
        "days": 2, "world.dimensions": NARROW, f"{LEARN}.sample": 3000,
        "parties.pool": {
            "kind": "raters", "count": 40, "misreading": 0.5, "policy": {"kind": "mistaken", "flip": 0.0},
        },
        "parties.leads": {
            "kind": "auditors", "count": 20, "hours": HOURS, "policy": {"kind": "mistaken", "flip": leads},
            "effort": {"kind": "linear", "cost": cost}, "pay": {"kind": "linear", "bonus": bonus},
        },
        "parties.managers": {
            "kind": "auditors", "count": 5, "hours": 24, "policy": {"kind": "mistaken", "flip": managers},
        },
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5},
        "relations.5": {"principal": "managers", "agent": "leads", "every": 1, "sample": 1.0},
    })  # fmt: skip


def _care(*, bonus: float, cost: float, leads: float, **rest: float) -> float:
    return bonus * (0.5 - leads) / (cost * HOURS)


def _no_corner(**at: float) -> str:
    care = _care(**at)
    return "" if 0 <= care <= 1 else f"care lies between 0 and 1, and this would buy {care:.3g}"


def _care_of_leads(seed: int, **at: float) -> float:
    rows = _watched(seed, **at).raters
    return float(rows[rows.worker.str.startswith("leads:")].care.mean())


def _score(seed: int, *, by: str, order: int, **at: float) -> float:
    rows = _watched(seed, **at).at_order("judgements", order)
    rows = rows[rows.principal == by]
    return float(np.average(rows.score, weights=rows["sample"]))


# ---- the laws -------------------------------------------------------------------------------------------------------

KALISH = "Griffiths & Kalish (2007), Cognitive Science 31"
TRAININGS: tuple[dict[str, Any], ...] = (
    {"misreading": 0.5, "shrink": 0.7, "looks": 3, "trainers": 4, "theirs": 1.5},
    {"misreading": 1.0, "shrink": 0.5, "looks": 2, "trainers": 1, "theirs": 0.8},
    {"misreading": 2.0, "shrink": 0.3, "looks": 2, "trainers": 2, "theirs": 0.3},
)
FIRM: tuple[dict[str, Any], ...] = tuple({**at, "trainers": 0, "theirs": 0.0} for at in TRAININGS)
DISMISSALS: tuple[dict[str, Any], ...] = (
    {"order": 2, "misreading": 1.0, "share": 0.2, "judge": 0.1},
    {"order": 3, "misreading": 1.0, "share": 0.2, "judge": 0.0},
    {"order": 2, "misreading": 2.0, "share": 0.1, "judge": 0.0},
)
PAID: tuple[dict[str, float], ...] = (
    {"bonus": 10.0, "cost": 1.0, "leads": 0.1, "managers": 0.05},
    {"bonus": 12.0, "cost": 2.0, "leads": 0.0, "managers": 0.1},
    {"bonus": 20.0, "cost": 1.5, "leads": 0.15, "managers": 0.0},
)
MORAL = "Holmström & Milgrom (1991), JLEO 7, where the worker is a judge"

LAWS = (
    Law(
        id="retraining.by_auditors",
        says="after k trainings by m auditors who err, E|e|² = λ²ᵏs² + (1 − λ)²t²·(Σλ²ⁱ + ((Σλⁱ)² − Σλ²ⁱ)/m)",
        source=KALISH,
        path="simlab/parties/pool.py:Pool.retrain, simlab/consequences/people.py:trainers",
        regime="gaussian",
        points=TRAININGS,
        predicted=_expected_error,
        observe=lambda seed, **at: _error_left(_trained(seed, **at)),
        control=Control(
            params=TRAININGS[0],
            wrong="trainers who do not err",
            predicted=lambda shrink, looks, misreading, **at: shrink ** (2 * looks) * misreading**2,
        ),
        margin=0.08,
        replications=FEWEST,
        shares="consequences",
    ),
    Law(
        id="retraining.by_firm",
        says="and by who issued the guideline λ²ᵏs²: errors shrink, and nothing takes their place",
        source=KALISH,
        path="simlab/parties/pool.py:Pool.retrain, plugins/consequences/retrain.py:Retrain.act",
        regime="gaussian",
        points=FIRM,
        predicted=_expected_error,
        observe=lambda seed, **at: _error_left(_trained(seed, **at)),
        control=Control(
            params=FIRM[0],
            wrong="people who cannot be taught",
            predicted=lambda misreading, **at: misreading**2,
        ),
        margin=0.01,
        replications=FEWEST,
        shares="consequences",
    ),
    Law(
        id="dismissal.selects",
        says="those with the lowest scores are E[F] − E[F·P(dismissed)]/q less faithful than all",
        source="selection on a fallible measure (Cochran 1951; Taylor & Russell 1939)",
        path="plugins/reviews/rank.py:Rank.decide, simlab/consequences/people.py:dismissed",
        regime="gaussian",
        points=DISMISSALS,
        predicted=_expected_lag,
        observe=_lag,
        control=Control(params=DISMISSALS[0], wrong="dismissal by lot", predicted=lambda **at: 0.0),
        margin=0.08,
        slack=0.02,  # scores are binomial, and taken as normal
        replications=FEWEST,
        shares="consequences",
    ),
    Law(
        id="dismissal.rightly",
        says="of those dismissed, so many were among the worst tenth as their scores can tell",
        source="selection on a fallible measure (Cochran 1951; Taylor & Russell 1939)",
        path="simlab/analyzers/orders.py:OrdersAnalyzer.followed, simlab/measures/fidelity.py:is_worst",
        regime="gaussian",
        points=DISMISSALS,
        predicted=_expected_rightly,
        observe=_rightly,
        control=Control(params=DISMISSALS[0], wrong="dismissal by lot", predicted=lambda **at: 0.1),
        margin=0.12,
        slack=0.03,
        replications=FEWEST,
        shares="consequences",
    ),
    Law(
        id="deterrence.care_of_auditors",
        says="auditors paid by those who audit them take care b(½ − ε)/(c·hours)",
        source=MORAL,
        path="simlab/people/effort.py:situation_of, plugins/efforts/linear.py:Linear.choose",
        regime="gaussian",
        points=PAID,
        predicted=_care,
        observe=_care_of_leads,
        refuses=_no_corner,
        control=Control(params=PAID[0], wrong="auditors who always look", predicted=lambda **at: 1.0),
        margin=0.04,
        slack=0.005,
        replications=FEWEST,
        slow=True,
        shares="consequences",
    ),
    Law(
        id="deterrence.found_out",
        says="which shows at order 3: managers agree with them in ½(1 + a·F₂·F₃)",
        source=MORAL,
        path="simlab/parties/auditors.py:Auditors._opinions, simlab/people/working_life.py:toss",
        regime="gaussian",
        points=PAID,
        predicted=lambda leads, managers, **at: (
            (1 + _care(leads=leads, **at) * (1 - 2 * leads) * (1 - 2 * managers)) / 2
        ),
        observe=lambda seed, **at: _score(seed, by="managers", order=3, **at),
        refuses=_no_corner,
        control=Control(
            params=PAID[0],
            wrong="auditors who always look",
            predicted=lambda leads, managers, **at: (1 + (1 - 2 * leads) * (1 - 2 * managers)) / 2,
        ),
        margin=0.03,
        replications=FEWEST,
        slow=True,
        shares="consequences",
    ),
    Law(
        id="deterrence.passed_on",
        says="and at order 2, where raters get a·F₂ of the credit that is due to them: ½(1 + a·F₂·F)",
        source=MORAL,
        path="simlab/parties/auditors.py:Auditors.judge, simlab/parties/audits.py:verdict",
        regime="gaussian",
        points=PAID,
        predicted=lambda leads, managers, **at: (
            (1 + _care(leads=leads, **at) * (1 - 2 * leads) * mean(fidelities(0.5, NARROW))) / 2
        ),
        observe=lambda seed, **at: _score(seed, by="leads", order=2, **at),
        refuses=_no_corner,
        control=Control(
            params=PAID[0],
            wrong="auditors who always look",
            predicted=lambda leads, managers, **at: (1 + (1 - 2 * leads) * mean(fidelities(0.5, NARROW))) / 2,
        ),
        margin=0.03,
        replications=FEWEST,
        slow=True,
        shares="consequences",
    ),
)
