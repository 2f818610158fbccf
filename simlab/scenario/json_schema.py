"""The JSON schema of scenario files, for editors."""

from __future__ import annotations

from typing import Any

from simlab.components.catalogue import Catalogue
from simlab.scenario.model import Scenario
from simlab.scenario.relations import GradientSpec


def schema(plugins: Catalogue) -> dict[str, Any]:
    """The JSON schema of scenario files, with the parameters of every plugin in it."""
    whole = Scenario.model_json_schema()
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    whole["properties"]["extends"] = {"type": "string", "description": "path of a scenario file this one builds on"}
    whole["properties"]["small"] = {"type": "object", "description": "overrides applied by --small; keys may be dotted"}
    _let_be_short(whole["$defs"]["RelationSpec"]["properties"]["consequence"])
    found: dict[str, Any] = with_components(whole, plugins)
    return found


def _let_be_short(consequence: dict[str, Any]) -> None:
    """A relation's consequence may be one, without a list, and a gradient may be called by its name."""
    one = {"anyOf": [{"const": GradientSpec.name}, *consequence.pop("items")["anyOf"]]}
    consequence["anyOf"] = [one, {"type": consequence.pop("type"), "items": one}]


def with_components(part: Any, plugins: Catalogue) -> Any:
    """`part` of a schema with each `{"component": kind}` replaced by what the plugins of that kind accept."""
    if isinstance(part, list):
        return [with_components(p, plugins) for p in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("component"), str):
        kind = part["component"]
        schemas = [_component_schema(plugins.get(kind, n), n) for n in plugins.names(kind)]
        options = with_components(schemas, plugins)  # some name components in turn
        rest = {k: v for k, v in part.items() if k != "component"}
        return rest | {"anyOf": [{"enum": plugins.names(kind)}, *options]}
    return {key: with_components(value, plugins) for key, value in part.items()}


def _component_schema(cls: Any, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = cls.model_json_schema()
    schema["properties"] = {"kind": {"const": name}, **schema.get("properties", {})}
    schema["required"] = ["kind", *schema.get("required", [])]
    return schema
