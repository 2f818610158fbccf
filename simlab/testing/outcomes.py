"""The contract of outcomes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.components.return_values import not_a_number
from simlab.testing.contract import Subject, check

if TYPE_CHECKING:
    import pandas as pd


class SampleRun:
    """A finished run of a small society, as outcomes are shown one: its tables as attributes; `manifest` is empty."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.tables = {name: rows.copy() for name, rows in tables.items()}
        self.manifest: dict[str, Any] = {}

    def __getattr__(self, name: str) -> pd.DataFrame:
        try:
            found: pd.DataFrame = self.__dict__["tables"][name]
        except KeyError:
            raise AttributeError(f"no table {name!r}") from None
        return found


def sample_run() -> SampleRun:
    """Two days of a society with users, a maker, vendors, auditors, raters and machines."""
    return SampleRun(_tables())


def empty_run() -> SampleRun:
    """A run in whose tables nothing stands."""
    return SampleRun({name: rows.iloc[:0] for name, rows in _tables().items()})


@cache
def _tables() -> dict[str, pd.DataFrame]:
    from simlab.engine.jobs import Jobs, Store
    from simlab.simulation import Simulation
    from simlab.tables import table_files
    from simlab.tables.recorder import Recorder
    from simlab.tables.schemas import TABLES
    from simlab.testing import society

    scenario = society.scenario()
    with tempfile.TemporaryDirectory(prefix="simlab-testing-") as folder:
        with Recorder(folder, "testing", scenario.added_columns()) as recorder:
            Simulation(scenario, Jobs(Store(None), "cpu")).run(recorder)
            recorder.close()
        found = {}
        for name in TABLES:
            path = table_files.stored(Path(folder), name)
            empty = table_files.schema(TABLES[name]).empty_table()
            found[name] = (empty if path is None else table_files.read(path, name)).to_pandas()
    return found


@check("outcome")
def answers(subject: Subject) -> Iterator[str]:
    """It gives one number of a run, NaN if the run has none."""
    if not_a_number(found := subject.made().value(sample_run())):
        yield f"value must give one number; it gave {found!r}"


@check("outcome")
def finite(subject: Subject) -> Iterator[str]:
    """The number is not infinite."""
    if math.isinf(found := float(subject.made().value(sample_run()))):
        yield f"gave {found}"


@check("outcome")
def empty(subject: Subject) -> Iterator[str]:
    """Of a run in whose tables nothing stands it gives NaN, or zero of what is counted; it does not fail."""
    found = float(subject.made().value(empty_run()))
    if not math.isnan(found) and found != 0:
        yield f"gave {found:g} for a run in which nothing happened"


@check("outcome")
def reproducible(subject: Subject) -> Iterator[str]:
    """Of the same run it says the same."""
    first, second = (float(subject.made().value(sample_run())) for _ in range(2))
    if first != second and not (math.isnan(first) and math.isnan(second)):
        yield f"gave {first:g}, and {second:g} when asked again"


@check("outcome")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the tables it is shown as they are."""
    run = sample_run()
    subject.made().value(run)
    for name, rows in _tables().items():
        if not run.tables[name].equals(rows):
            yield f"changed the table {name} it was shown"
