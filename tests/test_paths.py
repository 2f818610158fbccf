"""Paths as people give them: `~`, no home, no current folder, names that are no text. No folder is ever called ~."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import simlab
from simlab.cli import main
from simlab.components.data_file import DataFile
from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from simlab.paths import given, staying
from tests.small_run import write
from tests.small_world import written

SMALL = {"days": 1, "parties.users.count": 20, "relations.2.sample": 100}
NO_TEXT = os.fsdecode(b"n\xff")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder; the current folder is another, in which nothing is called ~ afterwards."""
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "home"
    assert not os.path.lexists(tmp_path / "here" / "~")


@pytest.fixture
def nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home and without an entry in the list of users."""
    import pwd

    def unknown(user: object) -> None:
        raise KeyError(user)

    for name in ("HOME", "SIMLAB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_where_a_tilde_leads(home: Path) -> None:
    assert given("~") == home
    assert given("~/runs/x") == given(Path("~/runs/x")) == home / "runs" / "x"
    assert given("~root") == Path(os.path.expanduser("~root"))
    assert given("~$draft.csv") == Path.cwd() / "~$draft.csv"  # nobody's home, as in a shell
    assert given("runs/x") == Path("runs/x")


def test_what_is_no_path_is_shown() -> None:
    assert given(b"runs/x") == Path("runs/x")  # type: ignore[arg-type]
    for wrong, said in ((None, "None"), (3, "3"), (["a", "b"], "['a', 'b']"), ({"name": "a"}, "{'name': 'a'}")):
        with pytest.raises(InvalidInput) as caught:
            simlab.load(wrong)  # type: ignore[arg-type]
        assert str(caught.value).startswith(f"{said} is no path (give one")


@pytest.mark.slow
def test_every_command_that_takes_a_path_follows_a_tilde(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(home / "world.yaml", SMALL)
    (home / "brief.py").write_text(
        "import simlab\n\nclass Brisk(simlab.Criterion):\n    name = 'brisk'\n\n"
        "    def score(self, exchange, observer):\n        return 1.0\n"
    )
    (home / "child.yaml").write_text("extends: ~/world.yaml\ndays: 1\n")
    for line in (
        "run ~/world.yaml --out=~/runs/1 --quiet", "run ~/world.yaml --out=~/runs/2 --seed 2 --quiet",
        "validate ~/child.yaml", "describe ~/world.yaml", "plugins brisk --plugins ~/brief.py", "tables ~/runs/1",
        "trace ~/runs/1 0", "compare ~/runs/1 ~/runs/2 --by seed",
        "calibrate ~/runs/1 --model coin --holdout 0.5 --out=~/coin.yaml",
    ):  # fmt: skip
        assert main(line.split()) == 0, (line, capsys.readouterr().err)
    assert (home / "coin.yaml").is_file()
    assert simlab.load("~/runs").path == home / "runs"
    assert simlab.run("~/world.yaml", out="~/runs/3", seed=3).path == home / "runs" / "3"
    assert simlab.verify("~/runs/3").agrees
    assert DataFile.find("~/child.yaml").path == home / "child.yaml"


def test_a_cache_may_be_at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLAB_CACHE", "~/cache")
    assert Store.default().folder == home / "cache"


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_runs_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Store.default().folder is None
    assert main(["run", str(written(tmp_path / "world.yaml", SMALL)), "--out", "out", "--quiet"]) == 0
    monkeypatch.setenv("SIMLAB_CACHE", "~/cache")
    with pytest.raises(
        InvalidInput, match=r"SIMLAB_CACHE=~/cache: nobody knows where the home folder ~ is .* set HOME"
    ):
        Store.default()


@pytest.mark.usefixtures("nobody")
def test_where_nobody_has_a_home_a_tilde_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = str(written(tmp_path / "world.yaml", SMALL))
    assert main(["run", world, "--out=~/out", "--quiet"]) == 2
    assert "~/out: nobody knows where the home folder ~ is" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["run {} --small", "run world.yaml --out {}", "validate {}", "tables {}",
                                  "plugins --plugins {}", "verify {}", "calibrate {}"])  # fmt: skip
def test_names_that_are_no_text_are_refused_before_anything_is_written(
    line: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(Path("world.yaml"), SMALL)
    assert main([word.replace("{}", NO_TEXT) for word in line.split()]) == 2
    assert capsys.readouterr().err == "n\\xff: is not a path in UTF-8 (rename it, or choose another)\n"
    assert os.listdir() == ["world.yaml"]


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="elsewhere there are no such names")
def test_a_current_folder_whose_name_is_no_text_will_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir(NO_TEXT)
    monkeypatch.chdir(NO_TEXT)
    write(Path("out"), rounds=2)
    assert simlab.load("out").rehash() == simlab.load("out").manifest["tables"]
    assert len(simlab.load("out", where={"round": 1}).comparisons) == 40


def test_a_null_byte_is_no_part_of_a_path() -> None:
    with pytest.raises(InvalidInput, match=r"a\\0b: holds a null byte"):
        simlab.load("a\0b")


@pytest.mark.slow
def test_a_current_folder_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world, gone = str(written(tmp_path / "world.yaml", SMALL)), tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("PWD", str(gone))
    gone.rmdir()
    for line in (["run", world, "--quiet"], ["run", world, "--out", "x"], ["tables", "x"], ["new", "criterion", "x"]):
        assert main(line) == 2
        assert capsys.readouterr().err.startswith(f"{gone}: the current folder cannot be found: ")
    assert main(["run", world, "--out", str(tmp_path / "out"), "--quiet"]) == 0  # which needs none
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["import", "run"])
def test_a_plugin_that_goes_elsewhere_takes_no_run_along(when: str, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    going = f"os.chdir({str(elsewhere)!r})"
    hook = f"def simlab_run_started(run):\n    {going if when == 'run' else 'pass'}\n"
    Path("goes.py").write_text(f"import os\n{going if when == 'import' else ''}\n\n{hook}")
    written(Path("world.yaml"), SMALL)
    assert simlab.run("world.yaml", out="out").status == "finished"
    assert sorted(os.listdir()) == ["goes.py", "out", "world.yaml"]
    assert os.listdir(elsewhere) == []


def test_a_block_may_end_where_it_did_not_begin(home: Path) -> None:
    before = os.getcwd()
    with staying():
        os.chdir("/")
    assert os.getcwd() == before
