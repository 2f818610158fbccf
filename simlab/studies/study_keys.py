"""Every key a study file may have: its entries for `simlab keys`, and its JSON schema, by which editors complete it.

Like those of scenario files, both are read off the models that check the files, and off the plugins there are.
"""

from __future__ import annotations

from typing import Any

from simlab.components.catalogue import Catalogue
from simlab.components.spec import parts_of
from simlab.scenario.json_schema import schema as scenario_schema
from simlab.scenario.json_schema import with_components
from simlab.scenario.keys import Entry, entry_of
from simlab.studies.study_file import RangeSpec, StudySpec

FILE, PARTS = "the study file", "parts of a study"


def entries(plugins: Catalogue) -> list[Entry]:
    """Every kind of entry of study files, in the order in which a file has them."""
    found = [entry_of("study", FILE, StudySpec, plugins)]
    found += [entry_of(name, PARTS, cls, plugins) for name, cls in parts_of(StudySpec).items() if name != "between"]
    found.append(entry_of("range", PARTS, RangeSpec, plugins))
    found += [entry_of(name, "outcomes", plugins.get("outcome", name), plugins) for name in plugins.names("outcome")]
    return found


def schema(plugins: Catalogue) -> dict[str, Any]:
    """The JSON schema of study files, with the parameters of every outcome in it, and the keys of a scenario that
    stands in the study itself."""
    whole = StudySpec.model_json_schema()
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    inside = scenario_schema(plugins)
    described = whole["properties"]["scenario"]["description"]
    written = {"type": "object", **{key: inside[key] for key in ("properties", "patternProperties")}}
    whole["properties"]["scenario"] = {"description": described, "anyOf": [{"type": "string"}, written]}
    whole["$defs"] = {**inside.get("$defs", {}), **whole["$defs"]}
    found: dict[str, Any] = with_components(whole, plugins)
    return found
