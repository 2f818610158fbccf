"""The price of an order of judgement: what it is worth, what it costs, and at which depth it no longer pays.

Of a study that runs its scenario with everybody and without each order in turn (`vary: {orders: each}`), seed by seed
under the same draws.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.errors import InvalidInput, Problem
from simlab.measures.control_loss import best_depth
from simlab.measures.paired import adjusted, effect, student
from simlab.measures.ratio import ratio
from simlab.report.effects import matched

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run, StudyRuns

POINT = 0.01  # of fidelity, ρ or a share
DOLLARS = "labor_dollars"
COLUMNS = {
    "order": "the party that is left out",
    "depth": "the order at which it judges: 2 those who judge responses, 3 those who judge them, …",
    "outcome": "what it is worth something for",
    "change": "the outcome with it, less that without it",
    "low": "lower end of the change's 95 % interval (Student's t over seeds)",
    "high": "upper end of it",
    "p_holm": "two-sided p-value of no change, adjusted by Holm for all orders",
    "dollars": "what labor costs with it, less what it costs without: saved by leaving it out, USD",
    "dollars_low": "lower end of the same",
    "dollars_high": "upper end of the same",
    "per_point": "dollars for each hundredth of the outcome; NaN if it does not rise, or has a unit",
    "per_point_low": "lower end of its 95 % interval (Fieller); −∞ where the change cannot be told from 0",
    "per_point_high": "upper end of it, likewise",
    "n": "seeds",
}


def has_prices(study: StudyRuns) -> bool:
    """Whether a study leaves out orders of judgement, and some of its runs have ended."""
    return bool(study.plan.get("orders")) and len(study.outcomes) > 0


def prices(study: StudyRuns) -> pd.DataFrame:
    """A row for each order of judgement that the study leaves out and each outcome but what labor costs; columns as in
    COLUMNS. `attrs` holds `depth`, by outcome the lowest order that is worth nothing, with an interval (see
    `turning_point`), and `law`, the depth that control.depth gives for this hierarchy (see `control_depth`).

    Raises InvalidInput if the study leaves out no order.
    """
    import pandas as pd

    left_out: Mapping[str, str] = study.plan.get("orders") or {}
    if not left_out:
        raise InvalidInput(Problem("this study leaves out no order", "vary: {orders: each}, or --value-of", study.path))
    whole = study.plan["everybody"]
    depths = _depths(study, list(left_out))
    names = sorted(left_out, key=lambda name: depths[name])
    costs = _costs(study)
    rows: list[dict[str, Any]] = []
    depth = {}
    for outcome in study.plan["outcomes"]:
        if outcome == costs or study.plan["units"].get(outcome) == "USD":
            continue
        unit = study.plan["units"].get(outcome, "")
        changes = {name: matched(study, outcome, "form", whole, left_out[name]) for name in names}
        each = [effect(changes[name]) for name in names]
        for name, one, p in zip(names, each, adjusted([one.p for one in each]), strict=True):
            spent = matched(study, costs, "form", whole, left_out[name]) if costs else changes[name] * math.nan
            row = {"order": name, "depth": depths[name], "outcome": outcome, "change": one.mean, "low": one.low}
            row |= {"high": one.high, "p_holm": p, **_spent(spent), **_per_point(spent, changes[name], unit)}
            rows.append(row | {"n": one.n})
        every = pd.concat(changes, axis=1).dropna() if changes else pd.DataFrame()
        depth[outcome] = turning_point(every.to_numpy(dtype=float), [depths[name] for name in names])
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    found.attrs = {"depth": depth, "law": control_depth(_one_run(study)), "columns": dict(COLUMNS)}
    return found


def _costs(study: StudyRuns) -> str:
    """The outcome that says what all labor costs; "" if none does."""
    asked = study.plan["outcomes"].items()
    return next((name for name, said in asked if said.get("kind") == DOLLARS and not said.get("party")), "")


def _spent(spent: pd.Series[float]) -> dict[str, float]:
    found = effect(spent)
    return {"dollars": found.mean, "dollars_low": found.low, "dollars_high": found.high}


def _per_point(spent: pd.Series[float], change: pd.Series[float], unit: str) -> dict[str, float]:
    """Dollars for each hundredth that an outcome without a unit rises."""
    names = ("per_point", "per_point_low", "per_point_high")
    both = spent.to_frame("spent").join(change.rename("change"), how="inner").dropna()
    if unit or not len(both) or both.change.mean() <= 0:
        return dict.fromkeys(names, math.nan)
    found = ratio(both.spent, both.change / POINT)
    return dict(zip(names, (found.value, found.low, found.high), strict=True))


# ---- depth ---------------------------------------------------------------------------------------------------------


def turning_point(changes: Array, depths: Sequence[int]) -> dict[str, float]:
    """The lowest order at which an outcome does not rise on average: of changes [seeds, orders] at these depths
    [orders], ascending. Returns `depth`; `low`, the lowest that is not shown to be worth something (its 95 % interval
    by Student's t reaches 0); and `high`, the lowest that is shown not to be (none of it lies above 0). One beyond the
    deepest says that there is no such order; NaN without seeds, or ends of one seed.
    """
    if not len(changes) or not len(depths):
        return dict.fromkeys(("depth", "low", "high"), math.nan)
    each = np.array([student(column) for column in changes.T])  # [orders, mean and ends]

    def first(values: Array) -> float:
        nothing = (depth for depth, value in zip(depths, values, strict=True) if value <= 0)
        return float(next(nothing, max(depths) + 1))

    low, high = (first(each[:, end]) if len(changes) > 1 else math.nan for end in (1, 2))
    return {"depth": first(each[:, 0]), "low": low, "high": high}


def control_depth(run: Run | None) -> dict[str, Any]:
    """What the law control.depth says of a run's chain of judges, from its tables: `levels`, those that it has, `best`,
    the number that the law gives, and what it is given: `alpha`, the share of its principal's reading that an agent
    does (geometric mean of fidelity_principal from order 2 on), `span` and `beta`, how many times as many the agents
    are, and their principals' wages (geometric means), and `price`, the wage bill of those at the bottom over what
    firms took in, had nothing been lost on the way. `best` is NaN where the law does not apply, and `why_nan` says why.
    """
    nothing = {"levels": 0, "best": math.nan, "alpha": math.nan, "span": math.nan, "beta": math.nan, "price": math.nan}
    chain = _chain(run) if run is not None else []
    if run is None or len(chain) < 2:
        return {**nothing, "why_nan": "nobody judges those who judge responses"}
    parties = json.loads(run.runs.parameters.iloc[0])["parties"]
    people = [float(parties[name].get("count", 1)) for name in chain]
    wages = [float(parties[name].get("wage", 0.0)) for name in chain]
    found = {**nothing, "levels": len(chain), "alpha": _passed_on(run, chain), "span": _mean_ratio(people)}
    found["beta"] = 1 / _mean_ratio(wages) if min(wages) > 0 else math.nan
    taken_in = _taken_in(run, parties)
    pay = float(run.labor.pay[run.labor.party == chain[0]].sum())
    found["price"] = pay * found["alpha"] ** (len(chain) - 1) / taken_in if taken_in > 0 else math.nan
    given = {name: found[name] for name in ("alpha", "span", "beta", "price")}
    try:
        if missing := [name for name, value in given.items() if math.isnan(value)]:
            raise ValueError("firms take in nothing" if missing == ["price"] else f"{', '.join(missing)} cannot be had")
        return {**found, "best": best_depth(**given), "why_nan": ""}
    except ValueError as error:
        return {**found, "why_nan": str(error)}


def _chain(run: Run) -> list[str]:
    """Parties from the first who label upward, each judged by the next; where several judge, by the last of them."""
    kinds = {name: spec["kind"] for name, spec in json.loads(run.runs.parameters.iloc[0])["parties"].items()}
    rows = run.orders[run.orders.principal.map(kinds) == "auditors"]
    above = dict(zip(rows.agent, rows.principal, strict=True))
    labelers = [name for name in dict.fromkeys(rows.agent) if kinds.get(name) == "raters"]
    found = labelers[:1]
    while found and above.get(found[-1]) and above[found[-1]] not in found:
        found.append(above[found[-1]])
    return found


def _passed_on(run: Run, chain: Sequence[str]) -> float:
    """The geometric mean, along the chain, of how far agents do what their principal means."""
    last = run.orders.groupby(["principal", "agent"]).fidelity_principal.last()
    each = [float(last.get((above, below), math.nan)) for below, above in pairwise(chain)]
    return math.exp(float(np.mean(np.log(each)))) if min(each) > 0 else math.nan


def _mean_ratio(values: Sequence[float]) -> float:
    """How many times the next one's value each has, on (geometric) average."""
    return float((values[0] / values[-1]) ** (1 / (len(values) - 1))) if values[-1] > 0 else math.nan


def _taken_in(run: Run, parties: Mapping[str, Any]) -> float:
    """What corporations received, in $."""
    firms = [name for name, spec in parties.items() if spec["kind"] == "corporation"]
    rows = run.ledger[run.ledger.account.isin(firms)]
    return float(rows.amount[rows.amount > 0].sum())


def _depths(study: StudyRuns, names: Sequence[str]) -> dict[str, int]:
    """The order at which each party judges, from a run with everybody; 0 if none has ended."""
    run = _one_run(study)
    found = run.orders.groupby("principal").order.max() if run is not None else {}
    return {name: int(found.get(name, 0)) for name in names}


def _one_run(study: StudyRuns) -> Run | None:
    """The first finished run with everybody."""
    forms = [study.plan["arms"][cell.number]["form"] for cell in study.cells]
    both = zip(study.parts, forms, strict=True)
    return next((run for run, form in both if form == study.plan["everybody"] and run.status == "finished"), None)
