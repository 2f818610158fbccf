"""Every key a scenario file may have, with its type, default, unit and meaning: what `simlab keys` prints (those of
study files are added by `studies.study_keys`).

Everything is read off the models that check the files, and off the plugins there are, so that it cannot go stale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from simlab.components.catalogue import Catalogue
from simlab.components.spec import kind_of, parts_of, specs_in
from simlab.errors import InvalidInput, Problem
from simlab.names import CALLED, did_you_mean, shown
from simlab.scenario.model import Scenario
from simlab.scenario.relations import GradientSpec, RelationSpec

PLUGINS = {  # where a scenario file names a plugin: the key, and the kind of plugin
    "world": "world", "policy": "rater", "effort": "effort", "review": "review", "look": "look", "shape": "reward",
    "aggregator": "aggregator", "combine": "combination", "charter": "charter", "criterion": "criterion",
    "guideline policy": "guideline",
}  # fmt: skip
_LONG = 40  # characters of a default that are shown on a screen
_UNIT = re.compile(
    r"\bin (\$[^,;:]*|(?:seconds|minutes|hours|days|words|FLOP|norms|units|multiples)\b[^,;:(]*|1/\([^)]*\))"
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an entry: its type in words, its default (None where it is required, or stands for nothing), its unit
    ("" where it has none) and what it means."""

    name: str
    type: str
    required: bool
    default: Any
    unit: str
    meaning: str

    @property
    def said(self) -> str:
        """The default, as a screen shows it."""
        if self.required:
            return "(required)"
        text = "none" if self.default in (None, "", [], {}) else _plain(self.default)
        return text if len(text) <= _LONG else "as below" if self.type.startswith("see ") else text[: _LONG - 1] + "…"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a scenario file: what `simlab keys` calls it, of which group it is, what it is, and its keys."""

    name: str
    group: str
    about: str
    keys: tuple[Key, ...]


def entries(plugins: Catalogue) -> list[Entry]:
    """Every kind of entry there is, in the order in which a file has them."""
    found = [entry_of("scenario", "the file", Scenario, plugins, _OUTSIDE)]
    parts = dict[str, type[BaseModel]]()
    for cls in specs_in(Scenario.model_fields["parties"].annotation):
        found.append(entry_of(kind_of(cls), "parties", cls, plugins))
        parts |= parts_of(cls)
    found.append(entry_of("relation", "relations", RelationSpec, plugins))
    found += [entry_of(n, "consequences", plugins.get("consequence", n), plugins) for n in plugins.names("consequence")]
    found.append(entry_of(GradientSpec.name, "consequences", GradientSpec, plugins))
    found += [entry_of(name, "learners", plugins.get("learner", name), plugins) for name in plugins.names("learner")]
    parts |= parts_of(Scenario)
    found += [entry_of(name, "parts of these", cls, plugins) for name, cls in parts.items()]
    for key, kind in PLUGINS.items():
        called = f"{key} ({CALLED[kind]})" if key not in (kind, CALLED[kind]) else key
        found += [entry_of(name, called, plugins.get(kind, name), plugins) for name in plugins.names(kind)]
    return found


def asked(plugins: Catalogue, name: str, more: Sequence[Entry] = ()) -> list[Entry]:
    """The entries meant by a name: of that name, and all of a group of plugins or learners that is called so; `more`
    are those of other files.

    Raises `InvalidInput` with the closest name if there are none.
    """
    whole = [*entries(plugins), *more]
    wanted = name.strip().casefold().replace("-", "_")
    found = [e for e in whole if wanted in {e.name, *_called(e.group)}]
    if not found:
        known = list(dict.fromkeys([*(e.name for e in whole), *(word for e in whole for word in _called(e.group))]))
        fix = f"{did_you_mean(wanted, known)} simlab keys lists them all".strip()
        raise InvalidInput(Problem(f"there is nothing called {shown(name)} in a scenario or study file", fix))
    return found


def _called(group: str) -> set[str]:
    """What a group may be called: `learners`, `learner`; `shape (reward shape)`, `shape`, `reward shape`."""
    words = {part.strip(" )") for part in group.split("(")}
    return words | {word.removesuffix("s") for word in words} | {word.replace(" ", "_") for word in words}


_OUTSIDE = (
    Key("extends", "text", False, None, "", "path of a scenario file this one builds on"),
    Key(
        "small",
        "a mapping of settings",
        False,
        None,
        "",
        "what --small changes, as in {days: 5, parties.pool.count: 9}",
    ),
)


def entry_of(name: str, group: str, cls: type[BaseModel], plugins: Catalogue, more: tuple[Key, ...] = ()) -> Entry:
    """A model as an entry, with a key for each of its fields."""
    schema = cls.model_json_schema()
    needed = schema.get("required", [])
    keys = [
        _key(key, part, key in needed, schema.get("$defs", {}), plugins)
        for key, part in schema.get("properties", {}).items()
        if key != "kind"
    ]
    about = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    return Entry(name, group, about, (*keys, *more))


def _key(name: str, part: Mapping[str, Any], required: bool, defs: Mapping[str, Any], plugins: Catalogue) -> Key:
    meaning = str(part.get("description", ""))
    default = part.get("default")
    return Key(name, _type(name, part, defs, plugins), required, default, _unit(meaning), meaning)


def _unit(meaning: str) -> str:
    """The unit of a number, from what its description says."""
    if found := _UNIT.search(meaning):
        return found.group(1).strip()
    head = re.match(r"(days between|chance|share|number of|how many)", meaning)
    units = {"days between": "days", "chance": "share", "share": "share", "number of": "count", "how many": "count"}
    return units[head.group(1)] if head else ""


_TYPES = {"number": "number", "integer": "whole number", "string": "text", "boolean": "true or false", "null": "null"}


def _type(name: str, part: Mapping[str, Any], defs: Mapping[str, Any], plugins: Catalogue) -> str:
    """The type of a value, in words."""
    if isinstance(part.get("component"), str):
        kind = part["component"]
        names = plugins.names(kind)
        if kind == "consequence":
            return f"see {', '.join(names)}"
        return f"{CALLED[kind]}: {', '.join(names)}" if kind != "criterion" else "parameters of a criterion"
    if "const" in part or "enum" in part:
        return "one of " + ", ".join(map(str, part.get("enum", [part.get("const")])))
    if "$ref" in part or "oneOf" in part:
        return _mapping(name, part, defs)
    if options := part.get("anyOf"):
        words = list(dict.fromkeys(_type(name, option, defs, plugins) for option in options))
        elsewhere = all(word.startswith("see ") for word in words)
        return "see " + ", ".join(word.removeprefix("see ") for word in words) if elsewhere else " or ".join(words)
    if part.get("type") == "array":
        inner = _type(name, part.get("items", {}), defs, plugins)
        return f"list, {inner}" if inner.startswith("see ") else f"list of {inner}"
    if part.get("type") == "object":
        named = [part.get("additionalProperties"), *part.get("patternProperties", {}).values()]
        value = next((part for part in named if isinstance(part, dict)), None)
        return f"mapping, names to {_type(name, value, defs, plugins)}" if value else "mapping"
    return _TYPES.get(str(part.get("type")), "anything") + _limits(part)


def _mapping(name: str, part: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """Where to look for the keys of a mapping."""
    options = [option["$ref"] for option in part.get("oneOf", [part]) if "$ref" in option]
    kinds = [defs[ref.rpartition("/")[2]].get("properties", {}).get("kind", {}).get("const") for ref in options]
    single = {"relations": "relation", "criteria": "criterion", "between": "range"}.get(name, name)
    return "see " + (", ".join(kind for kind in kinds if kind) or single)


def _limits(part: Mapping[str, Any]) -> str:
    """The range of a number."""
    words = [
        f"{word} {part[key]:,.0f}" if float(part[key]).is_integer() and part[key] < 1e12 else f"{word} {part[key]:g}"
        for key, word in (
            ("exclusiveMinimum", "above"), ("minimum", "from"), ("exclusiveMaximum", "below"), ("maximum", "to")
        )
        if isinstance(part.get(key), int | float)
    ]  # fmt: skip
    return f" {' '.join(words)}" if words else ""


def _plain(value: Any) -> str:
    """A default as a file would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        inside = {key: part for key, part in value.items() if part is not None}
        return (
            str(inside["kind"])
            if list(inside) == ["kind"]
            else f"{{{', '.join(f'{k}: {_plain(v)}' for k, v in inside.items())}}}"
        )
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
