"""Finding and loading plugins: the order, what is registered, what is broken and how that is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import simlab
from simlab.errors import InvalidInput, PluginFailed
from simlab.plugins.files import looks_like_plugin
from simlab.plugins.registry import Entry, Registry, discover
from simlab.provenance import content_hash

POLITE = '''
"""A criterion."""
import simlab

class Polite(simlab.Criterion):
    """Says please."""
    name = "{name}"
    bonus: float = 0.5

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        return self.bonus if "please" in exchange.response.words else 0.0
'''


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder without plugins."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def polite(file: Path, name: str = "polite") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(POLITE.format(name=name))
    return file


def only(registry: Registry, source: Path) -> Entry:
    """The one entry from this file."""
    (entry,) = (e for e in registry.entries if e.source == source.resolve())
    return entry


def failure(file: Path, text: str) -> str:
    """The error of a plugin file with this text."""
    file.write_text(text)
    entry = only(discover(extra=[file]), file)
    assert not entry.ok
    assert entry.cls is None
    return entry.error


# ---- finding -------------------------------------------------------------------------------------------------------


def test_built_ins_come_through_the_same_door() -> None:
    registry = discover(local=False)
    assert all(e.ok for e in registry.entries), [e for e in registry.entries if not e.ok]
    assert {"helpful", "truthful", "harmless"} <= set(registry.names("criterion"))
    assert set(registry.names("rater")) >= {"boltzmann", "mistaken"}
    assert set(registry.names("reward")) >= {"plain", "whitened"}
    assert set(registry.names("world")) >= {"almanac", "gaussian"}
    assert registry.folders == []
    assert all(len(e.sha256) == 64 for e in registry.entries)


def test_local_plugins_are_found_in_order(elsewhere: Path, tmp_path: Path) -> None:
    files = [
        polite(elsewhere / "plugins" / "deep" / "er" / "a.py", "first"),
        polite(tmp_path / "scenarios" / "b.py", "second"),
        polite(tmp_path / "more" / "c.py", "third"),
    ]
    registry = discover(tmp_path / "scenarios", [tmp_path / "more"])
    assert [e.name for e in registry.entries][-3:] == ["first", "second", "third"]
    assert registry.folders == files
    fewer = discover(tmp_path / "scenarios", [tmp_path / "more"], local=False)
    assert fewer.folders == files[2:]  # named explicitly
    assert discover(local=False).folders == []
    again = discover(None, registry.folders, local=False)
    assert [e.name for e in again.entries] == [e.name for e in registry.entries]


def test_the_same_file_is_loaded_once(elsewhere: Path) -> None:
    file = polite(elsewhere / "plugins" / "a.py")
    registry = discover(elsewhere / "plugins", [file, elsewhere / "plugins"])
    assert only(registry, file).ok


def test_a_checkout_is_not_searched_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    assert discover().folders == []


def test_tests_and_hidden_files_are_no_plugins(elsewhere: Path) -> None:
    for name in ("test_polite.py", "polite_test.py", "conftest.py", "_draft.py", ".hidden.py", "notes.txt", ".d/a.py"):
        polite(elsewhere / "plugins" / name)
    assert discover().folders == []


def test_scripts_in_a_scenarios_folder_do_not_run(tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text("import simlab\nraise SystemExit('ran by the way')\n")
    helper = tmp_path / "shapes.py"
    helper.write_text("class Shape:\n    pass\n")
    hooks = tmp_path / "watch.py"
    hooks.write_text("def simlab_run_finished(status):\n    pass\n")
    assert not looks_like_plugin(script)
    assert not looks_like_plugin(helper)
    assert looks_like_plugin(polite(tmp_path / "polite.py"))
    assert looks_like_plugin(hooks)
    assert discover(tmp_path).folders == [tmp_path / "polite.py", hooks]


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such plugin file or folder"):
        discover(extra=[tmp_path / "nowhere"])


# ---- loading -------------------------------------------------------------------------------------------------------


def test_a_dropped_file_is_a_component(elsewhere: Path) -> None:
    file = polite(elsewhere / "plugins" / "polite.py")
    registry = discover()
    cls = registry.get("criterion", "polite")
    assert cls.model_validate({"bonus": 0.7}).model_dump() == {"bonus": 0.7}
    entry = only(registry, file)
    assert (entry.name, entry.kind, entry.cls, entry.error) == ("polite", "criterion", cls, "")
    assert registry.hashes([("criterion", "polite")]) == {"criterion:polite": content_hash(file)}


def test_an_edited_file_is_read_anew_and_an_unchanged_one_is_not(elsewhere: Path) -> None:
    file = polite(elsewhere / "plugins" / "polite.py")
    before = discover().get("criterion", "polite")
    assert discover().get("criterion", "polite") is before
    polite(file, "civil")
    registry = discover()
    assert "polite" not in registry.names("criterion")
    assert registry.get("criterion", "civil") is not before


def test_nothing_is_written_beside_a_plugin(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    polite(elsewhere / "plugins" / "polite.py")
    package = polite(elsewhere / "plugins" / "pair" / "other.py", "other").parent
    (package / "__init__.py").write_text("from .other import Polite\n")
    discover()
    assert sys.dont_write_bytecode is False
    assert not list(elsewhere.rglob("__pycache__"))


def test_a_package_is_one_plugin_with_what_it_exports(elsewhere: Path) -> None:
    package = elsewhere / "plugins" / "manners"
    polite(package / "shown.py", "shown")
    polite(package / "kept.py", "kept")
    (package / "__init__.py").write_text("from . import kept\nfrom .shown import Polite as Shown\n")
    (package / "words.csv").write_text("please\n")
    registry = discover()
    assert "shown" in registry.names("criterion")
    assert "kept" not in registry.names("criterion")
    before = only(registry, package).sha256
    (package / "words.csv").write_text("please,thanks\n")
    assert only(discover(), package).sha256 != before


def test_what_a_plugin_imports_is_not_registered(elsewhere: Path) -> None:
    file = polite(elsewhere / "plugins" / "polite.py")
    file.write_text(file.read_text() + "\nfrom simlab.components.component import RaterPolicy as Imported\n")
    assert only(discover(), file).name == "polite"


def test_a_base_class_without_a_name_is_no_component(elsewhere: Path) -> None:
    file = elsewhere / "plugins" / "family.py"
    file.parent.mkdir()
    file.write_text(
        "import simlab\n"
        "class Base(simlab.Criterion):\n    depth: int = 1\n"
        "class Left(Base):\n    name = 'left'\n"
        "class Right(Base):\n    name = 'right'\n"
    )
    assert [e.name for e in discover().entries if e.source == file] == ["left", "right"]


def test_what_a_plugin_prints_stays_off_stdout(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = polite(elsewhere / "plugins" / "polite.py")
    file.write_text("print('hello from a plugin')\n" + file.read_text())
    discover()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hello" in printed.err


def test_entry_points_are_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    polite(tmp_path / "site" / "a_package_of_manners.py")
    about = tmp_path / "site" / "manners-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: manners\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[simlab]\nmanners = a_package_of_manners\ngone = a_package_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    registry = discover(local=False)
    assert "polite" in registry.names("criterion")
    (broken,) = (e for e in registry.entries if not e.ok)
    assert broken.error == "entry point gone: ModuleNotFoundError: No module named 'a_package_not_there'"


# ---- broken plugins ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import simlab\nx = (\n", "line 2: SyntaxError: '(' was never closed"),
        ("import simlab\n\nimport not_there\n", "line 3: ModuleNotFoundError: No module named 'not_there'"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("def f():\n    raise ValueError('no\\nway')\n\nf()\n", "line 2: ValueError: no way"),
        (
            "import simlab\nclass A(simlab.Criterion):\n    name = 'a'\n    ideal = 6\n",
            "line 2: PydanticUserError: A non-annotated attribute was detected",
        ),
        (
            "import simlab\nclass T: pass\nclass A(simlab.Criterion):\n    name = 'a'\n    thing: T = T()\n",
            "line 3: PydanticSchemaGenerationError: Unable to generate pydantic-core schema",
        ),
        ("import simlab\nclass A(simlab.Criterion):\n    pass\n", "class A has no usable name"),
        ("import simlab\nclass A(simlab.Criterion):\n    name = 'two words'\n", "class A has no usable name"),
        ("import simlab\nclass A(simlab.Component):\n    name = 'a'\n", "class A derives from none of the contracts"),
        ("x = 1\n", "defines no component and no hook"),
        ("def simlab_run_strated(run):\n    pass\n", "there is no hook simlab_run_strated (did you mean"),
        ("def simlab_run_started(walk):\n    pass\n", "line 1: WrongHook: the hook simlab_run_started is not"),
        ("def simlab_register(register):\n    register(3)\n", "3 is no component class"),
        ("\0", "ValueError"),
    ],
)  # fmt: skip
def test_a_broken_plugin_is_named_with_line_and_reason(text: str, error: str, tmp_path: Path) -> None:
    if text == "\0":
        assert failure(tmp_path / "broken.py", text)  # ValueError or SyntaxError, by Python's version
    else:
        assert error in failure(tmp_path / "broken.py", text)


def test_a_name_is_given_once(elsewhere: Path) -> None:
    first = polite(elsewhere / "plugins" / "a.py")
    second = polite(elsewhere / "plugins" / "b.py")
    registry = discover()
    assert registry.get("criterion", "polite") is only(registry, first).cls
    said = "the criterion 'polite' is already defined by plugins/a.py; rename one"
    assert only(registry, second).error == said
    shadow = polite(elsewhere / "plugins" / "c.py", "helpful")
    assert "already defined by" in only(discover(), shadow).error


def test_a_name_that_is_not_there_leads_to_the_closest_and_to_what_is_broken(tmp_path: Path) -> None:
    registry = discover(local=False)
    with pytest.raises(InvalidInput) as caught:
        registry.get("rater", "boltzman")
    said = str(caught.value)
    assert said.startswith("there is no rater policy called 'boltzman' (did you mean 'boltzmann'? known: ")
    assert said.endswith("; looked in no installed package)")
    broken = tmp_path / "kindness.py"
    broken.write_text("import not_there\n")
    registry = discover(extra=[broken], local=False)
    with pytest.raises(InvalidInput, match=r"failed to load: .*kindness\.py: line 1: ModuleNotFoundError"):
        registry.get("criterion", "kindness")


def test_a_name_that_is_not_there_comes_with_where_it_was_looked_for(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "more").mkdir()
    said = str(discover(tmp_path / "scenarios", [tmp_path / "more"]).unknown("rater", "x"))
    assert said.endswith(
        f"; looked in no installed package, {elsewhere / 'plugins'} (which is not there), {tmp_path / 'scenarios'} "
        f"(beside the scenario), {tmp_path / 'more'} (--plugins))"
    )


# ---- hooks ---------------------------------------------------------------------------------------------------------


def test_register_takes_the_place_of_the_loaders_rule(elsewhere: Path) -> None:
    file = polite(elsewhere / "plugins" / "polite.py")
    file.write_text(
        file.read_text() + "\nclass Rude(Polite):\n    name = 'rude'\n\n"
        "def simlab_register(register):\n    register(Rude)\n"
    )
    assert only(discover(), file).name == "rude"


def test_hooks_are_called_in_every_plugin_that_has_them(elsewhere: Path) -> None:
    for name in ("a", "b"):
        file = elsewhere / "plugins" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text("seen = []\n\ndef simlab_round_finished(round, time):\n    seen.append((round, time))\n")
    registry = discover()
    for entry in registry.entries[-2:]:
        assert (entry.kind, entry.ok) == ("hooks", True)
    registry.hook.simlab_round_finished(run="x", round=1, time=5.0, tables={})
    modules = [m for n, m in sys.modules.items() if n.startswith(("simlab_plugin_a_", "simlab_plugin_b_"))]
    assert [m.seen for m in modules if hasattr(m, "seen")] == [[(1, 5.0)], [(1, 5.0)]]


def test_a_hook_that_raises_is_put_down_to_the_plugin(elsewhere: Path) -> None:
    file = elsewhere / "plugins" / "a.py"
    file.parent.mkdir()
    file.write_text("def simlab_run_finished(status):\n    raise KeyError(status)\n")
    with pytest.raises(PluginFailed, match="the hook simlab_run_finished of a plugin raised KeyError: 'finished'"):
        discover().hook.simlab_run_finished(run="x", status="finished", error="")


@pytest.mark.parametrize("old", ["Scene", "Situation", "LeashedShape"])
def test_a_public_name_that_changed_says_what_it_is_now(old: str) -> None:
    with pytest.raises(AttributeError, match=rf"no attribute '{old}'; since 0.3 it is simlab\.(\w+)") as error:
        getattr(simlab, old)
    assert hasattr(simlab, str(error.value).rpartition(".")[2])
    with pytest.raises(AttributeError, match=r"no attribute 'Sc'$"):
        getattr(simlab, "Sc")  # noqa: B009


def test_what_ships_is_imported_once_for_all_that_are_forked_then() -> None:
    words = (
        "import sys, simlab.plugins.shipped; from simlab.plugins.registry import discover; before = set(sys.modules);"
        "found = discover(local=False); assert len(found.entries) > 100;"
        "print([n for n in set(sys.modules) - before if n.startswith('simlab_plugin_')])"
    )
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
