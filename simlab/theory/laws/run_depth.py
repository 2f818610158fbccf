"""How many orders of judgement pay, where care must be bought at each: from tables of whole runs with none to three.

Raters are looked at by leads, these by managers, these by directors; the last of those there are by a firm, whose
staff writes so many pieces of gold a day and no more. People are paid by what a look at one answer finds, know how
often those who look at them are right, and take care if it pays; who takes none tosses a coin. Each order more costs
its wages, must be looked at itself, and makes the firm's gold a larger share of what the last order does. Calvo &
Wellisz (1978, "Supervision, loss of control, and the optimum size of the firm", JPE 86) and Qian (1994, "Incentives
and loss of control in an optimal hierarchy", REStud 61) ask so of wages that supervision must back.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from simlab.theory.inspection import chance_of_a_look
from simlab.theory.law import Control, Law
from simlab.theory.whole_runs import AUDIT, LEARN, LOOK, TRAIN, Tables, run

ORDERS = ("pool", "leads", "managers", "directors")
RATERS, OTHERS, LABELS, DAYS, SECONDS, SPREAD = 1000, 800, 2000, 4, 30.0, 0.5
SLOTS = 4  # answers that an auditor has time for in a day, and so reckons with
Params = dict[str, Any]

# ---- runs -----------------------------------------------------------------------------------------------------------


def _pieces(orders: int, share: float) -> list[int]:
    """Answers a day of raters, and of each order of judges above them."""
    found = [LABELS]
    for _ in range(orders):
        found.append(math.ceil(round(share * found[-1], 9)))
    return found


def _looked_at(orders: int, share: float, gold: int) -> list[float]:
    """The share of each order's answers that is looked at."""
    return [share] * orders + [min(1.0, gold / _pieces(orders, share)[-1])]


def played(
    orders: int, *, wages: list[float], costs: list[float], right: list[float], share: float, gold: int
) -> Tables:
    """Four days with so many orders of judges; choices are made on the first, and do not change."""
    people: Params = {}
    for k, name in enumerate(ORDERS[: orders + 1]):
        hours = SLOTS * SECONDS / 3600 if k else 24
        people[f"parties.{name}"] = {
            "kind": "auditors" if k else "raters", "count": OTHERS if k else RATERS, "wage": wages[k], "hours": hours,
            "seconds": SECONDS, "seconds_spread": 0, "policy": {"kind": "mistaken", "flip": round(1 - right[k], 9)},
            "pay": {"kind": "double_or_nothing", "times": 1, "gold": 1},
            "effort": {"kind": "gold_bonus", "cost": costs[k], "cost_spread": SPREAD, "know_judges": True},
        }  # fmt: skip
    looks: Params = {f"{AUDIT}.every": DAYS} if orders else {}
    for k, looked_at in enumerate(_looked_at(orders, share, gold)):
        principal, never = "acme" if k == orders else ORDERS[k + 1], {"below": 1e-9, "min_sample": 10_000}
        look = {"principal": principal, "agent": ORDERS[k], "every": 1, "sample": looked_at}
        place = AUDIT if principal == "acme" and not k else f"relations.{4 + k}"
        looks[place] = {**look, "consequence": {"kind": "fire", **never}}  # by whose looks people reckon
    return run(0, "plain", {
        **people, **looks, "days": DAYS, "world.dimensions": 4, "parties.pool.held_out": 0,
        f"{LOOK}.every": DAYS, f"{TRAIN}.every": DAYS, f"{LEARN}.sample": LABELS,
        f"{LEARN}.consequence": {"kind": "gradient", "learner": {"kind": "bradley_terry", "replay": False}},
    }, measured=False)  # fmt: skip


# ---- what tables say ------------------------------------------------------------------------------------------------


def fidelity(tables: Tables) -> float:
    """2A − 1 of raters, counted over all their labels."""
    rows = tables.at_order("comparisons", 1)
    mine = rows[(rows.principal == "pool") & (rows.gold != 0)]
    return 2 * float((mine.label == mine.gold).mean()) - 1


def paid(tables: Tables) -> float:
    """What the work of a day costs in wages, in $, before checks take any: each order's, on the last day it worked."""
    rows = tables.labor[tables.labor.party.isin(ORDERS) & (tables.labor.hours > 0)]
    each = rows.assign(day=rows.time.astype(int)).groupby(["party", "day"], observed=True).pay.sum()
    return float(each.groupby("party", observed=True).last().sum())


def _best(value: float, fidelities: list[float], dollars: list[float]) -> float:
    net = [100 * value * f - c for f, c in zip(fidelities, dollars, strict=True)]
    return float(net.index(max(net)))


def _best_seen(value: float, **at: Any) -> float:
    runs = [played(orders, **at) for orders in range(len(ORDERS))]
    return _best(value, [fidelity(tables) for tables in runs], [paid(tables) for tables in runs])


# ---- what theory says -----------------------------------------------------------------------------------------------


def arriving(
    orders: int, *, wages: list[float], costs: list[float], right: list[float], share: float, gold: int
) -> float:
    """F₁ of raters, from the top: F_k = (2q_k − 1)·x_k with x_k = Φ(ln(w_k·P_k·(q_k − ½)·F_{k+1}/e_k)/σ), and F = 1 of
    the firm; P_k is the chance that one of a day's answers is looked at."""
    from scipy.stats import norm

    looked_at, above = _looked_at(orders, share, gold), 1.0
    for k in range(orders, -1, -1):
        chance = chance_of_a_look(looked_at[k], SLOTS if k else LABELS // RATERS)
        worth = wages[k] * chance * (right[k] - 0.5) * above / costs[k]
        above = (2 * right[k] - 1) * (float(norm.cdf(math.log(worth) / SPREAD)) if worth > 0 else 0.0)
    return above


def _wages(orders: int, wages: list[float], share: float, **at: Any) -> float:
    return sum(n * SECONDS / 3600 * wage for n, wage in zip(_pieces(orders, share), wages, strict=False))


def _best_depth(value: float, **at: Any) -> float:
    depths = range(len(ORDERS))
    return _best(value, [arriving(n, **at) for n in depths], [_wages(n, **at) for n in depths])


def unclear(
    *, wages: list[float], costs: list[float], right: list[float], share: float, gold: int, orders: int = 0,
    value: float | None = None,
) -> str:  # fmt: skip
    """Why there is no such chain of command, or none that so few people would show."""
    if not len(wages) == len(costs) == len(right) == len(ORDERS) or not 0 <= orders < len(ORDERS):
        return "there are four orders of people, the first of whom are raters, and up to three of judges"
    if min(*wages, *costs) <= 0 or not all(0.5 < q <= 1 for q in right):
        return "wages and costs of care are above 0, and everybody who looks is right more often than a coin"
    if not 0 < share <= 0.4 or not 1 <= gold <= LABELS:
        return "up to two in five answers are looked at; with more, judges have not the time they reckon with"
    if value is None:
        return ""
    at: Params = {"wages": wages, "costs": costs, "right": right, "share": share, "gold": gold}
    net = sorted(100 * value * arriving(n, **at) - _wages(n, **at) for n in range(len(ORDERS)))
    return "" if net[-1] - net[-2] > 4 * value else "two depths are worth the same, but for four points of fidelity"


# ---- the laws -------------------------------------------------------------------------------------------------------

_SCARCE: Params = {
    "wages": [30.0, 45.0, 70.0, 150.0], "costs": [2.0, 4.0, 5.0, 5.0], "right": [0.9, 0.95, 0.95, 0.95],
    "share": 0.3, "gold": 25,
}  # fmt: skip
_PLENTY: Params = {
    "wages": [20.0, 30.0, 45.0, 70.0], "costs": [1.5, 3.0, 4.0, 6.0], "right": [0.9, 0.95, 0.95, 0.95],
    "share": 0.25, "gold": 100,
}  # fmt: skip
_RARE: Params = {
    "wages": [20.0, 30.0, 45.0, 70.0], "costs": [2.0, 2.0, 2.0, 2.0], "right": [0.85, 0.95, 0.98, 0.98],
    "share": 0.35, "gold": 4,
}  # fmt: skip
_CALVO = "Calvo & Wellisz (1978), JPE 86; Qian (1994), REStud 61"
_CHOSEN = "simlab/people/effort.py:situation_of, simlab/people/effort.py:accuracy"
of_depth = partial(Law, regime="gaussian", refuses=unclear, shares="depth", slow=True)

LAWS = (
    of_depth(
        id="depth.fidelity",
        says="care is passed down: x_k = Φ(ln(w_k·P_k·(q_k − ½)·F_{k+1}/e_k)/σ) of each order, and F_k = (2q_k − 1)x_k",
        source=_CALVO,
        path=_CHOSEN,
        points=(
            *({"orders": n, **_SCARCE} for n in (2, 0, 1, 3)),
            *({"orders": n, **_RARE} for n in (2, 3)),
            {"orders": 1, **_PLENTY},
        ),
        predicted=arriving,
        observe=lambda seed, **at: fidelity(played(**at)),
        control=Control(
            params={"orders": 1, **_SCARCE},
            wrong="judges who look in any case",
            predicted=lambda orders, right, gold, **at: arriving(0, right=right, gold=int(LABELS * at["share"]), **at),
        ),
        margin=0.1,  # four standard errors of the shares of 1000 and of 800 people whose cost is below a bound
    ),
    of_depth(
        id="depth.cost",
        says="each order more is paid for a share of the answers of the one below, at its own wage",
        source="accounts of a day",
        path="simlab/engine/event_log.py:EventLog.labor",
        points=(
            *({"orders": n, **_SCARCE} for n in range(len(ORDERS))),
            {"orders": 3, **_RARE},
            {"orders": 1, **_PLENTY},
        ),
        predicted=_wages,
        observe=lambda seed, **at: paid(played(**at)),
        control=Control(
            params={"orders": 3, **_RARE},
            wrong="every order looks at as much as the first",
            predicted=lambda orders, wages, share, **at: (
                LABELS * SECONDS / 3600 * (wages[0] + share * sum(wages[1 : orders + 1]))
            ),
        ),
        margin=6.0,  # one answer in two hundred finds an auditor without time
    ),
    of_depth(
        id="depth.best",
        says="at so many $ a point of fidelity, this many orders of judges pay best",
        source=_CALVO,
        path=f"{_CHOSEN}, simlab/engine/event_log.py:EventLog.labor",
        points=(
            {"value": 5.0, **_PLENTY},
            {"value": 10.0, **_SCARCE},
            {"value": 10.0, **_RARE},
            {"value": 1.0, **_SCARCE},
        ),
        predicted=_best_depth,
        observe=lambda seed, **at: _best_seen(**at),
        control=Control(
            params={"value": 10.0, **_SCARCE},
            wrong="care is to be had for nothing, so that judges of raters add only their wages",
            predicted=lambda value, right, **at: _best(
                value, [2 * right[0] - 1] * len(ORDERS), [_wages(n, **at) for n in range(len(ORDERS))]
            ),
        ),
    ),
)
