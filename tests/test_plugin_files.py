"""The search for plugin files: every folder once, no farther than is sane, and what was not searched is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import simlab
from simlab.errors import InvalidInput
from simlab.plugins import files as house
from simlab.plugins import registry
from simlab.plugins.files import Search, looks_like_plugin
from simlab.plugins.registry import discover


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plugins in a project that is the current folder."""
    (tmp_path / "project" / "plugins").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    return Path("plugins")


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"import simlab\n\nclass A(simlab.Criterion):\n    name = '{path.stem}'\n")
    return path


def test_links_in_circles_are_followed_once(folder: Path) -> None:
    file(folder / "a.py")
    file(folder / "deep" / "b.py")
    for link, to in (("one", "."), ("two", "."), ("project", ".."), ("deep/up", "..")):
        (folder / link).symlink_to(to)
    Path("itself").symlink_to(".")
    search = Search(folder)
    assert search.files() == [folder / "a.py", folder / "deep" / "b.py"]
    assert search.stopped == []


def test_a_link_to_plugins_elsewhere_is_followed_and_one_to_a_huge_folder_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "LINKED", 10)
    file(tmp_path / "lab" / "mine.py")
    file(tmp_path / "huge" / "a.py")
    for number in range(20):
        (tmp_path / "huge" / f"{number}.csv").touch()
    (folder / "lab").symlink_to(tmp_path / "lab")
    (folder / "data").symlink_to(tmp_path / "huge")
    search = Search(folder)
    assert search.files() == [folder / "lab" / "mine.py"]
    (stopped,) = search.stopped
    assert stopped[0] == folder / "data"
    assert stopped[1].startswith("is a link to a folder of more than 10 files, of which none was taken")
    (broken,) = (entry for entry in discover().entries if not entry.ok)
    assert (broken.name, broken.error) == ("data", stopped[1])


@pytest.mark.parametrize(("limit", "said"), [("ENTRIES", "more than 3 files"), ("DEPTH", "more than 3 folders deep")])
def test_a_folder_that_is_too_large_is_said_to_be(
    limit: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b/b", "c/c/c/c/c/c"):
        file(folder / f"{name}.py")
    monkeypatch.setattr(house, limit, 3)
    search = Search(folder)
    assert folder / "a.py" in search.files()
    assert len(search.files()) < 3
    assert said in search.stopped[0][1]


def test_virtual_environments_are_not_searched(folder: Path) -> None:
    file(folder / "venv" / "lib" / "a.py")
    (folder / "venv" / "pyvenv.cfg").touch()
    assert Search(folder).files() == []


def test_a_file_can_say_that_it_is_no_plugin(folder: Path) -> None:
    kept, left = file(folder / "kept.py"), file(folder / "left.py")
    left.write_text(f"#!/usr/bin/env python\n#  Simlab: not a plugin, but a study\n{left.read_text()}")
    assert Search(folder).files() == [kept]
    assert looks_like_plugin(kept)
    assert not looks_like_plugin(left)


def test_a_class_that_begins_with_an_underscore_makes_no_plugin_of_a_script(tmp_path: Path) -> None:
    script = file(tmp_path / "study.py")
    script.write_text(script.read_text().replace("class A", "class _A"))
    assert not looks_like_plugin(script)


def test_a_class_of_any_kind_makes_a_plugin_of_a_script(tmp_path: Path) -> None:
    """Each public class that plugins derive from is known by its name, since scripts are not run to find out."""
    script = file(tmp_path / "study.py")
    public = {name: getattr(simlab, name) for name in simlab.__all__}
    bases = [n for n, found in public.items() if isinstance(found, type) and issubclass(found, simlab.Component)]
    assert len(bases) > 15
    for base in bases:
        script.write_text(f"import simlab\n\n\nclass A(simlab.{base}):\n    name = 'a'\n")
        assert looks_like_plugin(script), base


def test_one_plugin_file_may_be_named_without_a_list(tmp_path: Path) -> None:
    file = tmp_path / "kind.py"
    file.write_text("import simlab\n\n\nclass Kind(simlab.Criterion):\n    name = 'kind'\n")
    for named in (str(file), file, [file]):
        assert [entry.source for entry in discover(None, named, local=False).entries if entry.name == "kind"] == [file]
    with pytest.raises(InvalidInput, match=r"nope\.py: no such plugin file or folder"):
        discover(None, "nope.py", local=False)


def test_plugins_of_ones_own_are_found_for_one_application_only(folder: Path, tmp_path: Path) -> None:
    own = file(tmp_path / "other" / "mine.py")
    own.write_text(own.read_text() + "\n\ndef simlab_round_finished(round):\n    pass\n")
    before = discover(local=False)
    mine = discover(local=False, extra=[tmp_path / "other"])
    after = discover(local=False)
    assert [entry.name for entry in mine.entries[len(before.entries) :]] == ["mine"]
    assert mine.hook.wanted("simlab_round_finished", "round")
    assert after.entries == before.entries
    assert not after.hook.wanted("simlab_round_finished", "round")


def test_a_plugin_that_ships_is_loaded_anew_where_its_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "builtin_folder", lambda: tmp_path / "ours")
    ours = file(tmp_path / "ours" / "criteria" / "a.py")
    first, again = (discover(local=False).get("criterion", "a") for _ in range(2))
    assert again is first
    ours.write_text(ours.read_text().replace("'a'", "'a longer name'".replace(" ", "-")))
    assert discover(local=False).names("criterion") == ["a-longer-name"]
