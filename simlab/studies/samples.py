"""Points of the user's own: the settings of a study's arms from a table in a file, or from a DataFrame."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, shown
from simlab.scenario.yaml_tree import read_argument
from simlab.sheets import Sheet, Unusable, read
from simlab.studies.design import Point

_ONCE = "give each point once: more seeds say more about it, and more rows do not"
_FITTING = "give numbers, texts, lists or mappings with texts as keys"
Samples = Any  # a DataFrame of the user's own: a point a row, columns named by dotted paths


def from_file(path: Path) -> list[Point]:
    """The rows of a table in a file; a cell of text is read as a value of YAML. Raises Unusable."""
    return _points_of(read(path), path)


def _points_of(sheet: Sheet, path: Path) -> list[Point]:
    """The rows of a table, a point each. Raises Unusable."""
    names = [name for name in sheet.names if name not in sheet.index]
    if not names or not len(sheet):
        raise Unusable("has no rows", "a row of settings' paths, then one for each point")
    for name in names:
        if re.fullmatch(r"Unnamed: \d+", name):
            raise Unusable("has a column without a name", "leave it out; in pandas: to_csv(index=False)", line=1)
    cells = {name: sheet.filled(name) for name in names}
    points: list[Point] = [
        {name: _value(sheet, row, name, column[row], path) for name, column in cells.items()}
        for row in range(len(sheet))
    ]
    if again := _again(points):
        first, row = again
        raise Unusable(f"{sheet.where(row)} is the same point as {sheet.where(first)}", _ONCE)
    return points


def _value(sheet: Sheet, row: int, name: str, cell: Any, path: Path) -> Any:
    if isinstance(cell, bool | int | float | list | dict):
        return cell
    return read_argument(sheet.text(row, name, cell), f"{path}: {sheet.where(row)}: {name}").plain()


def from_frame(frame: Samples) -> list[Point]:
    """The rows of a DataFrame, numbers to their last digit, which pandas' own JSON would round."""
    if getattr(frame, "ndim", 0) != 2 or not hasattr(frame, "iloc"):
        what = f"samples is of type {type(frame).__name__}"
        raise InvalidInput(Problem(what, "give a DataFrame of pandas: a column a setting, a row a point"))
    names = [str(name) for name in frame.columns]
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), ""):
        raise InvalidInput(Problem(f"samples has two columns {shown(twice)}", "rename one"))
    if not names or not len(frame):
        raise InvalidInput(Problem("samples has no rows", "give a row for each point"))
    for number, empty in enumerate(frame.isna().to_numpy(), start=1):
        if empty.any():
            what = f"samples: row {number}, column {shown(names[int(empty.argmax())])}: is empty"
            raise InvalidInput(Problem(what, "give every point a value of each setting"))
    columns = (_cells(name, frame.iloc[:, place]) for place, name in enumerate(names))
    points: list[Point] = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    if again := _again(points):
        raise InvalidInput(Problem(f"samples: row {again[1] + 1} is the same point as row {again[0] + 1}", _ONCE))
    return points


def _again(points: Sequence[Point]) -> tuple[int, int] | None:
    """The first point that is there before, and where it was: 6 and 6.0 are one, 1 and true are two."""
    earlier: dict[str, int] = {}
    for place, point in enumerate(points):
        first = earlier.setdefault(json.dumps(_alike(point), sort_keys=True), place)
        if first != place:
            return first, place
    return None


def _alike(value: Any) -> Any:
    """A value in which numbers that are equal are written alike."""
    if isinstance(value, Mapping):
        return {str(key): _alike(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_alike(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _cells(name: str, column: Any) -> list[Any]:
    """A column's values as a scenario can hold them."""

    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):  # of numpy
            return value.tolist()
        if isinstance(value, Decimal):
            return float(value)
        what = f"samples, column {shown(name)}: a value of type {type(value).__name__} cannot stand in a scenario"
        raise InvalidInput(Problem(what, _FITTING))

    for value in column:
        if key := _no_text(value):
            what = f"samples, column {shown(name)}: the key {clip(repr(key[0]))} of a mapping is no text"
            raise InvalidInput(Problem(what, _FITTING))
    found: list[Any] = json.loads(json.dumps(column.tolist(), default=plain))
    return found


def _no_text(value: Any) -> tuple[Any] | None:
    """The first key of a mapping, at any depth, that is no text, by itself in a tuple; None if there is none."""
    if isinstance(value, Mapping):
        keys = next(((key,) for key in value if not isinstance(key, str)), None)
        return keys or next(filter(None, map(_no_text, value.values())), None)
    return next(filter(None, map(_no_text, value)), None) if isinstance(value, list | tuple) else None
