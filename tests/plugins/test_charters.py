"""The shipped charters: what their articles say, what measures them, and how a scenario goes by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlab.cli import main
from simlab.components.charter import Charter
from simlab.plugins.registry import discover
from simlab.scenario import Scenario
from simlab.scenario import load as read
from simlab.scenario.society import CorporationSpec, GuidelineSpec
from tests.loading import load
from tests.plugins.conftest import BUILT_IN

BASE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"
WEIGHTS = {  # summed over the articles by hand, the number of articles, and the rule
    "golden_rule": ({"helpful": 1, "truthful": 1, "harmless": 1}, 4, "weighted"),
    "ten_commandments": (
        {"nontoxic": 1, "safe": 1, "nonviolent": 1, "nonsexual": 1, "truthful": 1, "respectful": 1, "desire": -1},
        10,
        "minimum",
    ),
    "helpful_honest_harmless": (
        {
            **{"helpful": 0.8, "brief": 0.2, "truthful": 0.5, "sincere": 0.25, "modest": 0.25},
            **{"nontoxic": 0.25, "respectful": 0.25, "safe": 0.5},
        },
        3,
        "weighted",
    ),
    "grice": ({"quantity": 1, "quality": 1, "relation": 1, "manner": 1}, 4, "lexicographic"),
    "shareholder_value": ({"retention": 1, "brand": 0.5, "desire": 0.5, "rosy": 0.5}, 4, "veto"),
}


def charter(name: str) -> Charter:
    made = BUILT_IN.get("charter", name)()
    assert isinstance(made, Charter)
    return made


def scenario(folder: Path, guideline: str) -> Scenario:
    file = folder / "scenario.yaml"
    file.write_text(f"extends: {BASE}\nworld: almanac\nparties: {{acme: {{guideline: {guideline}}}}}\n")
    return load(file)


def guideline_of(found: Scenario) -> GuidelineSpec:
    acme = found.parties["acme"]
    assert isinstance(acme, CorporationSpec)
    return acme.guideline


def test_every_charter_is_here() -> None:
    assert sorted(WEIGHTS) == sorted(BUILT_IN.names("charter"))


@pytest.mark.parametrize("name", list(WEIGHTS))
def test_weights_are_those_of_the_articles(name: str) -> None:
    weights, articles, rule = WEIGHTS[name]
    made = charter(name)
    assert made.weights() == pytest.approx(weights)
    assert len(made.articles) == articles
    assert made.rule["kind"] == rule
    assert all(a.criteria or a.note for a in made.articles), "what nothing measures says why"
    assert set(made.weights()) <= set(BUILT_IN.names("criterion"))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WEIGHTS))
def test_a_guideline_goes_by_its_charter(name: str, tmp_path: Path) -> None:
    found = scenario(tmp_path, f"{{operative: null, charter: {name}}}")
    guideline = guideline_of(found)
    assert guideline.operative == guideline.published == pytest.approx(WEIGHTS[name][0])
    assert guideline.combine.name == WEIGHTS[name][2]
    assert ("charter", name) in found.plugins_used()
    again = tmp_path / "again.yaml"
    again.write_text(found.as_yaml())
    assert load(again).canonical() == found.canonical()


def test_what_is_given_goes_before_the_charter(tmp_path: Path) -> None:
    said = "{operative: {brand: 1}, charter: grice, combine: weighted}"
    guideline = guideline_of(scenario(tmp_path, said))
    assert guideline.operative == {"brand": 1}  # and nothing of what is extended
    assert guideline.published == pytest.approx(WEIGHTS["grice"][0])  # the charter is what the public is shown
    assert guideline.combine.name == "weighted"
    other = guideline_of(scenario(tmp_path, "{operative: null, charter: grice, published: {helpful: 1}}"))
    assert (other.operative, other.published) == (pytest.approx(WEIGHTS["grice"][0]), {"helpful": 1})


def test_a_rule_may_be_called_by_its_name_alone(tmp_path: Path) -> None:
    mine = "class Mine(simlab.Charter):\n    name = 'mine'\n    rule = 'minimum'\n"
    (tmp_path / "mine.py").write_text(f"import simlab\n{mine}    articles = (simlab.Article('a', {{'helpful': 1}}),)\n")
    file = tmp_path / "scenario.yaml"
    said = "{operative: null, charter: mine}"
    file.write_text(f"extends: {BASE}\nworld: almanac\nparties: {{acme: {{guideline: {said}}}}}\n")
    found = guideline_of(read(file, discover(tmp_path)))
    assert (found.combine.name, found.operative) == ("minimum", {"helpful": 1})


def test_describe_shows_the_articles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario(tmp_path, "{operative: null, charter: ten_commandments}")
    assert main(["describe", str(tmp_path / "scenario.yaml")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "6. Thou shalt not kill. [measured by safe 0.5, nonviolent 1; it kills nobody" in told
    assert "5. Honour thy father and thy mother. [measured by nothing; no criterion" in told


BROKEN = {
    "class Empty(simlab.Charter):\n    name = 'empty'\n": "class Empty has no articles",
    "class Odd(simlab.Charter):\n    name = 'empty'\n    articles = (simlab.Article('a', {'helpful': 'much'}),)\n": (
        "line 4: TypeError: the weight of helpful in an article should be a number"
    ),
}


@pytest.mark.parametrize("text", list(BROKEN))
def test_a_broken_charter_is_named(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.py").write_text(f"import simlab\n{text}")
    file = tmp_path / "scenario.yaml"
    file.write_text(f"extends: {BASE}\nworld: almanac\nparties:\n  acme: {{guideline: {{charter: empty}}}}\n")
    assert main(["validate", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{file}:4:")
    assert "there is no charter called 'empty'" in said
    assert BROKEN[text] in said
