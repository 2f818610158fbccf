"""Names in any script: what may be one, and that spellings that look the same are one name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from simlab.errors import InvalidInput
from simlab.names import composed, is_name, on_disk, suggestion
from simlab.plugins.registry import discover
from simlab.scenario.yaml_tree import read_text
from tests.loading import load

APART, ONE = "e\u0301cole", "\u00e9cole"
GAUSSIAN = Path(__file__).parent.parent / "scenarios" / "00_gaussian.yaml"


@pytest.mark.parametrize("name", ["pool", "a-b_1", ONE, APART, "गुणवत्ता", "மதிப்பு", "質", "x" * 64])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "\u0301a", "-a", "x" * 65, "a\n", "a\u200b"])
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_a_file_is_the_one_that_is_spelt_alike(tmp_path: Path) -> None:
    folder = tmp_path / APART
    folder.mkdir()
    (folder / f"{APART}.csv").touch()
    for name in (APART, ONE):
        assert on_disk(tmp_path / name / f"{name}.csv") == folder / f"{APART}.csv"
    (folder / f"{ONE}.csv").touch()
    assert on_disk(folder / f"{ONE}.csv") == folder / f"{ONE}.csv"  # as it is written, where there is such a file
    for missing in (tmp_path / f"{ONE}.txt", tmp_path / (ONE * 200), tmp_path / f"{ONE}\0"):
        assert on_disk(missing) == missing


def test_keys_and_values_of_a_scenario_are_composed() -> None:
    assert read_text(f"{APART}: [{APART}, 1]", "f.yaml").plain() == {ONE: [ONE, 1]}
    with pytest.raises(InvalidInput, match="is already given in line 1"):
        read_text(f"{APART}: 1\n{ONE}: 2\n", "f.yaml")


def test_a_party_is_the_same_however_its_name_is_typed(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(f"extends: {GAUSSIAN}\nname: {APART}\n", encoding="utf-8")
    assert load(file).name == ONE
    file.write_text(
        f"extends: {GAUSSIAN}\nname: x\nparties: {{{APART}: {{kind: raters, policy: {{kind: mistaken, flip: 0.1}}}}}}\n"
        f"relations: []\n",
        encoding="utf-8",
    )
    for typed in (ONE, APART):
        with pytest.raises(InvalidInput, match=f": parties.{ONE}.count: 0 should be greater than or equal to 1"):
            load(file, overrides=[f"parties.{typed}.count=0"])


def test_a_plugin_is_registered_under_its_composed_name(tmp_path: Path) -> None:
    file = tmp_path / "plugin.py"
    file.write_text(
        f'import simlab\n\nclass School(simlab.Criterion):\n    "Says nothing."\n    name = "{APART}"\n\n'
        "    def score(self, exchange, observer):\n        return 0.5\n",
        encoding="utf-8",
    )
    assert discover(extra=[file], local=False).get("criterion", ONE).name == composed(APART) == ONE
    assert unicodedata.is_normalized("NFC", ONE)


def test_a_known_name_is_listed_once() -> None:
    assert suggestion("laber", ["labor", "rho", "labor"]) == "did you mean 'labor'? known: labor, rho"
