"""The recursion of a run, from its tables: at every order who judges whom, how well, at what cost and in what time.

Order 1 judges responses, order 2 those who judge responses, order 3 those who judge them. What a principal's scores
of its agents are worth is their correlation with how well each agent really follows the guideline.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs import Run


def orders(run: Run) -> pd.DataFrame:
    """One row for each principal and the people or vendors it judges, lowest order first.

    Columns: `order`, `principal`, `agent` (the panel), `rho` with the guideline as last measured, its interval `low`
    and `high`, `n` agents, and what judging at this order took of the principal's labor: `hours`, `pay` (USD), and
    `days` from the start of its looks to their end, in all.
    """
    import pandas as pd

    rows = run.alignment[(run.alignment.order > 1) & (run.alignment.against == "guideline")]
    last = rows.groupby(["order", "a", "panel"], sort=False).last().reset_index()
    labor = run.labor[run.labor.flops == 0].groupby(["party", "order"])[["hours", "pay"]].sum()
    found = last.rename(columns={"a": "principal", "panel": "agent"})
    spent = [labor.loc[key] if (key := (r.principal, r.order)) in labor.index else None for r in found.itertuples()]
    found["hours"] = [0.0 if s is None else float(s.hours) for s in spent]
    found["pay"] = [0.0 if s is None else float(s.pay) for s in spent]
    found["days"] = [_days(run, principal) for principal in found.principal]
    columns = ["order", "principal", "agent", "rho", "low", "high", "n", "hours", "pay", "days", "why_nan"]
    return pd.DataFrame(found[columns]).sort_values("order", kind="stable").reset_index(drop=True)


def _days(run: Run, principal: str) -> float:
    """How long a principal's looks at people took, all together: from the look's day to the judgement, in days."""
    parameters = json.loads(run.runs.parameters.iloc[0]).get("relations", [])
    every = [float(r["every"]) for r in parameters if r["principal"] == principal]
    times = run.judgements[(run.judgements.principal == principal) & (run.judgements.order > 1)].time.unique()
    if not every:
        return 0.0
    return float(sum(time - every[0] * int(time / every[0] + 1e-9) for time in times))
