"""Delimited text, with commas, tabs or the like: a line of names, then rows; a quoted text may span several lines."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from simlab.components.data_file import LARGEST
from simlab.names import shown
from simlab.sheets.sheet import Sheet, Unusable, called

_SIGNS = {";": "semicolons", "|": "vertical bars"}  # that stand between columns somewhere, and are not read here
_ENCODINGS = (  # how texts begin that say how they are encoded
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(data: bytes) -> str:
    """Bytes as text: UTF-8, or UTF-16 or 32 that say so. Raises Unusable, naming the line, for anything else.

    Older encodings are refused, since they cannot be told apart: é and щ may be the same byte.
    """
    encoding = next((name for begin, name in _ENCODINGS if data.startswith(begin)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        wide = encoding != "utf-8"
        line = None if wide else data.count(b"\n", 0, error.start) + 1
        what = f"is no whole text in {encoding.upper()}" if wide else "is not text in UTF-8"
        raise Unusable(what, "save the table as CSV in UTF-8, or as Parquet", line=line) from None
    if "\0" in text:
        raise Unusable("is not text", "save the table as CSV in UTF-8, or as Parquet")
    return text


def delimited(text: str, suffix: str) -> Sheet:
    """The table in a delimited text; `suffix` is that of its file. Raises Unusable."""
    delimiter = _delimiter(text, suffix)
    with _long_cells():
        records = _records(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        line, head = next(records, (1, []))
        rows = list(_whole(records, len(head)))
    columns = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(head)
    kept = [place for place, name in enumerate(head) if called(name) or any(cell.strip() for cell in columns[place])]
    names = distinct([called(head[place]) or f"Unnamed: {place}" for place in kept], line)  # as pandas calls it
    found = dict(zip(names, (columns[place] for place in kept), strict=True))
    return Sheet(names, len(rows), found.__getitem__, [line for line, _ in rows])


def distinct(names: Sequence[str], line: int | None = None) -> tuple[str, ...]:
    """Names of columns; raises Unusable if one occurs twice."""
    earlier: set[str] = set()
    for name in names:
        if name in earlier:
            raise Unusable(f"has two columns {shown(name)}", "rename one", line=line)
        earlier.add(name)
    return tuple(names)


def _delimiter(text: str, suffix: str) -> str:
    """What stands between the columns: the sign that makes most of them in the line of names, a comma before others."""
    head = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    counts = {sign: len(next(csv.reader([head], delimiter=sign), [])) for sign in (",", "\t", *_SIGNS)}
    if suffix in (".tsv", ".tab") and counts["\t"] > 1:
        return "\t"
    found = max(counts, key=lambda sign: counts[sign])
    if found in _SIGNS:
        fix = "write commas, and quote texts that contain one; decimals have a point"
        raise Unusable(f"has {_SIGNS[found]} between its columns", fix, line=1)
    return found


@contextmanager
def _long_cells() -> Iterator[None]:
    """Texts longer than the 128 KiB that the library would allow."""
    before = csv.field_size_limit(LARGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line it begins in."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unusable(f"is not CSV: {error}", "check the quotes around this line", line=line) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _whole(records: Iterator[tuple[int, list[str]]], columns: int) -> Iterator[tuple[int, list[str]]]:
    """Every row, if it has as many cells as the head; the first that has not may stand below a title or a remark."""
    for place, (line, cells) in enumerate(records):
        if len(cells) != columns:
            what = f"has {len(cells)} cells, while the head has {columns} {'column' if columns == 1 else 'columns'}"
            fix = "quote texts that contain a comma or a line break"
            if not place and len(cells) > columns:
                fix = f"delete what stands above the line of names; else {fix}"
            raise Unusable(what, fix, line=line)
        yield line, cells
