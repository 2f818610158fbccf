"""Keys of study files: `simlab keys` lists every one, and the schema accepts what studies are, and refuses slips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from simlab.cli import main
from simlab.plugins.registry import Registry, discover
from simlab.scenario.keys import asked
from simlab.scenario.keys import entries as scenario_entries
from simlab.studies.study_file import HypothesisSpec, SearchSpec, SolveSpec, StudySpec, VarySpec
from simlab.studies.study_keys import entries, schema
from tests.small_world import changed
from tests.studies.small_study import BUDGET, STUDY

FIRST = Path("scenarios/studies/first_study.yaml")


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


def test_every_field_of_a_study_is_a_key_and_explained(plugins: Registry) -> None:
    found = {entry.name: entry for entry in entries(plugins)}
    models = {
        "study": StudySpec,
        "vary": VarySpec,
        "solve": SolveSpec,
        "search": SearchSpec,
        "hypotheses": HypothesisSpec,
    }
    for name, model in models.items():
        assert {key.name for key in found[name].keys} == set(model.model_fields)
    assert [key.name for key in found["range"].keys] == ["from", "to", "scale", "whole"]
    assert {"rho", "labor_dollars"} <= {entry.name for entry in found.values() if entry.group == "outcomes"}
    for entry in found.values():
        assert entry.about, entry.name
        for key in entry.keys:
            assert key.type, (entry.name, key.name)
            assert key.meaning, (entry.name, key.name)
            if key.type.startswith("see "):
                assert key.type.removeprefix("see ").removesuffix(" or null") in found


def test_no_name_is_taken_twice(plugins: Registry) -> None:
    """Or `simlab keys NAME` would show two things."""
    names = {entry.name for entry in entries(plugins) if entry.group != "outcomes"}
    assert not names & {entry.name for entry in scenario_entries(plugins)}


def test_on_the_screen_and_as_json(capsys: pytest.CaptureFixture[str], plugins: Registry) -> None:
    assert main(["keys"]) == 0
    assert "parts of a study" in capsys.readouterr().out
    assert main(["keys", "vary", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert next(key for key in record["keys"] if key["name"] == "design")["default"] == "grid"
    assert {entry.name for entry in asked(plugins, "outcomes", entries(plugins))} >= {"rho", "score"}


def refused(schema: dict[str, Any], study: dict[str, Any]) -> list[str]:
    """What a schema finds wrong with a study."""
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(study)]


def test_the_schema_takes_studies(capsys: pytest.CaptureFixture[str], plugins: Registry) -> None:
    assert main(["schema", "--study", "--no-local-plugins"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made == json.loads(json.dumps(schema(plugins)))
    ranges = {"vary.levers": {"parties.pool.wage": {"from": 6, "to": 12, "scale": "log"}, "days": [1, 2]}}
    for study in (STUDY, changed(STUDY, BUDGET), changed(STUDY, ranges), YAML(typ="safe").load(FIRST)):
        assert refused(made, study) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"hypothesis": []},
        {"seeds": "five"},
        {"vary.design": "latin"},
        {"vary.levers": {"days": 3}},
        {"vary.levers": {"days": {"from": 1, "until": 2}}},
        {"outcomes.rho": {"kind": "rho", "of": "users"}},
        {"solve": {"labor": 60}},
        {"scenario.parties.pool": {"kind": "raters", "number": 3}},
    ],
    ids=str,
)
def test_the_schema_refuses_slips(changes: dict[str, Any], plugins: Registry) -> None:
    assert refused(schema(plugins), changed(STUDY, changes))
