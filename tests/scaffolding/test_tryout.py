"""`simlab try` and `simlab plugins NAME`: what is shown of a plugin, on the screen and as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from simlab.cli import main
from simlab.plugins.registry import Entry, discover
from simlab.scaffolding.tryout import Shown, shown
from tests.testing.test_built_ins import GIVEN, TABLE

LOUD = "class Loud(simlab.Criterion):\n    name = 'loud'\n    def score(self, e, o):\n"
BUILT_IN = [entry for entry in discover(local=False).entries if entry.cls is not None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exchanges.csv").write_text(TABLE)
    return tmp_path


def tried(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    """What `simlab try … --json` says."""
    assert main(["try", *argv, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 2) -> str:
    assert main(list(argv)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.strip()


@pytest.mark.slow
@pytest.mark.parametrize("entry", BUILT_IN, ids=[f"{e.kind}-{e.name}" for e in BUILT_IN])
def test_every_plugin_can_be_shown(entry: Entry) -> None:
    assert entry.cls is not None
    found = shown(entry.cls(**GIVEN.get((entry.kind, entry.name), entry.cls.example)))
    assert isinstance(found, Shown)
    assert found.about.endswith(".")
    assert found.records
    assert all(list(record) == list(found.records[0]) for record in found.records)


def test_scores_are_the_criterions_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = tried(capsys, "brief", "ideal=3")
    assert found["parameters"] == {"ideal": 3}
    for record in found["shown"]:
        assert record["score"] == min(1.0, 3 / len(record["response"].split()))
    scores = [record["score"] for record in found["shown"]]
    assert scores == sorted(scores, reverse=True)
    assert found["broken"] == []
    assert {"bounded", "batch", "sourced"} <= set(found["kept"])


def test_a_choice_curve_is_the_closed_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Davidson's (1970): ν√(π_l π_r) of π_l + π_r + ν√(π_l π_r) are undecided."""
    found = tried(capsys, "boltzmann", "temperature=0.5", "ties=1")
    assert len(found["shown"]) == 13
    for record in found["shown"]:
        left = math.exp(record["left better by"] / 0.5)
        whole = left + 1 + math.sqrt(left)
        assert record["P(left)"] == pytest.approx(left / whole)
        assert record["P(undecided)"] == pytest.approx(math.sqrt(left) / whole)
        for name in ("left", "right", "undecided"):
            chance = record[f"P({name})"]
            assert abs(record[f"drawn {name}"] - chance) < 5 * math.sqrt(chance * (1 - chance) / 4000) + 1e-9


def test_a_reward_is_shown_token_by_token(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    found = tried(capsys, "plain", "beta=0.5")
    for record, following in zip(found["shown"], [*found["shown"][1:], {"token": 1}], strict=True):
        last = following["token"] == 1
        expected = -0.5 * (record["log π"] - record["log π_ref"]) + last * record["score"]
        assert record["reward"] == pytest.approx(expected, abs=1e-6)


def test_on_the_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["try", "mistaken", "flip=0"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("rater policy 'mistaken': █ left, ░ undecided, · right")
    assert "█" * 44 in printed
    assert "·" * 44 in printed
    assert printed.rstrip().endswith("checks kept, 0 broken")
    assert main(["try", "truthful"]) == 0
    assert "for whom all is false" in capsys.readouterr().out


def test_ones_own_is_shown_at_once_with_what_it_breaks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / "plugins" / "loud.py"
    file.parent.mkdir()
    file.write_text(
        "import simlab\n\n\nclass Loud(simlab.Criterion):\n    name = 'loud'\n    bang: str = '.'\n\n"
        "    def score(self, exchange, observer):\n        return 2.0 * (self.bang in exchange.response.words)\n"
    )
    assert main(["try", "loud"]) == 1
    printed = capsys.readouterr().out
    for said in (
        "criterion 'loud', documented: the class has no docstring (plugins/loud.py:4)",
        "criterion 'loud', sourced: the docstring cites no source",
        "criterion 'loud', bounded: scored 2 for ",
        "checks kept, 3 broken",
    ):
        assert said in printed, said


@pytest.mark.parametrize(
    ("text", "sentence", "code"),
    [
        ("import simlab\nimport not_there\n", "plugins/loud.py:2: ModuleNotFoundError: No module named 'not_there'", 2),
        ("import simlab\n\nclass Loud(\n", "plugins/loud.py:3: SyntaxError: '(' was never closed", 2),
        ("x = 1\n", "plugins/loud.py: defines no component and no hook", 2),
        (
            f"import simlab\n{LOUD}        return 1 / 0\n",
            "criterion 'loud' raised ZeroDivisionError: division by zero (plugins/loud.py:5)",
            1,
        ),
    ],
    ids=["import", "syntax", "nothing", "raises"],
)
def test_a_broken_one_is_named_with_file_and_line(
    text: str, sentence: str, code: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "plugins").mkdir()
    (here / "plugins" / "loud.py").write_text(text)
    assert refused(capsys, "try", "loud", code=code) == sentence


def test_one_that_sleeps_is_not_waited_for(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("simlab.testing.PATIENCE", 0.2)
    (here / "plugins").mkdir()
    (here / "plugins" / "loud.py").write_text(f"import simlab\n{LOUD}        __import__('time').sleep(60)\n")
    said = refused(capsys, "try", "loud", code=1)
    assert said == "criterion 'loud' was not done with score after 0.2 seconds (plugins/loud.py:5)"


def test_what_is_asked_for_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        refused(capsys, "try", "brif")
        == "there is no plugin called 'brif' (did you mean 'brief'? simlab plugins lists all)"
    )
    said = refused(capsys, "try", "glad")
    assert said == "there are 2 plugins called 'glad' (say which: --kind aggregator or --kind rater)"
    said = refused(capsys, "try", "brief", "idael=3", "ideal=0")
    assert "simlab try brief ideal=0: ideal: 0 should be greater than or equal to 1" in said
    assert "unknown key 'idael' (did you mean 'ideal'? known: ideal)" in said
    assert "should be key=value" in refused(capsys, "try", "brief", "ideal")
    assert "called 'glad'" in refused(capsys, "try", "glad", "--kind", "world")


def test_plugins_say_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "truthful", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["class"], found["ok"], found["line"]) == ("criterion", "Truthful", True, None)
    traits = {"personal": True, "deterministic": True, "bounded": True, "difficulty": 0.6}
    assert traits.items() <= found["traits"].items()
    assert main(["plugins", "brief", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    (parameter,) = found["parameters"]
    assert parameter == {
        "name": "ideal", "type": "int", "limits": "Ge(ge=1)", "required": False, "default": 6,
        "description": "words, punctuation included, at or below which nothing is gained",
    }  # fmt: skip
    assert main(["plugins", "brief"]) == 0
    printed = capsys.readouterr().out
    for said in ("brief: criterion, version ", "Grice's maxim of quantity", "personal false", "ideal", "int", "6"):
        assert said in printed


def test_all_plugins_have_a_version_and_traits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--json"]) == 0
    for found in json.loads(capsys.readouterr().out):
        assert found["version"], found["name"]
        assert found["about"], found["name"]
        assert all(parameter["description"] for parameter in found["parameters"]), found["name"]


def test_a_broken_one_has_a_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "plugins").mkdir()
    (here / "plugins" / "loud.py").write_text("import simlab\n\nimport not_there\n")
    assert main(["plugins", "loud", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["line"], found["version"]) == (False, 3, None)
    assert main(["plugins", "loud"]) == 0
    assert "BROKEN plugins/loud.py:3: ModuleNotFoundError: No module named 'not_there'" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["None", "'high'", "1j", "[0.5]"])
def test_a_criterion_that_answers_what_is_no_number_breaks_its_contract(
    answer: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "plugins").mkdir()
    (here / "plugins" / "loud.py").write_text(f"import simlab\n{LOUD}        return {answer}\n")
    assert main(["try", "loud"]) == 1
    said = capsys.readouterr()
    assert "bug" not in said.out + said.err
    assert "criterion 'loud', answers: score gave " in said.out
    assert "it should be one number, or nan where there is nothing to say (plugins/loud.py:4)" in said.out
