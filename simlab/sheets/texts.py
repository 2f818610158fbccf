"""Columns of texts in a user's own table, as prompts and responses are: every mistake is named by row and column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simlab.names import did_you_mean, shown
from simlab.sheets.reading import read
from simlab.sheets.sheet import Sheet, Unusable, blank, called, quoted

MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class TextTable:
    """Texts by column, and the place of each row: the line of a text file, the number of a row elsewhere."""

    columns: Mapping[str, tuple[str, ...]]
    places: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places)


@lru_cache(maxsize=8)
def texts_of(
    path: Path, sha256: str, needed: tuple[str, ...], optional: tuple[str, ...], columns: tuple[tuple[str, str], ...]
) -> TextTable:
    """The columns of a table with this content, by our names.

    `columns` says what the table calls them, where it calls them otherwise. Of an optional column that is not there
    every text is empty, and so are blank cells; where one is needed a blank is refused. Raises Unusable.
    """
    del sha256  # which tells one content of a file from another
    sheet, theirs = read(path), dict(columns)
    names = columns_of(needed, optional, theirs)
    for ours, name in names.items():
        if name not in sheet and (ours in needed or ours in theirs):
            fix = did_you_mean(name, sheet.names) or f"there are {', '.join(map(quoted, sheet.names[:20]))}"
            raise Unusable(f"has no column {shown(name)}", fix, line=1)
    if not 1 <= len(sheet) <= MOST_ROWS:
        what = "has no rows" if not len(sheet) else f"has more than {MOST_ROWS:,} rows"
        raise Unusable(what, "take a sample of it" if len(sheet) else "")
    found = {ours: _texts(sheet, name, ours in needed) for ours, name in names.items()}
    places = range(1, len(sheet) + 1) if sheet.lines is None else sheet.lines
    return TextTable(found, tuple(places))


def columns_of(needed: Sequence[str], optional: Sequence[str], theirs: Mapping[str, str]) -> dict[str, str]:
    """What a table calls each of our columns, where `theirs` says what it calls some of them otherwise.

    An optional one whose name is that of a column said to be another of ours is not there: "". Raises Unusable where
    two would be one and the same column.
    """
    ours: dict[str, str] = {}
    for mine in sorted((*needed, *theirs), key=lambda mine: mine not in theirs):  # what is said counts first
        if (other := ours.setdefault(name := called(theirs.get(mine, mine)), mine)) != mine:
            what = f"its column {shown(name)} would be {other} and {mine} at once"
            raise Unusable(what, "say of each which column it is", line=1)
    own = {mine: "" if mine in ours else mine for mine in optional}
    return {mine: called(theirs[mine]) if mine in theirs else own.get(mine, mine) for mine in (*needed, *optional)}


def _texts(sheet: Sheet, name: str, needed: bool) -> tuple[str, ...]:
    cells: Sequence[object] = sheet.cells(name) if name in sheet else [""] * len(sheet)
    found = []
    for row, cell in enumerate(cells):
        text = "" if blank(cell) else sheet.text(row, name, cell).strip()
        if needed and not re.search(r"\w", text):
            raise sheet.wrong(row, name, "has no words", "fill it in, or delete the row")
        found.append(text)
    return tuple(found)
