"""The screen a run ends with, made from its tables: `screen` lists the sections, each of which is a file.

| file | section |
|---|---|
| `alerts` | a collapsed model; alarms; labels asked for and not given |
| `criteria` | what was asked for, and what the responses are like |
| `preferences` | what each party came to prefer |
| `losses` | where alignment is lost |
| `labor` | who was hired and fired, hours, pay, what labor cost, how people worked |
| `orders` | who judges the judges |
| `examples` | what the model says |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from simlab.names import from_here
from simlab.report.layout import many, spaced
from simlab.report.summary_screen.alerts import alarm, alarms, shortfalls, unlike
from simlab.report.summary_screen.criteria import criteria
from simlab.report.summary_screen.examples import examples
from simlab.report.summary_screen.labor import labor
from simlab.report.summary_screen.losses import losses
from simlab.report.summary_screen.orders import judges
from simlab.report.summary_screen.preferences import preferences
from simlab.report.summary_screen.selection import named

if TYPE_CHECKING:
    from simlab.runs.loading import Run


def screen(run: Run) -> RenderableType:
    """Everything worth knowing about a run at a glance, for 80 columns or more."""
    parts: list[RenderableType] = [_heading(run)]
    if not len(run.responses):
        parts.append(Text("No round has been measured yet."))
    else:
        models = list(dict.fromkeys(run.responses.agent))
        for model in models:
            parts += [*alarm(run, model), criteria(run, model), preferences(run, model)]
            parts += losses(run, model, named(run, model))
        parts += [*alarms(run), *labor(run), *shortfalls(run), *unlike(run), *judges(run)]
        for model in models:
            parts += examples(run, model)
    return Group(*spaced([*parts, _where(run)]))


def _heading(run: Run) -> Text:
    """Scenario, seed, extent and state."""
    row = run.runs.iloc[0]
    colour = {"finished": "green", "running": "cyan", "interrupted": "yellow"}.get(row.status, "red")
    text = Text.assemble(
        (row.scenario, "bold"),
        f"  {row.world} world, seed {row.seed}, {row.days:g} days, {many(row.rounds, 'round')}, ",
    )
    return text.append(row.status, style=f"not bold {colour}")


def _where(run: Run) -> Text:
    """Where the tables are, and the line of Python that opens them."""
    tables = from_here(run.path / "tables")
    text = Text(f"Tables in {tables}", style="bold").append("; to look into them:", style="not bold")
    return text.append(f'\n  import simlab\n  run = simlab.load("{from_here(run.path)}")', style="cyan not bold")
