"""`simlab new`: drafts that work as they are, and what is refused."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from simlab.cli import main
from simlab.plugins.registry import discover
from simlab.scaffolding.drafts import KINDS
from tests.testing.test_built_ins import LOOK_ON

ROOT = Path(__file__).parents[2]
NO_NAME = "cannot be a name (a letter, then letters, digits, - and _"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with nothing but a link to the scenarios."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(*argv: str, **environment: str) -> str:
    """What a Python process prints; AssertionError with its errors if it fails."""
    done = subprocess.run(
        [sys.executable, *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What is said where `simlab new` refuses."""
    assert main(["new", *argv]) == 2
    return capsys.readouterr().err.strip()


def test_every_kind_has_a_draft() -> None:
    assert set(KINDS) >= {entry.kind for entry in discover(local=False).entries} - LOOK_ON


@pytest.mark.slow
def test_drafts_pass_their_own_tests_and_the_lines_printed_with_them_work(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    for kind in KINDS:
        assert main(["new", kind, f"my-{kind}"]) == 0
        printed = capsys.readouterr().out
        assert f"wrote plugins/my_{kind}.py\nwrote plugins/test_my_{kind}.py\n" in printed
        assert f"python -m pytest plugins/test_my_{kind}.py" in printed
        lines += [line.partition(":")[2].strip() for line in printed.splitlines() if line.startswith("use it:")]
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "plugins")
    assert int(tested.split(" passed")[0].split()[-1]) > 10 * len(KINDS)
    assert "skipped" not in tested
    entries = {entry.name: entry for entry in discover().entries}
    assert all(entries[f"my-{kind}"].ok and entries[f"my-{kind}"].kind == kind for kind in KINDS)
    assert len(lines) == len(KINDS)
    for line in lines:  # each is a line of a scenario that knows the plugin
        simlab, run, *rest = shlex.split(line)
        assert (simlab, run) in (("simlab", "run"), ("simlab", "study"))
        assert main(["validate", *rest]) == 0, capsys.readouterr().err


def test_nothing_is_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "plugins").mkdir()
    (here / "plugins" / "test_humble.py").write_text("# mine\n")
    said = refused(capsys, "criterion", "humble")
    assert (
        said == "plugins/test_humble.py: exists already, and is not overwritten (choose another name, or move it away)"
    )
    assert [file.name for file in (here / "plugins").iterdir()] == ["test_humble.py"]
    assert (here / "plugins" / "test_humble.py").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("criterium", "humble", "there is no kind of plugin called 'criterium' (did you mean 'criterion'? kinds: "),
        ("criterion", "two words", f"'two words' {NO_NAME}, as in two_words)"),
        ("criterion", "3rd", f"'3rd' {NO_NAME}, as in my_3rd)"),
        ("criterion", "../humble", f"'../humble' {NO_NAME}, as in humble)"),
        ("criterion", "class", "'class' is a word of Python's (choose another name, as my_class)"),
        ("criterion", "test_humble", "'test_humble' would be taken for a test (choose another"),
        ("criterion", "conftest", "'conftest' would be taken for a test"),
        ("criterion", "helpful", "there is a criterion called 'helpful' already, in "),
        ("rater", "Boltzmann", "there is a rater policy called 'boltzmann' already, in "),
        ("criterion", "round", "'round' cannot be a criterion: it is a column of the responses table"),
    ],
)
def test_what_cannot_be_is_refused(
    kind: str, name: str, sentence: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, kind, name)
    assert said.startswith(sentence)
    assert "\n" not in said
    assert [file.name for file in here.iterdir()] == ["scenarios"]


def test_a_name_of_another_kind_is_free(here: Path) -> None:
    assert main(["new", "rater", "borda"]) == 0


@pytest.mark.slow
def test_drafting_imports_nothing_heavy(here: Path) -> None:
    heavy = "[m for m in ('torch', 'pandas', 'scipy', 'pyarrow') if m in sys.modules]"
    for argv in (["new", "criterion", "humble"], ["try", "humble"], ["plugins", "humble"]):
        code = f"import sys; from simlab.cli import main; code = main({argv}); sys.exit(code or {heavy} or 0)"
        program("-c", code)


@pytest.mark.slow
def test_a_package_can_be_installed_and_passes_its_tests(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "criterion", "so-humble", "--package"]) == 0
    assert "python -m pip install --editable simlab-so-humble" in capsys.readouterr().out
    assert "exists already" in refused(capsys, "criterion", "so-humble", "--package")
    pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
    ]
    program(*pip, "--target", "site", "./simlab-so-humble")
    path = os.pathsep.join([str(here / "site"), str(ROOT)])
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "simlab-so-humble", PYTHONPATH=path)
    assert "failed" not in tested
    described = program("-m", "simlab", "plugins", "so-humble", "--json", PYTHONPATH=path)
    (entry,) = json.loads(described)
    assert (entry["kind"], entry["version"], entry["ok"]) == ("criterion", "0.1.0", True)
    assert Path(entry["source"]) == here / "site" / "simlab_so_humble"
    # a mistake in it is put down to it, as to a plugin file
    (here / "site" / "simlab_so_humble" / "so_humble.py").write_text("import simlab\nimport not_there\n")
    done = subprocess.run(
        [sys.executable, "-m", "simlab", "try", "so-humble"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "entry point so-humble: " in done.stderr
    assert "No module named 'not_there'" in done.stderr
