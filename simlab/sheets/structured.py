"""Tables whose cells have types: JSON (lines, a list of rows, or pandas' columns), Parquet and Arrow."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from simlab.components.data_file import LARGEST
from simlab.names import clip, shown
from simlab.sheets.delimited import distinct
from simlab.sheets.sheet import Sheet, Unusable, called

MOST_ROWS = 20_000_000  # a column of one value is packed into nothing
_ROWS = "write one object a row, as pandas' to_json(orient='records', lines=True) does"


def json_table(text: str) -> Sheet:
    """The table in a text that begins as JSON does. Raises Unusable, with the line of JSON Lines."""
    first = next(line for line in io.StringIO(text) if line.strip())
    if text.lstrip()[0] == "{" and isinstance(_parsed(first), dict):
        numbers, rows = _lines(text)
        if len(rows) == 1 and rows[0] and all(isinstance(cell, list | dict) for cell in rows[0].values()):
            return _columns(rows[0])
        return _rows(rows, numbers)
    whole = _parsed(text)
    if isinstance(whole, dict):
        return _columns(whole)
    if isinstance(whole, list) and all(isinstance(row, dict) for row in whole):
        return _rows(whole, None)
    if isinstance(whole, list):
        row = next(place for place, row in enumerate(whole, start=1) if not isinstance(row, dict))
        raise Unusable("is JSON, and this row is no object", _ROWS, row=row)
    raise Unusable(f"begins as JSON and is not: {_said(whole)}", _ROWS, line=_line(whole))


def _parsed(text: str) -> Any:
    """The value of a JSON text, or the error."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        return ValueError("it is nested too deep")
    except ValueError as error:
        return error


def _said(error: Any) -> str:
    """Why a text is no JSON, less the line, which is told beside it."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, at column {error.colno}"
    return "a number in it has too many digits" if "set_int_max_str_digits" in str(error) else str(error)


def _line(error: object) -> int | None:
    return error.lineno if isinstance(error, json.JSONDecodeError) else None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object with its keys as columns are called; ValueError for one twice."""
    found = {called(key): value for key, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _lines(text: str) -> tuple[list[int], list[dict[str, Any]]]:
    numbers, rows = [], []
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            row = _parsed(line)
            if isinstance(row, ValueError):
                raise Unusable(f"is JSON Lines, and this line is not JSON: {_said(row)}", _ROWS, line=number)
            if not isinstance(row, dict):
                raise Unusable("is JSON Lines, and this line is no object", _ROWS, line=number)
            numbers.append(number)
            rows.append(row)
    return numbers, rows


def _rows(rows: Sequence[dict[str, Any]], lines: list[int] | None) -> Sheet:
    """Rows by the keys that any of them has; a key that one lacks is a cell that is missing."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return Sheet(names, len(rows), lambda name: [row.get(name) for row in rows], lines, numbered=True)


def _columns(whole: dict[str, Any]) -> Sheet:
    """JSON that is one object: rows under one name, or by their numbers; columns as lists, or as mappings from an
    index, which is what pandas writes unless told otherwise."""
    parts = list(whole.values())
    if len(parts) == 1 and isinstance(parts[0], list) and parts[0] and all(isinstance(row, dict) for row in parts[0]):
        return _rows(parts[0], None)
    if all(isinstance(part, dict) for part in parts):
        if all(name.isdecimal() for name in whole):
            return _rows(parts, None)
        if all(part.keys() == parts[0].keys() for part in parts):
            parts = [list(part.values()) for part in parts]
    split = {"columns", "data"} <= whole.keys()  # as pandas' orient="split" has it
    if split or not all(isinstance(part, list) and len(part) == len(parts[0]) for part in parts):
        raise Unusable(f"is JSON with {shown(next(iter(whole), ''))} in it, and no list of rows", _ROWS)
    found = dict(zip(whole, parts, strict=True))
    return Sheet(tuple(found), len(parts[0]) if parts else 0, found.__getitem__, numbered=True)


def parquet(data: bytes) -> Sheet:
    """The table in a Parquet file. Raises Unusable."""

    def opened() -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = pq.ParquetFile(pa.BufferReader(data))
        groups = [file.metadata.row_group(g) for g in range(file.metadata.num_row_groups)]
        _bearable(file.metadata.num_rows, sum(group.total_byte_size for group in groups))
        return file.read(use_threads=False)  # one that still starts as the process ends may abort it

    return _arrow(opened, "Parquet")


def arrow(data: bytes) -> Sheet:
    """The table in an Arrow file or stream, which Feather is too. Raises Unusable."""

    def opened() -> Any:
        import pyarrow as pa
        from pyarrow import feather

        source = pa.BufferReader(data)
        if data.startswith(b"FEA1"):
            return feather.read_table(source, use_threads=False)
        return (pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream)(source).read_all()

    return _arrow(opened, "Arrow")


def _bearable(rows: int, size: int) -> None:
    if rows > MOST_ROWS or size > 4 * LARGEST:
        raise Unusable(f"holds {rows:,} rows of {size >> 20:,} MiB", "take a sample of its rows, or fewer columns")


def _arrow(opened: Callable[[], Any], what: str) -> Sheet:
    import pyarrow as pa

    try:
        table = opened()
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, Unusable):
            raise
        reason = clip(" ".join(str(error).split()), 100)
        raise Unusable(f"cannot be read as {what}: {reason}", "write it anew, or as CSV") from None
    _bearable(table.num_rows, table.nbytes)
    places = {name: place for place, name in enumerate(distinct([called(name) for name in table.column_names]))}

    def cells(name: str) -> list[Any]:
        try:
            found: list[Any] = table.column(places[name]).to_pylist()
        except (pa.ArrowException, ValueError) as error:  # texts that are not UTF-8
            raise Unusable(f"cannot be read: {clip(str(error), 100)}", "write it anew", column=name) from None
        return found

    return Sheet(tuple(places), table.num_rows, cells, index=frozenset(_index(table.schema, places)))


def _index(schema: Any, names: Iterable[str]) -> set[str]:
    """Columns that were the index of a pandas frame, by what pandas wrote beside the table."""
    try:
        noted = schema.pandas_metadata or {}
        index = {called(name) for name in noted.get("index_columns", ()) if isinstance(name, str)}
    except (ValueError, TypeError, AttributeError):
        index = set()
    return index & set(names)
