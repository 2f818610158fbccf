"""What a plugin is: whatever it imports or reads counts, wherever the project lies; and edits are seen at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from simlab.engine.jobs import Jobs, Store
from simlab.plugins import footprint as house
from simlab.plugins.registry import Entry, Registry, discover
from simlab.provenance import content_hash

CRITERION = '''
{imports}
import simlab

class Fixed(simlab.Criterion):
    """A number."""
    name = "fixed"
    {traits}

    def score(self, exchange, observer):
        {body}
'''


def plugin(folder: Path, imports: str = "", body: str = "return 1.0", traits: str = "", name: str = "fixed") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(CRITERION.format(imports=imports, body=body, traits=traits).replace('"fixed"', f'"{name}"'))
    return file


def loaded(file: Path) -> Entry:
    """The one component of a plugin file, as things are now."""
    registry = Registry()
    registry.load_file(file)
    (entry,) = registry.entries
    assert entry.ok, entry.error
    return entry


def score(entry: Entry) -> float:
    made: Any = entry.cls
    return float(made().score(None, None))


def test_a_plugin_that_rests_on_nothing_is_its_file(tmp_path: Path) -> None:
    file = plugin(tmp_path)
    assert loaded(file).sha256 == content_hash(file)
    assert loaded(file).parts == ()


@pytest.mark.parametrize(
    ("imports", "body"),
    [
        ("import helper", "return helper.VALUE"),
        ("import helper as h", "return h.VALUE"),
        ("from helper import VALUE", "return VALUE"),
        ("", "import helper; return helper.VALUE"),
        ("from middle import helper", "return helper.VALUE"),
    ],
    ids=["import", "as", "from", "in a method", "through another"],
)
def test_what_lies_beside_a_plugin_can_be_imported_and_counts(imports: str, body: str, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("VALUE = 0.25\n")
    (tmp_path / "middle.py").write_text("import helper\n")
    file = plugin(tmp_path, imports, body)
    path = list(sys.path)
    before = loaded(file)
    assert score(before) == 0.25
    assert "helper.py" in [part.label for part in before.parts]
    assert loaded(file).cls is before.cls  # nothing changed, and nothing is imported again
    (tmp_path / "helper.py").write_text("VALUE = 0.75\n")
    after = loaded(file)
    assert (score(after), after.sha256 == before.sha256) == (0.75, False)
    assert sys.path == path
    assert "helper" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_two_plugins_share_what_lies_beside_them_and_two_projects_do_not(tmp_path: Path) -> None:
    for project, value in (("one", 0.1), ("two", 0.2)):
        for name in ("left", "right"):
            plugin(tmp_path / project, "import helper", "helper.SEEN.append(1); return helper.VALUE", name=name)
        (tmp_path / project / "helper.py").write_text(f"VALUE = {value}\nSEEN = []\n")
    said = {(p, n): loaded(tmp_path / p / f"{n}.py") for p in ("one", "two") for n in ("left", "right")}
    assert [score(entry) for entry in said.values()] == [0.1, 0.1, 0.2, 0.2]
    helpers = [sys.modules[str(entry.cls.__module__)].helper for entry in said.values() if entry.cls]
    assert helpers[0] is helpers[1]
    assert helpers[1] is not helpers[2]
    assert helpers[0].SEEN == [1, 1]


def test_packages_beside_plugins_and_within_them_count(tmp_path: Path) -> None:
    (tmp_path / "kit" / "deep").mkdir(parents=True)
    (tmp_path / "kit" / "__init__.py").write_text("")
    (tmp_path / "kit" / "deep" / "__init__.py").write_text("")
    (tmp_path / "kit" / "deep" / "tool.py").write_text("from ..other import VALUE\n")
    (tmp_path / "kit" / "other.py").write_text("VALUE = 0.5\n")
    file = plugin(tmp_path, "import kit.deep.tool", "return kit.deep.tool.VALUE")
    before = loaded(file)
    assert score(before) == 0.5
    assert {"kit/__init__.py", "kit/deep/tool.py", "kit/other.py"} <= {part.label for part in before.parts}
    (tmp_path / "kit" / "other.py").write_text("VALUE = 0.6\n")
    assert score(loaded(file)) == 0.6


def test_a_plugin_called_like_the_package_it_uses_gets_the_package(tmp_path: Path) -> None:
    file = plugin(tmp_path, "import numpy", "return float(numpy.float64(0.5))", name="numpy")
    entry = loaded(file)
    assert score(entry) == 0.5
    assert [(part.label, part.digest[:2]) for part in entry.parts] == [("numpy", "==")]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of one's own on the path, that gets its number from another one."""
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "a_library_of_mine.py").write_text(
        "import its_own_library as other\n\ndef value():\n    return other.X\n"
    )
    (folder / "its_own_library.py").write_text("X = 0.1\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("a_library_of_mine", "its_own_library"):
        sys.modules.pop(name, None)


def test_modules_on_the_path_count_and_are_imported_anew(library: Path, tmp_path: Path) -> None:
    file = plugin(tmp_path / "plugins", "import a_library_of_mine as mine", "return mine.value()")
    before = loaded(file)
    assert score(before) == 0.1
    assert [part.label for part in before.parts] == ["a_library_of_mine.py", "its_own_library.py"]
    (library / "its_own_library.py").write_text("X = 0.2\n")  # as long, in the same second
    after = loaded(file)
    assert score(after) == 0.2
    assert after.sha256 != before.sha256
    (library / "its_own_library.py").write_text("X = 0.1\n")
    assert (score(loaded(file)), loaded(file).sha256) == (0.1, before.sha256)


def test_a_module_imported_before_and_edited_since_is_imported_anew(library: Path, tmp_path: Path) -> None:
    import a_library_of_mine  # type: ignore[import-not-found]

    assert a_library_of_mine.value() == 0.1
    (library / "its_own_library.py").write_text("X = 0.3\n")
    file = plugin(tmp_path / "plugins", "import a_library_of_mine as mine", "return mine.value()")
    assert score(loaded(file)) == 0.3


def test_what_is_imported_by_a_made_up_name_counts_if_the_plugin_is_the_first_to_do_so(
    library: Path, tmp_path: Path
) -> None:
    name = "'a_library' + '_of_mine'"
    file = plugin(tmp_path / "plugins", f"import importlib\nmine = importlib.import_module({name})", "return 0.0")
    before = loaded(file).sha256
    (library / "a_library_of_mine.py").write_text("\n")
    assert loaded(file).sha256 != before


def test_of_an_installed_package_the_version_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "kindness.py").write_text("X = 0.5\n")
    monkeypatch.syspath_prepend(str(site))
    file = plugin(tmp_path / "plugins", "import kindness", "return kindness.X")

    def about(version: str) -> str:
        folder = site / f"kindness-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kindness\nVersion: {version}\n")
        house.distribution.cache_clear()
        entry = loaded(file)
        assert [(part.label, part.digest) for part in entry.parts] == [("kindness", f"=={version}")]
        shutil.rmtree(folder)
        return entry.sha256

    assert about("1.0") != about("1.1")
    house.distribution.cache_clear()


@pytest.mark.parametrize("reader", ["fixed", "helper"])
def test_data_opened_while_importing_counts(reader: str, tmp_path: Path) -> None:
    lines = "from pathlib import Path\nVALUE = float(Path(__file__).with_name('value.txt').read_text())"
    (tmp_path / "value.txt").write_text("0.5")
    (tmp_path / "helper.py").write_text(f"{lines}\n")
    file = plugin(tmp_path, lines if reader == "fixed" else "from helper import VALUE", "return VALUE")
    before = loaded(file)
    assert score(before) == 0.5
    assert "value.txt" in [part.label for part in before.parts]
    assert loaded(file).cls is before.cls
    (tmp_path / "value.txt").write_text("0.6")
    after = loaded(file)
    assert score(after) == 0.6
    assert after.sha256 != before.sha256


def test_declared_data_counts_and_must_be_there(tmp_path: Path) -> None:
    file = plugin(tmp_path, traits='reads = ("words/good.txt",)')
    registry = Registry()
    registry.load_file(file)
    assert "class Fixed reads 'words/good.txt', which is not there" in registry.entries[0].error
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "good.txt").write_text("please")
    before = loaded(file)
    assert [part.label for part in before.parts] == ["words/good.txt"]
    (tmp_path / "words" / "good.txt").write_text("thanks")
    assert loaded(file).sha256 != before.sha256


def test_it_is_the_same_wherever_the_project_lies_and_in_another_process(tmp_path: Path) -> None:
    one = tmp_path / "one"
    (one / "words").mkdir(parents=True)
    (one / "words" / "good.txt").write_text("please")
    (one / "helper.py").write_text("from pathlib import Path\nPath(__file__).with_name('n.txt').read_text()\n")
    (one / "n.txt").write_text("3")
    file = plugin(one, "import helper\nimport pydantic", traits='reads = ("words/good.txt",)')
    shutil.copytree(one, tmp_path / "two")
    here = loaded(file)
    assert len(here.parts) == 4
    assert loaded(tmp_path / "two" / file.name).sha256 == here.sha256
    code = (
        "import sys; from pathlib import Path; from simlab.plugins.registry import Registry; r = Registry()\n"
        "r.load_file(Path(sys.argv[1])); print(r.entries[0].sha256)"
    )
    command = [sys.executable, "-c", code, str(file)]
    other = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert other.stdout.strip() == here.sha256


def test_what_is_for_type_checkers_only_does_not_count(tmp_path: Path) -> None:
    file = plugin(tmp_path, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy")
    assert loaded(file).parts == ()


def test_a_file_that_other_plugins_import_is_not_called_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plugin(tmp_path / "plugins", "import helper")
    for name in ("helper", "alone"):
        (tmp_path / "plugins" / f"{name}.py").write_text("VALUE = 1\n")
    (broken,) = (entry for entry in discover().entries if not entry.ok)
    assert (broken.source.name, broken.error) == ("alone.py", "defines no component and no hook")


def test_a_plugin_does_not_move_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded(plugin(tmp_path, "import os, tempfile\nos.chdir(tempfile.gettempdir())"))
    assert os.getcwd() == str(tmp_path)


def test_a_package_that_is_edited_in_place_counts_with_all_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "src" / "manners_of_mine"
    plugin(inside, "from .numbers import VALUE", "return VALUE")
    (inside / "__init__.py").write_text("")
    (inside / "numbers.py").write_text("VALUE = 0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))

    def announced() -> Entry:
        registry = Registry()
        registry.load_entry_point(EntryPoint("manners", "manners_of_mine.fixed", "simlab"))
        (entry,) = registry.entries
        assert entry.ok, entry.error
        return entry

    before = announced()
    assert score(before) == 0.1
    assert announced().cls is before.cls
    (inside / "numbers.py").write_text("VALUE = 0.2\n")
    after = announced()
    assert (score(after), after.sha256 == before.sha256) == (0.2, False)


# ---- computations ----------------------------------------------------------------------------------------------------


READER = """
import simlab
from pathlib import Path

class Fixed(simlab.RewardShape):
    name = "fixed"

    def leash(self):
        return float(Path(__file__).with_name("value.txt").read_text())
"""


def leash(*, shape: Any, device: str) -> dict[str, float]:
    return {"y": shape.leash()}


def after(*, first: Any, device: str) -> dict[str, float]:
    return {"y": 2 * first["y"]}


def test_a_remembered_result_is_worth_nothing_once_a_file_that_was_read_for_it_changed(tmp_path: Path) -> None:
    jobs = Jobs(Store(tmp_path / "store"), "cpu")

    def asked(project: str, value: str) -> tuple[float, int]:
        (tmp_path / project).mkdir(exist_ok=True)
        (tmp_path / project / "value.txt").write_text(value)
        (tmp_path / project / "fixed.py").write_text(READER)
        made: Any = loaded(tmp_path / project / "fixed.py").cls
        first = jobs.run(leash, shape=made())
        return float(jobs.run(after, first=first)["y"]), jobs.ran

    assert asked("one", "0.5") == (1.0, 2)
    assert asked("one", "0.5") == (1.0, 2)
    assert asked("one", "0.6") == (1.2, 4)  # what follows from it is computed again, too
    assert asked("two", "0.7") == (1.4, 6)  # another copy of the project has a file of its own
    assert asked("one", "0.6")[0] == 1.2
