"""`simlab keys`: every key of every kind of entry, with type, default, unit and meaning."""

from __future__ import annotations

import json

import pytest

from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import RatersSpec, RelationSpec, Scenario
from simlab.scenario.keys import Key, asked, entries


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


def key(plugins: Registry, entry: str, name: str) -> Key:
    return next(key for key in asked(plugins, entry)[0].keys if key.name == name)


def test_every_field_of_a_model_is_a_key(plugins: Registry) -> None:
    for name, cls in (("raters", RatersSpec), ("relation", RelationSpec), ("scenario", Scenario)):
        listed = {key.name for key in asked(plugins, name)[0].keys} - {"extends", "small"}
        assert listed == {field.alias or key for key, field in cls.model_fields.items()} - {"kind"}


def test_every_key_is_explained(plugins: Registry) -> None:
    for entry in entries(plugins):
        assert entry.about, entry.name
        for key in entry.keys:
            assert key.type, (entry.name, key.name)
            assert key.meaning or entry.group not in ("the file", "parties", "relations", "consequences", "learners")


@pytest.mark.slow
def test_type_default_unit_and_meaning(plugins: Registry) -> None:
    wage = key(plugins, "raters", "wage")
    assert wage == Key("wage", "number from 0 to 1,000,000", False, 21.0, "$ per hour", "pay, in $ per hour")
    assert key(plugins, "raters", "count").said == "(required)"
    assert (key(plugins, "raters", "policy").default, key(plugins, "relation", "every").unit) == ("boltzmann", "days")
    assert key(plugins, "fire", "below").type == "number from 0 to 1 or null"
    assert key(plugins, "corporation", "guideline").type == "see guideline"
    assert key(plugins, "guideline", "publish").type == "one of stay, follow"
    assert key(plugins, "gaussian", "dimensions").said == "64"
    assert "boltzmann" in key(plugins, "raters", "policy").type


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asks", "has"),
    [
        ("learner", {"bradley_terry", "ppo", "tilt"}), ("shape", {"plain", "whitened"}), ("world", {"gaussian"}),
        ("consequence", {"fire", "gradient"}), ("parties", {"users", "raters"}), ("rater_policy", {"boltzmann"}),
    ],
)  # fmt: skip
def test_a_group_is_asked_for_whole(asks: str, has: set[str], plugins: Registry) -> None:
    assert has <= {entry.name for entry in asked(plugins, asks)}


def test_an_unknown_kind_is_guessed_at(plugins: Registry) -> None:
    with pytest.raises(
        InvalidInput, match=r"nothing called 'rateres' in a scenario or study file \(did you mean 'raters'\?"
    ):
        asked(plugins, "rateres")


@pytest.mark.slow
def test_on_the_screen_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys"]) == 0
    kinds = capsys.readouterr().out
    assert all(word in kinds for word in ("scenario", "raters", "relation", "gradient", "ppo", "gaussian", "screening"))
    assert main(["keys", "users"]) == 0
    said = capsys.readouterr().out
    assert "users (parties): The public" in said
    assert "$ per user and day" in said
    assert main(["keys", "users", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    leave = next(key for key in record["keys"] if key["name"] == "leave")
    assert leave["default"] == 0.1
    assert leave["meaning"] == "share of dissatisfied users who leave at each look"
    assert main(["keys", "userz"]) == 2
    assert "did you mean 'users'?" in capsys.readouterr().err
