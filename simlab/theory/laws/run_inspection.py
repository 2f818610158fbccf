"""Who looks where nobody need: the inspection game at every order, from the tables of whole runs.

Raters are looked at by leads, these by a firm, or by managers whom a firm looks at. All are paid by what a look at one
of their answers finds (`double_or_nothing`), and choose between care and none; leads and managers who take none wave
through. Answers without care take half the time, so that `comparisons` says of each whether it was given with care.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from simlab.theory.inspection import accuracies, chance_of_a_look, equilibrium
from simlab.theory.law import Control, Law
from simlab.theory.whole_runs import AUDIT, LEARN, LOOK, TRAIN, Tables, run

ORDERS = ("pool", "leads", "managers")
SECONDS, HURRIED = 30.0, 0.5
ALIKE, UNLIKE = (300, 150, 100), (600, 400, 400)  # people of each order, where costs of care are equal, and where not
INNER = (0.3, 0.76)  # care where costs are equal: nearer to 0 or 1, one side comes back more slowly than it leaves
Params = dict[str, Any]

# ---- runs -----------------------------------------------------------------------------------------------------------


def _people(kind: str, count: int, wage: float, cost: float, right: float, how: Params) -> Params:
    return {
        "kind": kind, "count": count, "wage": wage, "hours": 24, "seconds": SECONDS, "seconds_spread": 0,
        "policy": {"kind": "mistaken", "flip": round(1 - right, 9)},
        "pay": {"kind": "double_or_nothing", "times": 1, "gold": 1},
        "effort": {"kind": "gold_bonus", "cost": cost, "careless_seconds": HURRIED, "know_judges": True, **how},
    }  # fmt: skip


def played(
    *, wages: list[float], costs: list[float], right: list[float], gold_error: float, share: float, spread: float,
    careless: str = "wave_through", know: bool = True,
) -> Tables:  # fmt: skip
    """Looks once a day, until what everybody does has settled; the last half of it counts. Where costs are equal, one
    in ten thinks again at a look, and else one in five. Nobody is ever dismissed."""
    counts, days, revise = (UNLIKE, 24, 0.2) if spread else (ALIKE, 50, 0.1)
    how = {"revise": revise, "cost_spread": spread, "know_judges": know}
    kinds = ("raters", *["auditors"] * (len(right) - 1))
    each = zip(ORDERS, kinds, counts, wages, costs, right, strict=False)
    parties = {
        f"parties.{name}": _people(kind, n, w, e, q, how if name == "pool" else {**how, "careless": careless})
        for name, kind, n, w, e, q in each
    }
    never = {"kind": "fire", "below": 1e-9, "min_sample": 10_000}  # whose looks people reckon with
    above: Params = {}
    for k, agent in enumerate(ORDERS[: len(right)]):
        principal = ORDERS[k + 1] if k + 1 < len(right) else "acme"
        look = {"principal": principal, "agent": agent, "every": 1, "sample": 1.0 if k else share}
        above[f"relations.{4 + k}"] = {**look, "consequence": never}
    return run(0, "plain", {
        **parties, **above, "days": days, "world.dimensions": 4, "parties.acme.gold_error": gold_error,
        "parties.pool.held_out": 0, f"{LOOK}.every": days, f"{AUDIT}.every": days, f"{TRAIN}.every": days,
        f"{LEARN}.sample": counts[0],
        f"{LEARN}.consequence": {"kind": "gradient", "learner": {"kind": "bradley_terry", "replay": False}},
    }, measured=False)  # fmt: skip


# ---- what tables say ------------------------------------------------------------------------------------------------


def _late(rows: Any) -> Any:
    return rows[rows.time > rows.time.max() / 2]


def care(tables: Tables, who: str) -> float:
    """The share of its answers to which an order gave all the time they take, over the second half."""
    rows = tables.at_order("comparisons", 1)
    mine = _late(rows[rows.principal == who])
    return float((mine.duration > SECONDS * (1 + HURRIED) / 2).mean())


def _found_wrong(tables: Tables, by: str) -> float:
    """Of all answers that an order looked at, the share it said was wrong."""
    rows = tables.judgements
    mine = _late(rows[(rows.principal == by) & (rows.order > 1)])
    return 1 - float((mine.score * mine["sample"]).sum() / mine["sample"].sum())


# ---- what theory says -----------------------------------------------------------------------------------------------


def foreseen(
    *, wages: list[float], costs: list[float], right: list[float], gold_error: float, share: float, spread: float
) -> dict[str, float]:
    """Care of each order at equilibrium. Raters give one answer a day each, which is looked at with chance `share`."""
    stakes = [wages[0] * chance_of_a_look(share, 1), *wages[1:]]
    found = equilibrium(right, stakes, costs, 1 - gold_error, spread)
    return dict(zip(ORDERS, found, strict=False))


def _wrong(by: str, right: list[float], **game: Any) -> float:
    """x(A(1 − q) + (1 − A)q), for care x, chance q to be right with it, and accuracy A of those who are looked at."""
    x, k = foreseen(right=right, **game), ORDERS.index(by)
    below, q = accuracies([x[name] for name in ORDERS[: len(right)]], right)[k], right[k]
    return x[by] * (below * (1 - q) + (1 - below) * q)


def _raised(whose: str, wages: list[float], dearer: float) -> list[float]:
    return [wage * (dearer if name == whose else 1) for name, wage in zip(ORDERS, wages, strict=False)]


def unsettled(
    *, wages: list[float], costs: list[float], right: list[float], gold_error: float, share: float,
    spread: float = 0.0, **at: Any,
) -> str:  # fmt: skip
    """Why the game has no equilibrium that people come to by revising, or one that little of this would show."""
    if len(right) not in (2, 3) or not len(wages) == len(costs) == len(right):
        return (
            "there are raters, leads, and perhaps managers, each with a wage, a cost of care, and a chance to be right"
        )
    if not all(0.5 < q <= 1 for q in right) or not 0 <= gold_error < 0.5 or not 0 < share <= 1:
        return "everybody is right more often than a coin, and some answers are looked at"
    if min(*wages, *costs) <= 0:
        return "wages and costs of care are above 0"
    if len(right) == 3 and not spread:
        return "three orders who are all alike chase one another, and come to no rest; spread: 0.5, or more"
    if spread and not 0.5 <= spread <= 2:
        return "with so small a spread one in five who think again may be too many at once; 0, or from 0.5 to 2"
    plain: Params = {"costs": costs, "right": right, "gold_error": gold_error, "share": share, "spread": spread}
    each = wages, _raised(at.get("whose", ""), wages, at.get("dearer", 1.0))
    found = [x for paid in each for x in foreseen(wages=paid, **plain).values()]
    low, high = (0.05, 0.95) if spread else INNER
    return "" if min(found) >= low and max(found) <= high else "so near to a corner that steps of revision reach it"


# ---- the laws -------------------------------------------------------------------------------------------------------

_TWO: Params = {"wages": [20.0, 15.0], "costs": [3.6, 4.5], "right": [0.9, 0.95], "gold_error": 0.0, "share": 1.0}
_OTHER: Params = {"wages": [15.0, 25.0], "costs": [2.0, 5.0], "right": [0.85, 0.9], "gold_error": 0.05, "share": 0.8}
_WELL_PAID = {**_TWO, "wages": [20.0, 30.0]}
_THREE: tuple[Params, ...] = tuple(
    {"wages": wages, "costs": costs, "right": right, "gold_error": error, "share": share, "spread": 0.5}
    for wages, costs, right, error, share in (
        ([20.0, 30.0, 50.0], [3.6, 4.3, 7.7], [0.9, 0.95, 0.98], 0.0, 1.0),
        ([15.0, 25.0, 40.0], [1.5, 2.5, 9.0], [0.85, 0.9, 0.95], 0.05, 1.0),
        ([20.0, 20.0, 60.0], [3.0, 2.0, 5.0], [0.95, 0.95, 0.95], 0.0, 0.7),
    )
)
_DRESHER = "Dresher (1962), RAND RM-2972; Avenhaus, von Stengel & Zamir (2002), Handbook of Game Theory 3"
_CHOSEN = "simlab/people/effort.py:situation_of, simlab/components/effort.py:WorkSituation.observed"
of_inspection = partial(Law, regime="gaussian", refuses=unsettled, shares="inspection", slow=True)

LAWS = (
    of_inspection(
        id="inspection.mixed",
        says="leads look at e₁/[s₁(q₁ − ½)(2q₂ − 1)], so that raters are indifferent; and these are right in "
        "q₂ − e₂/[s₂(1 − 2η)], so that leads are",
        source=f"{_DRESHER}; approached by best replies (Gilboa & Matsui 1991, Econometrica 59)",
        path=f"{_CHOSEN}, simlab/people/effort.py:thinking",
        points=tuple({"who": who, **game} for game in (_TWO, _WELL_PAID, _OTHER) for who in ORDERS[:2]),
        predicted=lambda who, **game: foreseen(spread=0.0, **game)[who],
        observe=lambda seed, who, **game: care(played(spread=0.0, **game), who),
        control=Control(
            params={"who": "leads", **_TWO},
            wrong="careless leads toss coins, which a firm finds out however good raters are",
            observe=lambda seed, who, **game: care(played(spread=0.0, careless="coin", **game), who),
        ),
        margin=0.12,  # half a step of revision, by which care goes round, and four standard errors of so few people
    ),
    of_inspection(
        id="inspection.paradox",
        says="a higher stake moves the other side: of leads, how careful raters are; of raters, how careful leads are",
        source=f"{_DRESHER}; Tsebelis (1989), American Political Science Review 83",
        path=f"{_CHOSEN}, simlab/people/effort.py:thinking",
        points=tuple(
            {"whose": whose, "dearer": dearer, "who": who, **_TWO}
            for whose, dearer in (("leads", 2.0), ("pool", 1.6))
            for who in ORDERS[:2]
        ),
        predicted=lambda whose, dearer, who, wages, **game: (
            foreseen(spread=0.0, wages=_raised(whose, wages, dearer), **game)[who]
            - foreseen(spread=0.0, wages=wages, **game)[who]
        ),
        observe=lambda seed, whose, dearer, who, wages, **game: (
            care(played(spread=0.0, wages=_raised(whose, wages, dearer), **game), who)
            - care(played(spread=0.0, wages=wages, **game), who)
        ),
        control=Control(
            params={"whose": "pool", "dearer": 1.6, "who": "pool", **_TWO},
            wrong="a higher stake makes those careful whose it is: as if leads went on looking as before",
            predicted=lambda whose, dearer, who, **game: 1 - foreseen(spread=0.0, **game)[who],
        ),
        margin=0.17,  # of a difference of two
    ),
    of_inspection(
        id="inspection.every_order",
        says="where care costs some more than others, so many of each order take it as it pays, given that the others "
        "do: x = Φ(ln(s·g/e)/σ)",
        source=f"{_DRESHER}; Harsanyi (1973), International Journal of Game Theory 2",
        path=f"{_CHOSEN}, simlab/people/working_life.py:toss",
        points=tuple({"who": who, **game} for game in _THREE for who in ORDERS),
        predicted=lambda who, **game: foreseen(**game)[who],
        observe=lambda seed, who, **game: care(played(**game), who),
        control=Control(
            params={"who": "pool", **_THREE[0]},
            wrong="people who take those who judge them to look always, and to be right",
            observe=lambda seed, who, **game: care(played(know=False, **game), who),
        ),
        margin=0.1,  # four standard errors of the share of four hundred people whose cost is below a bound
    ),
    of_inspection(
        id="inspection.found",
        says="and find so few answers wrong: x(A(1 − q) + (1 − A)q), of those who are right in A",
        source=f"{_DRESHER}; Parasuraman & Manzey (2010), Human Factors 52",
        path="simlab/people/working_life.py:toss, simlab/parties/audits.py:verdict",
        points=tuple({"by": by, **game} for game in _THREE for by in ORDERS[1:]),
        predicted=_wrong,
        observe=lambda seed, by, **game: _found_wrong(played(**game), by),
        control=Control(
            params={"by": "leads", **_THREE[0]},
            wrong="auditors who look at everything",
            predicted=lambda by, **game: _wrong(by, **game) / foreseen(**game)[by],
        ),
        margin=0.04,
    ),
)
