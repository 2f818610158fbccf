"""The JSON schema of scenario files, for editors.

A file that extends another says what is different, and a dotted key says what is missing elsewhere: so no entry need be
complete, and `null` takes any of them away. Only of a file that does neither does the schema ask for all there must be.
"""

from __future__ import annotations

from typing import Any

from simlab.components.catalogue import Catalogue
from simlab.scenario.model import Scenario
from simlab.scenario.relations import GradientSpec

_THERE = {"not": {"type": "null"}}
DOTTED = {r"^[^.]+\..": {"description": "a setting by its path, as in parties.pool.count"}}


def schema(plugins: Catalogue) -> dict[str, Any]:
    """The JSON schema of scenario files, with the parameters of every plugin in it."""
    whole = Scenario.model_json_schema()
    _let_be_short(whole["$defs"]["RelationSpec"]["properties"]["consequence"])
    (party,) = whole["properties"]["parties"]["patternProperties"].values()
    party["oneOf"].append({"enum": list(party["discriminator"]["mapping"])})  # NAME is short for {kind: NAME}
    alone, entire = {"not": {"required": ["extends"]}}, {"propertyNames": {"pattern": r"^[^.]*$"}}
    complete = [
        {"if": alone, "then": {"required": whole["required"], "properties": dict.fromkeys(whole["required"], _THERE)}},
        {"if": {**alone, **entire}, "then": {"properties": _complete_entries(whole)}},
    ]
    found: dict[str, Any] = _partial(with_components(whole, plugins))
    found["properties"] |= {
        "extends": {"type": "string", "description": "path of a scenario file this one builds on"},
        "small": {"type": "object", "description": "overrides applied by --small; keys may be dotted"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "patternProperties": DOTTED,
        "allOf": complete,
    }


def _complete_entries(whole: dict[str, Any]) -> dict[str, Any]:
    """What every party of its kind, and every relation, must say in a file that says everything."""
    (parties,) = whole["properties"]["parties"]["patternProperties"].values()
    kinds = {
        kind: whole["$defs"][path.rpartition("/")[2]].get("required", [])
        for kind, path in parties["discriminator"]["mapping"].items()
    }
    asked = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"required": needed}}
        for kind, needed in kinds.items()
    ]
    relation = {"required": whole["$defs"]["RelationSpec"]["required"]}
    return {
        "parties": {"additionalProperties": {"if": {"type": "object"}, "then": {"required": ["kind"], "allOf": asked}}},
        "relations": {"items": relation},
    }


def _partial(part: Any) -> Any:
    """A schema of part of what a schema describes: nothing is required, and null takes anything away."""
    if isinstance(part, list):
        return [_partial(each) for each in part]
    if not isinstance(part, dict):
        return part
    found: dict[str, Any] = {}
    for key, value in part.items():
        if key in ("properties", "patternProperties"):
            found[key] = {name: _or_null(_partial(each)) for name, each in value.items()}
        elif key == "$defs":
            found[key] = {name: _partial(each) for name, each in value.items()}
        elif key in ("oneOf", "anyOf"):  # what says no kind may be a part of several
            found["anyOf"] = _partial(value)
        elif key in ("items", "additionalProperties", "allOf"):
            found[key] = _partial(value)
        elif key not in ("required", "discriminator", "minProperties"):
            found[key] = value
    return found


def _or_null(part: Any) -> Any:
    """What a schema describes, or nothing. A kind stays what it is."""
    if not isinstance(part, dict) or "const" in part or not part.keys() & {"type", "anyOf", "enum", "$ref"}:
        return part
    said = {key: part[key] for key in ("description", "default", "title") if key in part}
    return {**said, "anyOf": [{key: value for key, value in part.items() if key not in said}, {"type": "null"}]}


def _let_be_short(consequence: dict[str, Any]) -> None:
    """A relation's consequence may be one, without a list, and a gradient may be called by its name."""
    one = {"anyOf": [{"const": GradientSpec.name}, *consequence.pop("items")["anyOf"]]}
    consequence["anyOf"] = [one, {"type": consequence.pop("type"), "items": one}]


def with_components(part: Any, plugins: Catalogue) -> Any:
    """A schema with each `{"component": kind}` replaced by what the plugins of that kind accept. What these define for
    themselves is among the definitions of the whole, where references look for it."""
    definitions: dict[str, Any] = {}
    whole = _gathered(_filled(part, plugins), definitions)
    return {**whole, "$defs": {**whole.get("$defs", {}), **definitions}} if definitions else whole


def _gathered(part: Any, definitions: dict[str, Any], depth: int = 0) -> Any:
    """A schema without the definitions that stand further down in it; they are put into `definitions`."""
    if isinstance(part, list):
        return [_gathered(each, definitions, depth + 1) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _gathered(value, definitions, depth + 1) for key, value in part.items()}
    if depth and isinstance(found.get("$defs"), dict):
        definitions |= found.pop("$defs")
    return found


def _filled(part: Any, plugins: Catalogue) -> Any:
    if isinstance(part, list):
        return [_filled(p, plugins) for p in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("component"), str):
        kind = part["component"]
        schemas = [_component_schema(plugins.get(kind, n), n) for n in plugins.names(kind)]
        options = _filled(schemas, plugins)  # some name components in turn
        rest = {k: v for k, v in part.items() if k != "component"}
        return rest | {"anyOf": [{"enum": plugins.names(kind)}, *options]}
    return {key: _filled(value, plugins) for key, value in part.items()}


def _component_schema(cls: Any, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = cls.model_json_schema(ref_template=f"#/$defs/{cls.kind}.{name}.{{model}}")
    if "$defs" in schema:  # by names of their own: other plugins may call theirs alike
        schema["$defs"] = {f"{cls.kind}.{name}.{model}": said for model, said in schema["$defs"].items()}
    schema["properties"] = {"kind": {"const": name}, **schema.get("properties", {})}
    schema["required"] = ["kind", *schema.get("required", [])]
    return schema
