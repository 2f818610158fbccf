"""Components: what all kinds of plugin have in common.

A component is a pydantic model: its fields are its parameters in the scenario file. `name` and the declared
traits are class variables. One file, one class, nothing else needed; see `plugins/criteria/brief.py`.
Import torch and pandas only inside methods: `--help` and `validate` load every component.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Component(BaseModel):
    """Base of everything a plugin file can define. Fields are parameters; unknown parameters are refused.

    A plugin is its file, all code of one's own that it imports, and the data it opens meanwhile. Files that it opens
    only later, in its methods, are part of it if `reads` names them, as seen from the plugin's file (`footprint`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ClassVar[str] = ""  # "criterion", "rater", "reward", "world", …; set by the contracts
    name: ClassVar[str] = ""  # what scenario files call it
    instead_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # parameters, and those they cannot stand beside
    example: ClassVar[Mapping[str, Any]] = {}  # parameters to show and check it with, where some have no default
    reads: ClassVar[tuple[str, ...]] = ()  # files of data, seen from its own file, that are part of what it is


def parameters(component: Component) -> dict[str, Any]:
    """What a scenario file would say to get this component: its name and parameters."""
    return {"kind": component.name, **component.model_dump(mode="json")}
