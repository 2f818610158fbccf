"""Consequences in scenario files: they are plugins, found by the name that an entry gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from simlab.components.component import Component
from simlab.errors import InvalidInput
from simlab.names import shown, suggestion
from simlab.scenario.fields import Reading, build


def named_by(entry: Any, reading: Reading, others: Sequence[str] = ()) -> Component:
    """The consequence that an entry names, with its parameters; where there is none, `others` might be meant, too."""
    if not isinstance(entry, dict):
        what = "{shown} should be a name, or a mapping with kind"
        raise PydanticCustomError("not_component", what, {"shown": shown(entry)})
    name, known = entry.get("kind"), reading.plugins.names("consequence")
    if not isinstance(name, str) or not name:
        raise PydanticCustomError("no_kind", "kind is missing")
    if name not in known:
        fix = "; ".join([suggestion(name, [*known, *others]), *_failed(name, reading)])
        what = f"there is no kind {shown(name)} here"
        raise PydanticCustomError("unknown_component", "{what}", {"what": what, "fix": fix})
    return build("consequence", name, entry, reading)


def _failed(name: str, reading: Reading) -> list[str]:
    """Why it may not have been found: files that failed to load, and where plugins were looked for."""
    try:
        reading.plugins.get("consequence", name)
    except InvalidInput as error:
        return error.problems[0].fix.split("; ")[1:]
    return []
