"""The data dictionary: TABLES, all outcome tables with columns, types, units and meanings.

Tables stand in files by what they are about (`judging`, `people`, `training`, `money`, `measured`), the table of runs
here. The recorder writes these columns and no others, `simlab tables --describe` prints them, and DataFrames carry them
in their `attrs`. No table holds nulls: a missing number is NaN, a missing text is "", and whole numbers are never
missing. Importing this module imports no library.
"""

from __future__ import annotations

from simlab.tables.columns import RUN, Column, Table, number, text, whole
from simlab.tables.judging import CANDIDATES, COMPARISONS, CONSEQUENCES, GUIDELINES, JUDGEMENTS, READINGS
from simlab.tables.measured import (
    AGREEMENT,
    ALIGNMENT,
    BEST_OF,
    FLATTENING,
    GROUPS,
    MINIMAL_PAIRS,
    ON_POLICY,
    ORDERS,
    RESPONSES,
    WATERFALL,
    WIN_RATE,
)
from simlab.tables.money import CHANNELS, INCIDENTS, LEDGER, MARKET, MEETINGS, QUEUES
from simlab.tables.people import DEMONSTRATIONS, EMPLOYMENT, LABOR, RATERS
from simlab.tables.training import ALARMS, EPOCHS, LEARNING_CURVE, LESSONS, POLICY, REWARD_MODEL

__all__ = ["TABLES", "Column", "Table"]

RUNS = Table(
    "runs",
    "What was run: one row a run, with its parameters.",
    (
        RUN,
        text("scenario", "name of the scenario"),
        whole("seed", "seed of all random streams"),
        text("status", "running, finished, interrupted or failed"),
        number("days", "simulated length of the run", "days"),
        whole("rounds", "training rounds completed"),
        text("world", "kind of world"),
        text("version", "version of simlab"),
        text("parameters", "the whole scenario with all defaults filled in, as JSON"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        RUNS,
        GUIDELINES,
        READINGS,
        EMPLOYMENT,
        RATERS,
        CANDIDATES,
        DEMONSTRATIONS,
        COMPARISONS,
        JUDGEMENTS,
        CONSEQUENCES,
        LABOR,
        ALIGNMENT,
        REWARD_MODEL,
        EPOCHS,
        LESSONS,
        POLICY,
        LEARNING_CURVE,
        ALARMS,
        RESPONSES,
        WIN_RATE,
        LEDGER,
        QUEUES,
        MARKET,
        CHANNELS,
        MEETINGS,
        INCIDENTS,
        WATERFALL,
        FLATTENING,
        AGREEMENT,
        ON_POLICY,
        BEST_OF,
        MINIMAL_PAIRS,
        ORDERS,
        GROUPS,
    )
}
"""Every table by name, in the order in which they are written."""
