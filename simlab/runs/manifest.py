"""Reading the manifest of a run, and checking that it is one: its fields have the types that all readers rely on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.names import clip
from simlab.tables.schemas import TABLES

MANIFEST = "manifest.json"
FORMAT = 1  # of the folder; a later version that cannot read this one says so
STATUSES = ("running", "finished", "interrupted", "failed")
_LARGEST = 1 << 25  # bytes
_DEEPEST = 64  # mappings and lists within one another
_FIX = "see whether the path is right; a run's manifest is not written by hand"
_MAY = {"plugins": dict, "data": dict, "plugin_folders": list}


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest in a run's folder; raises InvalidInput if it is malformed or from a later version of simlab."""
    file = path / MANIFEST
    try:
        with plain_files.opened(file, _FIX) as opened:
            text = opened.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST:,} bytes")
        found = json.loads(text.decode("utf-8"), parse_constant=_no_number)
        if what := next(_wrong(found), ""):
            raise ValueError(what)
        entry = [found[name] for name in TABLES["runs"].names]
        json.dumps(entry, ensure_ascii=False).encode()  # JSON can hold halves of a character, and no table can
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        what = f"is not the manifest of a simlab run: {clip(reason, 160)}"
        raise InvalidInput(Problem(what, _FIX, file)) from error
    if found["format"] > FORMAT:
        raise InvalidInput(Problem("was written by a later version of simlab", "update simlab", file))
    return dict(found)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _wrong(found: Any) -> Iterator[str]:
    """What keeps this from being a manifest, if anything."""
    if not isinstance(found, dict):
        yield "it is no mapping"
        return
    if missing := [name for name in ("format", *TABLES["runs"].names) if name not in found]:
        yield f"it does not say {missing[0]}"
        return
    if not _whole(found["format"]):
        yield "its format is no number"
        return
    if found["format"] > FORMAT:
        return
    for column in TABLES["runs"].columns:
        value = found[column.name]
        if not (isinstance(value, dict) if column.name == "parameters" else _KINDS[column.type](value)):
            yield f"its {column.name} is {clip(repr(value), 40)}"
    if found["status"] not in STATUSES:
        yield f"its status is {clip(repr(found['status']), 40)}"
    yield from (f"its {name} is no {kind.__name__}" for name, kind in _MAY.items() if not _is(found, name, kind))
    if not all(isinstance(folder, str) and "\0" not in folder for folder in found.get("plugin_folders", ())):
        yield "its plugin_folders are no paths"
    yield from _wrong_tables(found)
    if _deep(found):
        yield f"it is nested more than {_DEEPEST} deep"


def _wrong_tables(found: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what a manifest says of the tables."""
    tables = found.get("tables")
    if not isinstance(tables, dict):
        yield "it lists no tables"
        return
    for name, entry in tables.items():
        if not (name.isidentifier() and isinstance(entry, dict)):
            yield f"its table {clip(repr(name), 40)} is none"
        elif not (_whole(entry.get("rows")) and entry["rows"] >= 0 and isinstance(entry.get("sha256"), str)):
            yield f"it does not say how many rows the table {name} has, and their sha256"
    if found["status"] == "finished" and "runs" not in tables:
        yield "it says the run is finished, and lists no tables"


def _is(found: Mapping[str, Any], name: str, kind: type) -> bool:
    return isinstance(found.get(name, kind()), kind)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _number(value: Any) -> bool:
    return _whole(value) or (isinstance(value, float) and math.isfinite(value))


def _text(value: Any) -> bool:
    return isinstance(value, str)


_KINDS = {"string": _text, "int64": _whole, "float64": _number}


def _deep(found: Any) -> bool:
    """Whether there are more levels than anybody wrote."""
    level = [found]
    for _ in range(_DEEPEST):
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)
