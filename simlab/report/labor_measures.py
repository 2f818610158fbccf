"""How people work, measured from a run's tables: care, correct labels, separations and tenure, by pool and round.

What their labor costs is in `labor_costs`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

WORKED = ("pool", "care", "care_now", "right", "right_now", "copied", "copied_now", "n", "left", "left_now", "tenure",
          "tenure_now")  # fmt: skip


def working(run: Run) -> pd.DataFrame:
    """One row for each pool of people, with numbers of the first round in which they worked and (`_now`) of the last.

    `care` with which they worked; `right`, the share of their labels that are as gold says, where gold is decided, and
    `n` of these in the last round; `copied`, the share that a machine gave in their place; `left`, separations per
    post, whoever ended them; `tenure`, days since those who are employed at the round's end were hired, mean.
    """
    import pandas as pd

    rounds = run.responses.groupby("round").time.min() if len(run.responses) else pd.Series(dtype=float)
    found = []
    for name, party in _parties(run).items():
        if party.get("kind") in ("raters", "auditors"):
            marked, worked, hired = _marked(run, name), _worked(run, name), _left(run, name, rounds)
            both = {
                **_ends(marked, ("right", "copied")),
                **_ends(worked, ("care",)),
                **_ends(hired, ("left", "tenure")),
            }
            found.append({"pool": name, "n": int(marked.n.iloc[-1]) if len(marked) else 0, **both})
    return pd.DataFrame(found, columns=list(WORKED))


def _ends(rows: pd.DataFrame, names: tuple[str, ...]) -> dict[str, float]:
    """Each column's value in the first row, and in the last with `_now`."""
    ends = (("", 0), ("_now", -1))
    return {f"{n}{when}": float(rows[n].iloc[at]) if len(rows) else math.nan for n in names for when, at in ends}


def labels(run: Run, until: float = math.inf) -> pd.DataFrame:
    """The compared pairs of responses up to a day, and whether each label is `right`, that is, as gold says: 1 or 0
    (undecided is not right), NaN where gold is undecided. Second answers that a look asked for are not among them."""
    rows = run.comparisons[(run.comparisons.order == 1) & (run.comparisons.time <= until)]
    rows = rows[rows.source != "again"]
    return rows.assign(right=(rows.label == rows.gold).where(rows.gold != 0).astype(float))


def care(run: Run, until: float = math.inf) -> pd.Series[float]:
    """The care with which the people of each party worked in each round, up to a day, weighted by hours; by party and
    round, where it is known."""
    labor = run.labor if "care" in run.labor else run.labor.assign(care=math.nan)  # runs of before 0.2 have none
    rows = labor[labor.care.notna() & (labor.hours > 0) & (labor.time <= until)]
    by = rows.assign(care=rows.care * rows.hours).groupby(["party", "round"])[["care", "hours"]].sum()
    return by.care / by.hours


def posts(run: Run, pool: str) -> int:
    """How many people a pool is to have, less those the run is without; 0 for whoever is no pool."""
    said = json.loads(run.runs.parameters.iloc[0])
    missing = sum(str(who).startswith(f"{pool}:") for who in said.get("without", []))
    return int(said.get("parties", {}).get(pool, {}).get("count", 0)) - missing


def _marked(run: Run, pool: str) -> pd.DataFrame:
    """By round: `right`, `copied`, and `n` labels that gold decides."""
    rows = labels(run)
    copied = ~rows.source.isin(("rater", "auditor"))
    by = rows.assign(copied=copied.astype(float))[rows.principal == pool].groupby("round")
    return by.agg(right=("right", "mean"), copied=("copied", "mean"), n=("right", "count"))


def _worked(run: Run, pool: str) -> pd.DataFrame:
    """By round: `care`."""
    rows = care(run).reset_index(name="care")
    return rows[rows.party == pool]


def _left(run: Run, pool: str, rounds: pd.Series) -> pd.DataFrame:
    """By round: separations per post (`left`) since the round before, and `tenure` at its end."""
    import pandas as pd

    spells = run.employment[run.employment.worker.str.split(":").str[0] == pool]
    places, found = max(1, posts(run, pool)), []
    for before, now in zip(rounds.tolist(), rounds.tolist()[1:], strict=False):
        here = spells[(spells.hired <= now) & ~(spells.ended <= now)]
        ended = int(((spells.ended > before) & (spells.ended <= now)).sum())
        found.append({"left": ended / places, "tenure": float((now - here.hired).mean())})
    return pd.DataFrame(found, columns=["left", "tenure"])


def _parties(run: Run) -> dict[str, Mapping[str, Any]]:
    parties: dict[str, Mapping[str, Any]] = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return parties
