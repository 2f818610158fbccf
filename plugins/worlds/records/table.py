"""Reading a table of exchanges, with every mistake in it named by row and column.

`records.py` asks for the rows. `simlab.sheets` reads the file, whatever it is; a CSV needs nothing heavy, so that
checking a scenario does not either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.names import did_you_mean, shown
from simlab.sheets import Sheet, Unusable, blank, columns_of, quoted
from simlab.sheets import read as sheet_of
from simlab.sheets.numbers import advice, finite

NEEDED = ("prompt", "response")
OPTIONAL = {"force": "question", "content": "", "context": "", "author": "somebody", "reference": ""}
TEXTS = (*NEEDED, *OPTIONAL)
MOST_ROWS = 200_000
BETWEEN = "|"  # stands between several right answers in `reference`


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange of the table; `scores` has one number in [0, 1] for each score asked for, NaN where it is empty."""

    row: int  # line of a text, number of a row in Parquet, both from 1
    texts: Mapping[str, str]  # what the table says under each of `TEXTS`, or the default
    scores: tuple[float, ...]


def read(path: Path, columns: Mapping[str, str], scores: Sequence[str]) -> list[Row]:
    """Every exchange of the table, in its order.

    `columns` says what the table calls our columns, where it calls them otherwise; `scores` names columns of numbers
    in [0, 1]. Columns that nobody asks for are passed over, unless they look like a misspelt one of ours. Raises
    Unusable.
    """
    sheet = sheet_of(path)
    named = columns_of(NEEDED, tuple(OPTIONAL), columns)
    _check_head(sheet.names, named, [name for name in TEXTS if name in (*NEEDED, *columns)], scores)
    if not len(sheet):
        raise Unusable("has no rows", "one row is one exchange")
    if len(sheet) > MOST_ROWS:
        raise Unusable(f"has more than {MOST_ROWS:,} rows", "take a sample of it")
    texts = {name: _texts(sheet, name, column) for name, column in named.items()}
    given = [_scores(sheet, name) for name in scores]
    return [
        Row(place(sheet, row), {name: found[row] for name, found in texts.items()}, tuple(each[row] for each in given))
        for row in range(len(sheet))
    ]


def place(sheet: Sheet, row: int) -> int:
    """Where a row (from 0) stands: the line it begins in, or its number."""
    return row + 1 if sheet.lines is None else sheet.lines[row]


def _check_head(head: Sequence[str], called: Mapping[str, str], needed: Sequence[str], scores: Sequence[str]) -> None:
    """Raise Unusable if a column is missing, or looks like one of ours misspelt."""
    for name in (*(called[n] for n in needed), *scores):
        if name not in head:
            fix = did_you_mean(name, head) or f"there are {', '.join(map(quoted, head[:20]))}"
            raise Unusable(f"has no column {shown(name)}", fix, line=1)
    ours = [name for name in called.values() if name and name not in head]
    for name in head:
        if name not in (*called.values(), *scores) and (meant := _misspelt(name, ours)):
            raise Unusable(f"has a column {shown(name)}", f"did you mean {meant!r}? if not, rename it", line=1)


def _misspelt(name: str, ours: Sequence[str]) -> str | None:
    """The column of ours of which this name is another spelling: one letter off, or with capitals."""
    for other in ours:
        longer, shorter = sorted((name.lower(), other), key=len, reverse=True)
        if longer == shorter or any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))):
            return other
    return None


def _texts(sheet: Sheet, name: str, column: str) -> list[str]:
    """What the table says under one of `TEXTS`, or the default."""
    default = OPTIONAL.get(name, "")
    if column not in sheet:
        return [default] * len(sheet)
    found = []
    for row, cell in enumerate(sheet.cells(column)):
        if not isinstance(cell, str) and not blank(cell):
            raise sheet.wrong(row, column, f"{shown(cell)} should be text", "write this column as text")
        text = default if blank(cell) else cell.strip()
        if name in NEEDED and not re.search(r"\w", text):
            raise sheet.wrong(row, column, "has no words", "fill it in, or delete the row")
        found.append(text)
    return found


def _scores(sheet: Sheet, column: str) -> list[float]:
    return [
        math.nan if blank(cell) else _score(sheet, row, column, cell) for row, cell in enumerate(sheet.cells(column))
    ]


def _score(sheet: Sheet, row: int, column: str, cell: Any) -> float:
    score = finite(cell)
    if score is None:
        fix = "; ".join(filter(None, (advice(cell), "from 0 to 1, or empty")))
        raise sheet.wrong(row, column, f"{shown(cell)} should be a number", fix)
    if not 0 <= score <= 1:
        fix = "rescale this column so that 0 is worst and 1 is best"
        raise sheet.wrong(row, column, f"{shown(cell)} is not between 0 and 1", fix)
    return score
