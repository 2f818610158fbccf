"""Table and Column: the name, type, unit and meaning of a column; and the columns that many tables share.

`schemas` collects the tables. Imports no library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UTILITY = "utility_"  # before the name of a party, in columns of utilities
DEVIATION = "deviation_"  # before the name of a reward model that learns variances
Type = Literal["string", "int64", "float64", "bool"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, unit ("" if it has none) and meaning; numbers that many rows lack (`often_absent`)
    need not be given, and are NaN."""

    name: str
    type: Type
    unit: str
    meaning: str
    often_absent: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of row.

    `key` names the columns that tell rows apart where a row may be written again with more in it: the last one
    counts. `extra` is the meaning of further float64 columns that a run may add, or None if it may add none; those of
    parties, named UTILITY and a party, mean what `of_parties` says; those named DEVIATION and a reward model, what
    `of_deviations` says.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    extra: str | None = None
    of_parties: str = ""
    of_deviations: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def means(self, column: str) -> bool:
        """Whether a column of this name means something already, and cannot be a criterion's."""
        return column in self.names or self._of_someone(column) is not None

    def added(self, column: str) -> str | None:
        """The meaning of a column that a run has added; None if it may add none."""
        found = self._of_someone(column)
        return self.extra if found is None else found

    def _of_someone(self, column: str) -> str | None:
        """The meaning of a column of somebody's; None if it is none."""
        prefixes = ((UTILITY, self.of_parties), (DEVIATION, self.of_deviations))
        return next((meaning for prefix, meaning in prefixes if meaning and column.startswith(prefix)), None)


def text(name: str, meaning: str) -> Column:
    """A column of text."""
    return Column(name, "string", "", meaning)


def whole(name: str, meaning: str, unit: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, "int64", unit, meaning)


def number(name: str, meaning: str, unit: str = "", *, often_absent: bool = False) -> Column:
    """A column of real numbers."""
    return Column(name, "float64", unit, meaning, often_absent)


def flag(name: str, meaning: str) -> Column:
    """A column of truth values."""
    return Column(name, "bool", "", meaning)


RUN = text("run", "the run: a hash of scenario, seed and plugin contents")
TIME = number("time", "simulated time since the start", "days")
ROUND = whole("round", "rounds of training completed at that time; 0 is the pretrained model")
OF_TRAINING = whole(
    "round",
    "the round of training it belongs to, from 1: what the language model has then become has the same number in"
    " `responses`, `alignment` and `on_policy`. Up to version 0.6, one less",
)
PRINCIPAL = text("principal", "the party that judges")
AGENT = text("agent", "the party that is judged")
LABEL = whole("label", "1: left is better, 2: right is better, 0: undecided")
GUIDELINE = whole("guideline_version", "version of the guideline that was in force, as in `guidelines`")
