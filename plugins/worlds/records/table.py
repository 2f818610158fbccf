"""Reading a table of exchanges, as CSV or Parquet, with every mistake in it named by row and column.

`records.py` asks for the rows. A CSV is read with the standard library, so that checking a scenario needs nothing
heavy; pyarrow is imported only for Parquet.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.names import clip, did_you_mean, shown

NEEDED = ("prompt", "response")
OPTIONAL = {"force": "question", "content": "", "context": "", "author": "somebody", "reference": ""}
TEXTS = (*NEEDED, *OPTIONAL)
MOST_ROWS = 200_000
BETWEEN = "|"  # stands between several right answers in `reference`


class Unusable(ValueError):
    """A table that cannot be used: what is wrong, where (row, column), and the likely fix."""

    def __init__(self, what: str, fix: str, file: str = "", row: int | None = None, column: str = "") -> None:
        self.what, self.fix, self.file, self.row, self.column = what, fix, file, row, column
        where = ":".join(str(part) for part in (file, row) if part)
        super().__init__(": ".join(part for part in (where, column and f"column {column}", what) if part))


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange of the table; `scores` has one number in [0, 1] for each score asked for, NaN where it is empty."""

    row: int  # line of a CSV, number of a row in Parquet, both from 1
    texts: Mapping[str, str]  # what the table says under each of `TEXTS`, or the default
    scores: tuple[float, ...]


def read(path: Path, columns: Mapping[str, str], scores: Sequence[str]) -> list[Row]:
    """Every exchange of the table, in its order.

    `columns` says what the table calls our columns, where it calls them otherwise; `scores` names columns of numbers
    in [0, 1]. Columns that nobody asks for are passed over, unless they look like a misspelt one of ours. Raises
    Unusable.
    """
    try:
        head, cells = _parquet(path) if path.suffix == ".parquet" else _csv(path)
        called = {name: columns.get(name, name) for name in TEXTS}
        _check_head(head, called, [name for name in TEXTS if name in (*NEEDED, *columns)], scores)
        rows = [_row(number, said, called, scores) for number, said in cells]
    except Unusable as error:
        raise Unusable(error.what, error.fix, path.name, error.row, error.column) from None
    if not rows:
        raise Unusable("has no rows", "one row is one exchange", path.name)
    return rows


def _csv(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, Any]]]]:
    """The head of a CSV, and its rows by the line each begins in."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unusable("is not text in UTF-8", "save the table as CSV in UTF-8, or as Parquet", row=line) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = _records(reader)
    head = [name.strip() for name in next(records, (1, []))[1]]
    if len(head) == 1 and (other := re.search(r"[;\t]", head[0])):
        sign = "tabs" if other[0] == "\t" else "semicolons"
        raise Unusable(f"has {sign} between its columns", "write commas, and quote texts that contain one", row=1)
    return head, _named(head, records)


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line it begins in."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unusable(f"is not CSV: {error}", "check the quotes around this line", row=line) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _named(head: Sequence[str], records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, cells in records:
        if len(cells) != len(head):
            what = f"has {len(cells)} cells, while the head has {len(head)} columns"
            raise Unusable(what, "quote texts that contain a comma or a line break", row=line)
        yield line, dict(zip(head, cells, strict=True))


def _parquet(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, Any]]]]:
    """The columns of a Parquet file, and its rows counted from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise Unusable(f"cannot be read as Parquet: {clip(reason, 100)}", "write it anew, or as CSV") from None
    return table.column_names, enumerate(table.to_pylist(), start=1)


def _check_head(head: Sequence[str], called: Mapping[str, str], needed: Sequence[str], scores: Sequence[str]) -> None:
    """Raise Unusable if a column is missing, there twice, or looks like one of ours misspelt."""
    for name in head:
        if head.count(name) > 1:
            raise Unusable(f"has two columns {shown(name)}", "rename one", row=1)
    for name in (*(called[n] for n in needed), *scores):
        if name not in head:
            fix = did_you_mean(name, head) or f"there are {', '.join(head[:20])}"
            raise Unusable(f"has no column {shown(name)}", fix, row=1)
    ours = [name for name in called.values() if name not in head]
    for name in head:
        if name not in (*called.values(), *scores) and (meant := _misspelt(name, ours)):
            raise Unusable(f"has a column {shown(name)}", f"did you mean {meant!r}? if not, rename it", row=1)


def _misspelt(name: str, ours: Sequence[str]) -> str | None:
    """The column of ours of which this name is another spelling: one letter off, or with capitals."""
    for other in ours:
        longer, shorter = sorted((name.lower(), other), key=len, reverse=True)
        if longer == shorter or any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))):
            return other
    return None


def _row(number: int, said: Mapping[str, Any], called: Mapping[str, str], scores: Sequence[str]) -> Row:
    if number > MOST_ROWS:
        raise Unusable(f"has more than {MOST_ROWS:,} rows", "take a sample of it")
    texts = {}
    for name, column in called.items():
        cell = said.get(column)
        if not isinstance(cell, str | None):
            raise Unusable(f"{shown(cell)} should be text", "write this column as text", row=number, column=column)
        texts[name] = (cell or "").strip() or OPTIONAL.get(name, "")
        if name in NEEDED and not re.search(r"\w", texts[name]):
            raise Unusable("has no words", "fill it in, or delete the row", row=number, column=column)
    return Row(number, texts, tuple(_score(said[name], number, name) for name in scores))


def _score(cell: Any, row: int, column: str) -> float:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return math.nan
    try:
        score = float(cell)
    except (TypeError, ValueError):
        raise Unusable(f"{shown(cell)} should be a number", "from 0 to 1, or empty", row=row, column=column) from None
    if math.isnan(score) and not isinstance(cell, str):  # how Parquet from pandas has empty cells
        return score
    if not 0 <= score <= 1:
        fix = "rescale this column so that 0 is worst and 1 is best"
        raise Unusable(f"{shown(cell)} is not between 0 and 1", fix, row=row, column=column)
    return score
