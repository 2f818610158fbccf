"""The recursion of a run, from its tables: at every order who judges whom, how well, at what cost and in what time.

Order 1 judges responses, order 2 those who judge responses, order 3 those who judge them. What a principal's scores
of its agents are worth is their validity: the correlation with what the agents really do (table `orders`).
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from simlab.measures.statistics import portions

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

_NAMES = {"validity_guideline": "validity", "validity_expected": "expected", "fidelity_guideline": "fidelity"}
_COLUMNS = ["order", "principal", "agent", "look", "fidelity", "validity", "low", "high", "expected", "n", "looks"]
_SPENT = ["hours", "pay", "days", "goodhart_gap", "why_nan"]


def orders(run: Run) -> pd.DataFrame:
    """One row for each principal and those it judges, and for each pool that ranks responses, lowest order first; no
    row if nobody judges people.

    Columns: `order`, `principal`, `agent`, and the `look`, a plugin ("": by its own opinion); as measured after the
    last round in which the principal looked, `fidelity` (the mean of its agents'), `validity` of its scores with its
    interval `low` and `high`, what was `expected`, `n` agents, `looks` at each, and the `goodhart_gap`; over the whole
    run, what judging took of the principal's labor: `hours`, `pay` (USD), and `days` from the start of its looks to
    their end; NaN at order 1, where work comes in between looks.
    """
    import pandas as pd

    rows, kinds = run.orders, _kinds(run)
    judged = rows[
        (rows.order > 1) | ((rows.principal.map(kinds) == "raters") & (rows.agent.map(kinds) == "reward_model"))
    ]
    if not (judged.order > 1).any():
        return pd.DataFrame(columns=[*_COLUMNS, *_SPENT])
    looked = judged[judged.people > 0] if (judged.people > 0).any() else judged
    last = looked.groupby(["order", "principal", "agent"], sort=False).last().reset_index().rename(columns=_NAMES)
    relations = json.loads(run.runs.parameters.iloc[0]).get("relations", [])
    last["days"] = [_days(run, relations, r.principal, r.agent) if r.order > 1 else math.nan for r in last.itertuples()]
    later, shares = _after_the_last_round(run), _shares(looked, last)
    mine = pd.MultiIndex.from_frame(last[["principal", "order"]])
    each = judged.groupby(["order", "principal", "agent"])[["hours", "pay"]].sum()
    for spent in ("hours", "pay"):
        until = each[spent].reindex(pd.MultiIndex.from_frame(last[["order", "principal", "agent"]])).to_numpy()
        last[spent] = until + later[spent].reindex(mine, fill_value=0.0).to_numpy() * shares
    return pd.DataFrame(last[[*_COLUMNS, *_SPENT]]).sort_values("order", kind="stable").reset_index(drop=True)


def _kinds(run: Run) -> dict[str, str]:
    """The kind of every party."""
    parties = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return {name: spec["kind"] for name, spec in parties.items()}


def _after_the_last_round(run: Run) -> pd.DataFrame:
    """Hours and pay of people that no row of `orders` has divided yet, by principal and order."""
    labor = run.labor[run.labor.flops == 0].rename(columns={"party": "principal"})
    both = [rows.groupby(["principal", "order"])[["hours", "pay"]].sum() for rows in (labor, run.orders)]
    return both[0].sub(both[1].reindex(both[0].index, fill_value=0.0))


def _shares(looked: pd.DataFrame, last: pd.DataFrame) -> pd.Series[float]:
    """How much of what a principal did at an order was for the agents of each row."""
    pieces = (looked.people * looked.looks).groupby([looked.order, looked.principal, looked.agent]).sum()
    mine = last[["order", "principal", "agent"]].apply(tuple, axis=1)
    each = last.assign(pieces=mine.map(pieces).fillna(0.0))
    return each.groupby(["principal", "order"]).pieces.transform(lambda found: portions(found.to_numpy()))


def _days(run: Run, relations: list[dict[str, Any]], principal: str, agent: str) -> float:
    """How long a principal's looks at these agents took, all together: from each day to the judgement, in days."""
    made = run.judgements[(run.judgements.principal == principal) & (run.judgements.order > 1)]
    whom, days = made.agent.str.split(":").str[0], 0.0
    for relation in relations:
        if (relation["principal"], relation["agent"]) == (principal, agent):
            every = float(relation["every"])
            times = made[whom == agent].time.unique()
            days += float(sum(time - every * int(time / every + 1e-9) for time in times))
    return days
