"""Claims of a scenario held against its runs: a number of each, its mean over seeds, and whether that is as said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simlab.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run
    from simlab.scenario.expectations import ClaimSpec


class Asked(Protocol):
    """A number that is asked of a run: of which table and column, which rows, and what is made of them."""

    @property
    def says(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim's number in the runs of several seeds: mean, 95 % interval of Student's t, and whether it is as said.

    `holds` says that the mean lies where it should, `surely` that its whole interval does.
    """

    claim: ClaimSpec
    values: tuple[float, ...]
    mean: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the mean lies between the claim's two numbers."""
        least, most = self.claim.between
        return least <= self.mean <= most

    @property
    def surely(self) -> bool:
        """Whether its whole interval does."""
        least, most = self.claim.between
        return self.holds and least <= self.low and self.high <= most


def number(run: Run, claim: Asked) -> float:
    """The number of a claim, or of an outcome, in one run; NaN if no row has one. Raises InvalidInput, naming it, if
    its `where` is no condition on the table, or its column has no numbers."""
    rows = getattr(run, claim.table)
    try:
        if claim.where:
            last = int(rows["round"].max()) if "round" in rows and len(rows) else 0
            rows = rows[_met(rows, claim.where, last)]
        column = rows[claim.column].dropna()
        found = len(column) if claim.by == "count" else _made(column.to_numpy(dtype=float), claim.by)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        what = f'expected: "{claim.says}": {claim.table} where {claim.where!r}: {said}'
        fix = "a condition as pandas' query has it, on columns that `simlab tables --describe` lists"
        raise InvalidInput(Problem(what, fix)) from error
    return float(found)


def _met(rows: pd.DataFrame, where: str, last: int) -> pd.Series:
    """For each row whether it meets a condition. pandas' query would take numbers, as a column has them, for labels of
    the rows that are wanted."""
    met = rows.eval(where, local_dict={"last": last})
    found = np.asarray(met)
    if found.dtype.kind != "b" or found.ndim != 1:
        raise ValueError("it is not true or false of each row")
    return met


def _made(values: np.ndarray, by: str) -> float:
    if not len(values):
        return 0.0 if by == "sum" else math.nan
    if by in ("first", "last"):
        return float(values[0 if by == "first" else -1])
    return float(getattr(values, by)())  # mean, sum, min or max


def verdict(claim: ClaimSpec, runs: Sequence[Run], others: Sequence[Run] = ()) -> Verdict:
    """What comes of a claim in runs of several seeds, less those of the same seeds in its other arm, if it has one."""
    values = np.array([number(run, claim) for run in runs])
    if others:
        values = values - np.array([number(run, claim) for run in others])
    mean, half = float(values.mean()), math.nan
    if len(values) > 1:
        from scipy.special import stdtrit

        half = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / math.sqrt(len(values)))
    return Verdict(claim, tuple(values.tolist()), mean, mean - half, mean + half)
