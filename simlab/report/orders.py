"""The recursion of a run, from its tables: at every order who judges whom, how well, at what cost and in what time.

Order 1 judges responses, order 2 those who judge responses, order 3 those who judge them. What a principal's scores
of its agents are worth is their correlation with how well each agent really follows the guideline; what people's
preferences among responses are worth, their correlation with those of the corporation that gave the guideline.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

_COLUMNS = ["order", "principal", "agent", "rho", "low", "high", "n", "hours", "pay", "days", "why_nan"]


def orders(run: Run) -> pd.DataFrame:
    """One row for each principal and the people or vendors it judges, and for each pool and the model it judges, lowest
    order first; no row if nobody judges people.

    Columns: `order`, `principal`, `agent` (the panel, or the model), `rho` with the guideline as last measured, its
    interval `low` and `high`, `n` agents (or responses), what judging at this order took of the principal's labor:
    `hours`, `pay` (USD), and `days` from the start of its looks to their end, in all; NaN at order 1, where work comes
    in between looks.
    """
    import pandas as pd

    rows = run.alignment[(run.alignment.order > 1) & (run.alignment.against == "guideline")]
    last = rows.groupby(["order", "a", "panel"], sort=False).last().reset_index()
    found = last.rename(columns={"a": "principal", "panel": "agent"})
    relations = json.loads(run.runs.parameters.iloc[0]).get("relations", [])
    found["days"] = [_days(run, relations, r.principal, r.agent) for r in found.itertuples()]
    first = pd.DataFrame(_of_responses(run, relations) if len(found) else [])
    found = pd.concat([first, found], ignore_index=True) if len(first) else found
    labor = run.labor[run.labor.flops == 0].groupby(["party", "order"])[["hours", "pay"]].sum()
    mine = pd.MultiIndex.from_frame(found[["principal", "order"]])
    shares = _shares(run, found)
    for spent in ("hours", "pay"):
        found[spent] = labor[spent].reindex(mine, fill_value=0.0).to_numpy() * shares
    return pd.DataFrame(found[_COLUMNS]).sort_values("order", kind="stable").reset_index(drop=True)


def _shares(run: Run, found: pd.DataFrame) -> pd.Series[float]:
    """How much of what a principal did at an order was for the agents of each row: as much as of the pairs it looked
    at, where it judges several pools."""
    judged = run.judgements
    whom = judged.agent.str.split(":").str[0]
    looked = [
        float(row.ranked)
        if row.order == 1
        else float(judged["sample"][(judged.principal == row.principal) & (judged.order == row.order)
                                    & ((whom == row.agent) | (row.agent == "vendors"))].sum())
        for row in found.assign(ranked=found.get("ranked", 0.0)).itertuples()
    ]  # fmt: skip
    pairs = found.assign(looked=looked)
    both = pairs.groupby(["principal", "order"]).looked
    return (pairs.looked / both.transform("sum")).fillna(1 / both.transform("size"))


def _of_responses(run: Run, relations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row for each pool and the model whose responses it ranks: ρ with the corporation whose model it is."""
    makers = dict(run.responses[["agent", "corporation"]].drop_duplicates().itertuples(index=False))
    agents = {(r["principal"], r["agent"]) for r in relations}
    ranked = run.comparisons[run.comparisons.order == 1].groupby(["principal", "agent"], sort=False).size()
    for (pool, machine), count in ranked.items():
        for model, maker in makers.items():
            pairs = run.alignment[(run.alignment.order == 1) & (run.alignment.model == model)]
            both = pairs[((pairs.a == maker) & (pairs.b == pool)) | ((pairs.a == pool) & (pairs.b == maker))]
            if (machine, model) in agents and len(both):
                row = both.iloc[-1].to_dict() | {"ranked": int(count)}
                yield {**row, "order": 1, "principal": pool, "agent": model, "days": math.nan}


def _days(run: Run, relations: list[dict[str, Any]], principal: str, agent: str) -> float:
    """How long a principal's looks at these people took, all together: from the look's day to the judgement, in days.

    Vendors are one panel, and may be looked at on several calendars.
    """
    made = run.judgements[(run.judgements.principal == principal) & (run.judgements.order > 1)]
    whom = made.agent if agent == "vendors" else made.agent.str.split(":").str[0]
    days = 0.0
    for relation in relations:
        if relation["principal"] == principal and (agent in (relation["agent"], "vendors")):
            every = float(relation["every"])
            times = made[whom == relation["agent"]].time.unique()
            days += float(sum(time - every * int(time / every + 1e-9) for time in times))
    return days
