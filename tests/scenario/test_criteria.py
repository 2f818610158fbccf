"""Criteria of a vector world: those that are known anywhere, those that are declared, and slips of the pen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import load
from simlab.scenario.criteria import Mention, mentions

SHIPPED = Path(__file__).parents[2] / "scenarios"
GAUSSIAN = SHIPPED / "00_gaussian.yaml"


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


def refused(plugins: Registry, **settings: Any) -> str:
    changes = {path.replace("__", "."): value for path, value in settings.items()}
    with pytest.raises(InvalidInput) as caught:
        load(GAUSSIAN, overrides=changes, plugins=plugins)
    (said,) = str(caught.value).splitlines()
    return said


@pytest.mark.parametrize(
    "where", ["users.values", "acme.guideline.operative", "acme.guideline.published", "pool.values", "pool.exposure"]
)
def test_a_misspelt_criterion_is_no_new_one(where: str, plugins: Registry) -> None:
    value: Any = {"criterion": "trutful"} if where.endswith("exposure") else {"helpful": 1, "trutful": 1}
    said = refused(plugins, **{f"parties.{where}": value})
    assert "there is no criterion called 'trutful' in this world (did you mean 'truthful'?" in said
    assert "a new one is declared, as in criteria: {trutful: {}}" in said


def test_nor_in_the_parameters_of_a_guideline_policy(plugins: Registry) -> None:
    policy = {"kind": "scheduled", "switches": [{"day": 5, "weights": {"harmles": 1}}]}
    said = refused(plugins, parties__acme__guideline={"policy": policy, "every": 5})
    assert said.partition(": ")[2].startswith("parties.acme.guideline.policy: ")
    assert "did you mean 'harmless'?" in said


def test_a_new_criterion_is_declared(plugins: Registry) -> None:
    assert "'kindness' in this world (a new one is declared" in refused(plugins, parties__users__values__kindness=1)
    changes: dict[str, Any] = {"parties.users.values.kindness": 1, "criteria.kindness": {}}
    found = load(GAUSSIAN, overrides=changes, plugins=plugins)
    assert found.criteria_used() == ["helpful", "truthful", "harmless", "kindness", "engaging"]
    said = refused(plugins, **changes, parties__acme__guideline__operative__kindnes=1)
    assert "did you mean 'kindness'?" in said


def test_what_a_file_says_whole_can_be_read_again(tmp_path: Path, plugins: Registry) -> None:
    changes: dict[str, Any] = {"parties.users.values.kindness": 1, "criteria.kindness": {}}
    found = load(GAUSSIAN, overrides=changes, plugins=plugins)
    (tmp_path / "whole.yaml").write_text(found.as_yaml(), encoding="utf-8")
    assert load(tmp_path / "whole.yaml", plugins=plugins).canonical() == found.canonical()


@pytest.mark.parametrize("known", ["engaging", "honest", "brief", "brand", "safe"])
def test_criteria_of_other_worlds_need_no_declaration(known: str, plugins: Registry) -> None:
    assert known in load(GAUSSIAN, overrides={f"parties.users.values.{known}": 1}, plugins=plugins).criteria_used()


def test_the_walk_finds_who_names_which_criterion_and_where(plugins: Registry) -> None:
    changes: dict[str, Any] = {
        "parties.acme.guideline.policy": {"kind": "scheduled", "switches": [{"day": 5, "weights": {"harmless": 1}}]},
        "parties.acme.guideline.every": 5,
        "parties.pool.exposure": {"criterion": "truthful"},
    }
    found = load(GAUSSIAN, overrides=changes, plugins=plugins)
    named = list(mentions(found.parties, found.relations))
    acme = ("parties", "acme", "guideline")
    assert Mention((*acme, "operative", "engaging"), "engaging", "weight") in named
    assert Mention((*acme, "policy"), "harmless", "plugin") in named
    assert [m for m in named if not m.valued] == [
        Mention(("parties", "pool", "exposure", "criterion"), "truthful", "watched")
    ]


def test_the_walk_passes_over_what_is_malformed() -> None:
    parties = {
        "a": "users", "b": None, "c": {"values": ["helpful"], "law": {"just": "very"}},
        "d": {"exposure": {"criterion": 3}},
        "e": {"guideline": {"operative": {"brief": 1}, "policy": "static", "combine": {"kind": "lexicographic"}}},
        "f": {"intents": [{"values": {"kind": 1}}, 5]},
    }  # fmt: skip
    assert [(m.at, m.name) for m in mentions(parties, {"consequence": 1})] == [
        (("parties", "c", "law", "just"), "just"),
        (("parties", "e", "guideline", "operative", "brief"), "brief"),
        (("parties", "f", "intents", 0, "values", "kind"), "kind"),
    ]
    assert not list(mentions([1], None))
