"""The labor of a run, from its tables: who works with what care, is right how often, stays how long, and what all of it
costs.

`working` has a row for each pool; what labor costs is `spending`'s business.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.report import spending
from simlab.report.layout import NOTHING, change, many, noted, number, table

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

NAMED = 6  # dismissals told one by one
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
    (undecided is not right), NaN where gold is undecided."""
    rows = run.comparisons[(run.comparisons.order == 1) & (run.comparisons.time <= until)]
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


# ---- on the screen ------------------------------------------------------------------------------------------------


def labor(run: Run) -> list[RenderableType]:
    """Who was hired, warned and fired, and why; what their work costs; and how they work."""
    if not len(run.employment):
        return []
    text = Text("Labor", style="bold").append("\n", style="not bold")
    text.append(f"{'; '.join(_counts(run))}.")
    text.append(f"\n{spending.told(run)}")
    for line in _fired(run):
        text.append(f"\n{line}")
    rows = working(run)
    return [text, *([_table(rows)] if rows[["care", "right", "left"]].notna().any(axis=None) else [])]


def _counts(run: Run) -> Iterator[str]:
    happened, people = run.consequences.groupby("kind").size(), run.employment
    employed = many(int(people.ended.isna().sum()), "rater")
    yield f"{employed} employed at the end, {many(len(people), 'spell')} in all"
    for kind, past in (("warn", "warned"), ("fire", "fired"), ("quit", "quit")):
        if kind in happened:
            yield f"{happened[kind]} {past}"


def _fired(run: Run) -> Iterator[str]:
    fired = run.consequences[run.consequences.kind == "fire"]
    for row in fired.head(NAMED).itertuples():
        yield f"  day {row.time:g}  {row.agent} fired: {row.reason} ({number(row.amount, '.3f')})"
    if len(fired) > NAMED:
        yield f"  … and {len(fired) - NAMED} more, in the table consequences"


def _table(rows: pd.DataFrame) -> RenderableType:
    made = table("How people worked", ["", "care", "right", "of labels", "left per post", "days here"])
    for r in rows.itertuples():
        marked = change(r.right, r.right_now), f"{r.n:,}" if r.n else NOTHING
        stayed = change(r.left, r.left_now), change(r.tenure, r.tenure_now, ".1f")
        made.add_row(escape(r.pool), change(r.care, r.care_now), *marked, *stayed)
    note = (
        "First round → last. Care: share of answers looked at; the others are coin tosses, or habit. Right: as gold "
        "says, of the labels on which gold is decided (so many in the last round). Left: dismissed or quit in that "
        "round. Days here: since hired, of those employed at its end."
    )
    copied = rows[(rows.copied > 0) | (rows.copied_now > 0)]
    told = [f" Of {r.pool}'s labels a machine gave {r.copied:.2f} → {r.copied_now:.2f}." for r in copied.itertuples()]
    return noted(made, note + "".join(told))


def _parties(run: Run) -> dict[str, Mapping[str, Any]]:
    parties: dict[str, Mapping[str, Any]] = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return parties
