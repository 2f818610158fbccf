"""Section: labor. Who was hired, warned and fired, what labor cost and who got it, and how people worked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.report.labor_costs import amounts_of_kind, balances, hours, labor_costs, payees, shares
from simlab.report.labor_measures import working
from simlab.report.layout import NOTHING, change, many, noted, number, table

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run


_NAMED = 6  # dismissals told one by one
_UNPAID = {"screening": "tests of candidates", "authoring": "writing the corpus"}


def labor(run: Run) -> list[RenderableType]:
    """Who was hired, warned and fired, and why; what their work costs; and how they work."""
    if not len(run.employment):
        return []
    text = Text("Labor", style="bold").append("\n", style="not bold")
    text.append(f"{'; '.join(_counts(run))}.")
    text.append(f"\n{_costs(run)}")
    for line in _fired(run):
        text.append(f"\n{line}")
    rows = working(run)
    return [text, *([_table(rows)] if rows[["care", "right", "left"]].notna().any(axis=None) else [])]


def _counts(run: Run) -> Iterator[str]:
    """How many people are employed at the end, and how many were warned, fired, or quit."""
    happened, people = run.consequences.groupby("kind").size(), run.employment
    employed = many(int(people.ended.isna().sum()), "rater")
    yield f"{employed} employed at the end, {many(len(people), 'spell')} in all"
    for kind, past in (("warn", "warned"), ("fire", "fired"), ("quit", "quit")):
        if kind in happened:
            yield f"{happened[kind]} {past}"


def _fired(run: Run) -> Iterator[str]:
    """A line for each of the first dismissals: day, person, reason."""
    fired = run.consequences[run.consequences.kind == "fire"]
    for row in fired.head(_NAMED).itertuples():
        yield f"  day {row.time:g}  {row.agent} fired: {row.reason} ({number(row.amount, '.3f')})"
    if len(fired) > _NAMED:
        yield f"  … and {len(fired) - _NAMED} more, in the table consequences"


def _costs(run: Run) -> str:
    """Costs of labor as sentences: hours paid and unpaid, what each corporation spent and on whom, who got how much."""
    paid, unpaid = hours(run)
    said = f"{paid:,.0f} hours of paid work"
    said += "".join(f", {h:,.0f} of {_UNPAID.get(kind, kind)} unpaid" for kind, h in unpaid.items()) + "."
    for name, amount in labor_costs(run).items():
        each = ", ".join(f"{payee} {part:,.0f}" for payee, part in payees(run, name).items())
        said += f"\n{name} paid {amount:,.0f} USD for labor: {each}."
    if amounts_of_kind(run, balances(run), "vendor"):
        people, kept = shares(run)
        said += f"\nThose who did the work got {people:,.0f} USD; "
        said += f"vendors kept {kept:,.0f}." if kept >= 0 else f"vendors paid {-kept:,.0f} more than they got."
    return said


def _table(rows: pd.DataFrame) -> RenderableType:
    """How the people of each pool worked, first round → last, from the rows of `working`."""
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
