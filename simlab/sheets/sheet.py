"""A table of cells as they stand in a file, the place of each for messages, and the error of a table that is unusable.

Cells of a CSV are texts, so that NA, None and 007 stay what they are; cells of JSON, Parquet and Arrow have the types
they were written with. Their meaning is decided by the reader of a column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from simlab.names import clip, composed
from simlab.sheets.numbers import advice, finite

INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"  # zero-width space, marks of direction, word joiner, byte order mark


class Unusable(ValueError):
    """A table that cannot be used: what is wrong, the likely fix, and where.

    `line` is that of a text file, as an editor counts; `row` counts the rows of the table from 1. Either may be None.
    """

    def __init__(
        self, what: str, fix: str = "", *, line: int | None = None, row: int | None = None, column: str = ""
    ) -> None:
        self.what, self.fix, self.line, self.row, self.column = what, fix, line, row, column
        super().__init__(f"{what} ({fix})" if fix else what)

    def within(self, file: str) -> str:
        """What is wrong and where, in one sentence, of the table in this file."""
        number = self.row if self.line is None else self.line
        where = ":".join(str(part) for part in (file, number) if part)
        return ": ".join(part for part in (where, self.column and f"column {quoted(self.column)}", self.what) if part)


def blank(cell: Any) -> bool:
    """Whether a cell is empty: a null, NaN (how pandas writes one), or a text without a visible sign."""
    if isinstance(cell, str):
        return not cell or cell.isspace() or (not cell.isascii() and not cell.strip(INVISIBLE + " \t\r\n\xa0"))
    return (
        cell is None or (isinstance(cell, float) and math.isnan(cell)) or (isinstance(cell, Decimal) and cell.is_nan())
    )


def called(text: str) -> str:
    """A name as it is told from others: composed (Unicode's NFC), with single spaces within, and around it neither
    spaces nor invisible marks."""
    if text.isascii():
        return " ".join(text.split())
    return " ".join(composed(text).strip().strip(INVISIBLE).split())


def quoted(cell: Any, width: int = 60) -> str:
    """A cell as a message quotes it: clipped, with invisible signs spelt out."""
    text = str(cell)[: 2 * width]
    return clip("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text), width)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows and named columns. `index` are columns that pandas wrote down as the index of a frame."""

    names: tuple[str, ...]
    rows: int
    cells: Callable[[str], Sequence[Any]]  # of the column of this name, one a row
    lines: Sequence[int] | None = None  # in which each row begins; None if the file has no lines
    numbered: bool = False  # whether people count this file's rows, beside or instead of its lines
    index: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def where(self, row: int) -> str:
        """The place of a row (from 0) in words, as "line 3" or "row 2"."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"

    def again(self, columns: Sequence[str]) -> list[int]:
        """The rows (from 0) whose cells in these columns are those of an earlier row."""
        cells, first = [self.cells(name) for name in columns], dict[str, int]()
        return [row for row in range(self.rows) if first.setdefault(repr([c[row] for c in cells]), row) != row]

    def wrong(self, row: int, column: str, what: str, fix: str = "") -> Unusable:
        """What is wrong with the cell in this row (from 0) and column."""
        line = None if self.lines is None else self.lines[row]
        number = row + 1 if self.numbered or line is None else None
        return Unusable(what, fix, line=line, row=number, column=column)

    def filled(self, name: str) -> Sequence[Any]:
        """The cells of a column; Unusable for the first that is blank."""
        cells = self.cells(name)
        empty = [row for row, cell in enumerate(cells) if blank(cell)]
        if empty:
            fix = f"{len(empty)} such rows: fill them in or leave them out"
            raise self.wrong(empty[0], name, "is empty", fix)
        return cells

    def words(self, name: str) -> list[str]:
        """A column of names, each as it is told from others; Unusable for a cell that is blank or no single value."""
        return [called(self.text(row, name, cell)) for row, cell in enumerate(self.filled(name))]

    def texts(self, name: str) -> list[str]:
        """A column of texts as they are; Unusable for a cell that is blank or no single value."""
        return [self.text(row, name, cell) for row, cell in enumerate(self.filled(name))]

    def text(self, row: int, name: str, cell: Any) -> str:
        """A cell as a text, a whole number without a point; Unusable if it is a list or a mapping."""
        if isinstance(cell, str):
            return cell
        if isinstance(cell, bool):
            return str(cell).lower()
        if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        if isinstance(cell, int | float | Decimal | date | time):
            return str(cell)
        raise self.wrong(row, name, f"is {quoted(cell)}, which is no text", "write this column as text")

    def numbers(self, name: str, holes: Collection[str] | None = None) -> list[float]:
        """A column as finite numbers, NaN for blank cells and for the words in `holes` where holes may be.

        Unusable for the first cell that is no number, or that is blank if `holes` is None.
        """
        cells = self.cells(name)
        found = [math.nan if blank(cell) else finite(cell) for cell in cells]
        wrong = [row for row, value in enumerate(found) if value is None or (holes is None and math.isnan(value))]
        if holes is not None:
            wrong = [row for row in wrong if not (isinstance(cells[row], str) and called(cells[row]).lower() in holes)]
        if wrong:
            cell, many = cells[wrong[0]], f"{len(wrong)} such rows: correct them or leave them out"
            empty = blank(cell)
            what = "is empty" if empty else f"is {quoted(cell)}, which is no finite number"
            raise self.wrong(wrong[0], name, what, "; ".join(filter(None, ("" if empty else advice(cell), many))))
        return [math.nan if value is None else value for value in found]
