"""Errors that people do not make apart, from the tables of runs: common mistakes, silence among friends, demotion.

Raters err by lot with chance ε, auditors with chance η; friends are silent about one another's errors where it pays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.whole_runs import LEARN, Tables, run

SILENT = "simlab/people/collusion.py:reported"


# ---- misreadings that do not average out ----------------------------------------------------------------------------

CRITERIA, POOLS = 24, 4  # by which readings are compared, all of the same weight; and pools that are alike


def _in_readings(seed: int, *, people: int, correlation: float) -> Tables:
    """Pools of so many people, each of whom misreads, in part as the others of the pool do; a day of little work."""
    names = ["pool", *(f"crew_{i}" for i in range(1, POOLS))]
    criteria: dict[str, Any] = {f"value_{i}": {} for i in range(CRITERIA)}
    weights, changes = dict.fromkeys(criteria, 1.0), {}
    for i, name in enumerate(names):
        pool = {"kind": "raters", "count": people, "misreading": 1.0, "shared": correlation, "held_out": 0}
        changes[f"parties.{name}"] = pool
        if i:
            label = {"principal": name, "agent": "rm", "every": 1, "sample": 20, "consequence": "gradient"}
            changes[f"relations.{2 * i + 2}"] = {"principal": "acme", "agent": name, "every": 1, "sample": 1}
            changes[f"relations.{2 * i + 3}"] = label
    world = {"world.dimensions": CRITERIA, "criteria": criteria, "parties.users.values": weights}
    return run(
        seed,
        "plain",
        {**world, **changes, "parties.acme.guideline.operative": weights, f"{LEARN}.sample": 20},
        measured=False,
    )


def _left_of_errors(tables: Tables) -> float:
    """The mean square of a pool's mean misreading, over that of a person's."""
    rows = tables.readings[tables.readings.party.str.contains(":") & (tables.readings.criterion != "")]
    errors = rows.assign(pool=rows.party.str.partition(":")[0], error=rows.weight - 1.0)
    means = errors.groupby(["pool", "criterion"], observed=True).error.mean()
    return float((means**2).mean() / (errors.error**2).mean())


# ---- mistakes about the same items ----------------------------------------------------------------------------------


def _both(flip: float, correlation: float) -> float:
    """Φ₂(h, h; r) with h = Φ⁻¹(ε): how often both of two people err, whose latent normals correlate."""
    from scipy.stats import multivariate_normal, norm

    h = norm.ppf(flip)
    return float(multivariate_normal.cdf([h, h], cov=[[1, correlation], [correlation, 1]]))


def _in_common(seed: int, *, flip: float, correlation: float) -> Tables:
    return run(
        seed,
        "plain",
        {
            "parties.pool.policy": {"kind": "mistaken", "flip": flip},
            "parties.pool.shared": {"mistakes": correlation},
            "parties.pool.overlap": 2,
            f"{LEARN}.sample": 2000,
        },
        measured=False,
    )


def _wrong(tables: Tables) -> Any:
    """Whether each of two raters was wrong about a pair [pairs, 2]."""
    rows = tables.comparisons[tables.comparisons.principal == "pool"]
    both = rows.assign(wrong=rows.label != rows.gold).groupby("task").wrong.agg(list)
    return np.array([pair for pair in both if len(pair) == 2])


# ---- silence --------------------------------------------------------------------------------------------------------


def _honest(flip: float, leads: float) -> float:
    return (1 - flip) * (1 - leads) + flip * leads


def _silent(
    seed: int, measured: bool, *, flip: float, leads: float, share: float, stake: float, worth: float, bounty: float
) -> Tables:
    """Raters and leads of whom a share know one another; `worth` is λ, of a $ paid in secret."""
    return run(
        seed,
        "orders",
        {
            "days": 1,
            "parties.pool.policy": {"kind": "mistaken", "flip": flip},
            "parties.leads.policy": {"kind": "mistaken", "flip": leads},
            "parties.leads.bounty": bounty,
            "parties.leads.collusion": {"share": share, "stake": stake, "efficiency": worth},
            f"{LEARN}.sample": 1000,
        },
        measured=measured,
    )


def _score(tables: Tables, by: str) -> float:
    rows = tables.judgements[tables.judgements.principal == by]
    return float(np.average(rows.score, weights=rows["sample"]))


def _score_with(flip: float, leads: float, share: float, stake: float, worth: float, bounty: float) -> float:
    """Tirole's constraint at work: friends are silent if λ·x > r, and not else."""
    silent = share if worth * stake > bounty else 0.0
    return silent + (1 - silent) * _honest(flip, leads)


def _fidelity_with(flip: float, leads: float, share: float, stake: float, worth: float, bounty: float) -> float:
    silent = share if worth * stake > bounty else 0.0
    return (1 - silent) * (1 - 2 * leads) + silent * (1 - 2 * flip)


def _fidelity(tables: Tables) -> float:
    rows = tables.raters[tables.raters.worker.str.startswith("leads:")]
    return float(rows.fidelity_guideline.mean())


def _bribe(tables: Tables) -> float:
    """What one silence costs."""
    paid = tables.ledger[(tables.ledger.reason == "bribe") & (tables.ledger.amount > 0)]
    return float(paid.amount.mean())


def _price(stake: float, worth: float, bounty: float, **at: float) -> float:
    return (stake + bounty / worth) / 2


FRIENDS: tuple[dict[str, Any], ...] = (
    {"flip": 0.3, "leads": 0.1, "share": 0.5, "stake": 2.0, "worth": 1.0, "bounty": 0.5},
    {"flip": 0.2, "leads": 0.2, "share": 0.8, "stake": 4.0, "worth": 0.5, "bounty": 1.9},
    {"flip": 0.4, "leads": 0.0, "share": 0.3, "stake": 10.0, "worth": 0.3, "bounty": 0.0},
)
PROOF: tuple[dict[str, Any], ...] = (
    {"flip": 0.3, "leads": 0.1, "share": 0.5, "stake": 2.0, "worth": 1.0, "bounty": 2.1},
    {"flip": 0.2, "leads": 0.2, "share": 0.8, "stake": 4.0, "worth": 0.5, "bounty": 2.1},
    {"flip": 0.4, "leads": 0.0, "share": 0.3, "stake": 10.0, "worth": 0.3, "bounty": 3.1},
)
TIROLE = "Tirole (1986), Journal of Law, Economics, & Organization 2: the coalition incentive constraint r ≥ λ·x"


def _ignoring(**at: float) -> float:
    """As if friends were silent whatever it costs them."""
    return _score_with(**{**at, "bounty": 0.0})


def _not_friends(seed: int, *, flip: float, correlation: float) -> float:
    return float(_wrong(_in_common(seed, flip=flip, correlation=correlation)).all(axis=1).mean())


LAWS = (
    Law(
        id="in_common.effective_number",
        says="of n people whose misreadings correlate by r as much averages out as of n/(1 + (n − 1)r) who err apart: "
        "(1 + (n − 1)r)/n of one person's error is left",
        source="Kish (1965), Survey Sampling, ch. 5: the design effect",
        path="simlab/people/population.py:misreadings, simlab/parties/guideline.py:write_readings",
        points=(
            {"people": 25, "correlation": 0.1},
            {"people": 25, "correlation": 0.5},
            {"people": 8, "correlation": 0.8},
            {"people": 40, "correlation": 0.02},
        ),
        predicted=lambda people, correlation: (1 + (people - 1) * correlation) / people,
        observe=lambda seed, **at: _left_of_errors(_in_readings(seed, **at)),
        control=Control(
            params={"people": 25, "correlation": 0.1},
            wrong="all err apart, r = 0, and as many average out as there are",
            predicted=lambda people, correlation: 1 / people,
        ),
        margin=0.03,
        regime="gaussian",
        replications=FEWEST,
        refuses=lambda people, correlation: (
            "" if 2 <= people <= 2000 and 0 < correlation <= 1 else "it takes two people at least, and 0 < r ≤ 1"
        ),
        shares="readings",
    ),
    Law(
        id="in_common.both_wrong",
        says="two people whose latent draws correlate by r are both wrong with chance Φ₂(h, h; r), h = Φ⁻¹(ε)",
        source="Li (2000), Journal of Fixed Income 9: the Gaussian copula; bivariate normal orthant",
        path="simlab/people/shared_mistakes.py:with_common",
        points=(
            {"flip": 0.2, "correlation": 0.5},
            {"flip": 0.1, "correlation": 0.8},
            {"flip": 0.35, "correlation": 0.3},
        ),
        predicted=_both,
        observe=_not_friends,
        control=Control(
            params={"flip": 0.2, "correlation": 0.5},
            wrong="they err apart",
            predicted=lambda flip, correlation: flip**2,
        ),
        margin=0.02,
        regime="gaussian",
        replications=FEWEST,
        shares="plain",
    ),
    Law(
        id="in_common.each_wrong",
        says="what people have in common leaves each as often wrong as before",
        source="the marginal of a copula is uniform",
        path="simlab/people/shared_mistakes.py:with_common",
        points=(
            {"flip": 0.2, "correlation": 0.5},
            {"flip": 0.1, "correlation": 0.8},
            {"flip": 0.35, "correlation": 0.3},
        ),
        predicted=lambda flip, correlation: flip,
        observe=lambda seed, **at: float(_wrong(_in_common(seed, **at)).mean()),
        control=Control(
            params={"flip": 0.1, "correlation": 0.8},
            wrong="draws are averaged, and no longer uniform",
            predicted=lambda flip, correlation: flip * math.sqrt(1 - correlation),
        ),
        margin=0.02,
        regime="gaussian",
        replications=FEWEST,
        shares="plain",
    ),
    Law(
        id="collusion.scores",
        says="with a share f of friends, silence raises scores from h to f + (1 − f)·h",
        source="enumeration of who is asked about whom",
        path=SILENT,
        points=FRIENDS,
        predicted=_score_with,
        observe=lambda seed, **at: _score(_silent(seed, False, **at), "leads"),
        control=Control(
            params=FRIENDS[0], wrong="nobody is silent", predicted=lambda flip, leads, **at: _honest(flip, leads)
        ),
        margin=0.03,
        slack=0.005,
        regime="gaussian",
        replications=FEWEST,
        shares="orders",
    ),
    Law(
        id="collusion.fidelity",
        says="silence takes an auditor's fidelity to (1 − f)·(1 − 2η) + f·(1 − 2ε)",
        source="a silent auditor says what the audited say",
        path="simlab/people/expected_labels.py:_silence",
        points=FRIENDS,
        predicted=_fidelity_with,
        observe=lambda seed, **at: _fidelity(_silent(seed, True, **at)),
        control=Control(
            params=FRIENDS[0],
            wrong="silence costs nothing but what is found",
            predicted=lambda leads, **at: 1 - 2 * leads,
        ),
        margin=0.03,
        regime="gaussian",
        replications=FEWEST,
        slow=True,
        shares="orders",
    ),
    Law(
        id="collusion.proof",
        says="from a bounty of λ·x on nobody is silent",
        source=TIROLE,
        path=SILENT,
        points=PROOF,
        predicted=_score_with,
        observe=lambda seed, **at: _score(_silent(seed, False, **at), "leads"),
        control=Control(params=PROOF[0], wrong="friends are silent whatever it costs them", predicted=_ignoring),
        margin=0.03,
        slack=0.005,
        regime="gaussian",
        replications=FEWEST,
        shares="orders",
    ),
    Law(
        id="collusion.price",
        says="silence costs (x + r/λ)/2, halfway between what it is worth and what it forgoes",
        source="Nash (1950), Econometrica 18, for two who bargain over it",
        path=SILENT,
        points=FRIENDS,
        predicted=_price,
        observe=lambda seed, **at: _bribe(_silent(seed, False, **at)),
        control=Control(params=FRIENDS[0], wrong="all of the stake", predicted=lambda stake, **at: stake),
        regime="gaussian",
        shares="orders",
    ),
)
