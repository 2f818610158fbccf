"""Components: what all kinds of plugin have in common.

A component is a pydantic model: its fields are its parameters in the scenario file. `name` and the declared
traits are class variables. One file, one class, nothing else needed; see `plugins/criteria/brief.py`.
Import torch and pandas only inside methods: `--help` and `validate` load every component.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Component(BaseModel):
    """Base of everything a plugin file can define. Fields are parameters; unknown parameters are refused.

    A plugin is its file, all code of one's own that it imports, and the data it opens meanwhile. Files that it opens
    only later, in its methods, are part of it if `reads` names them, as seen from the plugin's file (`footprint`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: ClassVar[str] = ""  # "criterion", "rater", "reward", "world", …; set by the contracts
    name: ClassVar[str] = ""  # what scenario files call it
    instead_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # parameters, and those they cannot stand beside
    example: ClassVar[Mapping[str, Any]] = {}  # parameters to show and check it with, where some have no default
    reads: ClassVar[tuple[str, ...]] = ()  # files of data, seen from its own file, that are part of what it is


def settings(component: Component) -> dict[str, Any]:
    """What a scenario file would say of this component's parameters; of a default that is not finite, nothing."""
    unsaid = {
        name
        for name, field in type(component).model_fields.items()
        if isinstance(field.default, float)
        and not math.isfinite(field.default)
        and repr(getattr(component, name)) == repr(field.default)
    }
    written = component.model_dump(mode="json", by_alias=True, exclude=unsaid)
    kept = component.model_dump(by_alias=True, exclude=unsaid)
    return {name: _with_sets_in_order(said, kept[name]) for name, said in written.items()}


def _with_sets_in_order(said: Any, kept: Any) -> Any:
    """What is written of a value that is `kept`, its sets in one order: that in which they are kept differs from
    process to process."""
    if isinstance(kept, set | frozenset):
        return sorted(said, key=repr)
    if isinstance(kept, list | tuple) and isinstance(said, list):
        return [_with_sets_in_order(*pair) for pair in zip(said, kept, strict=True)]
    if isinstance(kept, dict) and isinstance(said, dict):
        return {key: _with_sets_in_order(*pair) for key, *pair in zip(said, said.values(), kept.values(), strict=True)}
    return said


def parameters(component: Component) -> dict[str, Any]:
    """What a scenario file would say to get this component: its name and parameters."""
    return {"kind": component.name, **settings(component)}
