"""Every malformed scenario exits with 2 and one clear message that names file and line, and nothing is written.

Each file in `bad_scenarios/` says in its first line what is expected: `# Expect: LINE: message` (the line is empty
where the mistake stands in none), or `# Expect-in-base:` where it shows in the file that is extended.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simlab.cli import main

FOLDER = Path(__file__).parent / "bad_scenarios"
FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("*/scenario.yaml")])
BASE = FOLDER / "base" / "whole.yaml"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with the cache of computations in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SIMLAB_CACHE", str(folder / "cache"))
    return folder


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run a command that must be refused with one line on stderr; returns the line."""
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    lines = printed.err.strip().splitlines()
    assert len(lines) == 1, printed.err
    return lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(FOLDER)) for f in FILES])
def test_is_refused_with_one_clear_message(file: Path, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = re.match(r"# Expect(-in-base)?: (\d*): (.*)", file.read_text(encoding="utf-8"))
    assert expected is not None
    in_base, line, message = expected.groups()
    for command in ("run", "validate"):
        said = refused(capsys, command, str(file))
        named = str(BASE if in_base else file)
        assert said.startswith(f"{named}:{line}:" if line else f"{named}: "), said
        assert message in said
    assert not any(empty.iterdir())


def test_every_file_in_the_folder_is_tried_or_belongs_to_one_that_is() -> None:
    """A scenario in a folder of its own is called `scenario.yaml`, or some scenario names it; messages differ."""
    tried = {*FILES, BASE}
    beside = [f for f in FOLDER.rglob("*.yaml") if f not in tried]
    texts = [f.read_text(encoding="utf-8", errors="replace") for f in tried]
    assert [f for f in beside if not any(f.name in text for text in texts)] == []
    messages = [text.partition("\n")[0].split(": ", 2)[2] for f, text in zip(tried, texts, strict=True) if f != BASE]
    assert len({*messages}) > 0.9 * len(messages)


def test_without_its_mistake_the_base_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(BASE)]) == 0
    assert main(["validate", "--small", str(BASE)]) == 0
    assert capsys.readouterr().err == ""


JUNK = {
    "empty": (b"", "is empty"),
    "only a comment": (b"# nothing yet\n", "is empty"),
    "binary": (bytes(range(256)), "is not text in UTF-8"),
    "control characters": (b"name: a\nseed: \x01\n", "holds a character that YAML does not allow"),
    "latin-1": ("name: f\xfcr\n".encode("latin-1"), "is not text in UTF-8"),
    "a number": (b"42\n", "is 42, not a mapping"),
    "too large": (b"# " + b"x" * 1_000_000, "is larger than 1,000,000 bytes"),
    "too deep": (b"a: " + b"[" * 5000, "is nested more than 32 levels deep"),
    "deep by aliases": (
        b"a: &a0 [1]\n" + b"".join(b"b%d: &a%d [*a%d]\n" % (i, i + 1, i) for i in range(100)),
        "is nested more than 32 levels deep",
    ),
    "too many values": (b"a: [" + b"1," * 60_000 + b"]", "holds more than 50,000 values"),
    "a list for a key": (b"? [a, b]\n: 1\n", "a key is a single word"),
    "half a string": (b'name: "first\n', "is not valid YAML"),
    "an enormous number": (b"extends: base.yaml\nseed: " + b"9" * 5000, "should be a valid integer"),
    "a lone surrogate": (b'extends: base.yaml\nname: "\\ud800"\n', "name: "),
    "null byte": (b'extends: "a\\0b"\n', "should be the path of one file"),
    "itself by another name": (b"extends: ./../here/scenario.yaml\n", "goes round in a circle"),
    "a folder": (b"extends: .\n", "no such file"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", list(JUNK))
def test_junk_is_refused(what: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = JUNK[what]
    (empty / "scenario.yaml").write_bytes(content)
    (empty / "base.yaml").write_text(BASE.read_text(encoding="utf-8"), encoding="utf-8")
    before = sorted(empty.rglob("*"))
    said = refused(capsys, "run", "scenario.yaml", "--out", "out")
    assert said.startswith("scenario.yaml")
    assert message in said
    assert len(said) < 400
    assert sorted(empty.rglob("*")) == before


def test_what_only_the_live_world_can_tell_is_said_with_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    gaussian = Path(__file__).parent.parent / "scenarios" / "00_gaussian.yaml"
    said = refused(capsys, "run", str(gaussian), "--set", "world.dimensions=3", "--out", "nowhere")
    assert re.search(r"00_gaussian\.yaml:\d+:1: world: 3 dimensions are too few: each criterion", said)
    assert not Path("nowhere").exists()


def test_a_circle_of_two_files_is_printed_with_lines(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty / "a.yaml").write_text("name: a\nextends: b.yaml\n")
    (empty / "b.yaml").write_text("extends: a.yaml\n")
    said = refused(capsys, "run", "a.yaml")
    assert said == "b.yaml:1:10: extends: goes round in a circle: a.yaml:2 → b.yaml:1 → a.yaml (cut it)"


@pytest.mark.parametrize("name", ["nowhere.yaml", "folder", "/dev/null"])
def test_what_is_no_file_is_refused(name: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty / "folder").mkdir()
    assert refused(capsys, "run", name).startswith(f"{name}: ")


def test_a_near_miss_of_a_file_name_is_suggested(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty / "01_first.yaml").write_text("name: first\n")
    assert "did you mean '01_first.yaml'?" in refused(capsys, "run", "1_first.yaml")


SETTINGS = {
    "dais=3": "dais: unknown key 'dais' (did you mean 'days'?",
    "parties.pol.count=3": "parties.pol.count: there is no party 'pol' (did you mean 'pool'?)",
    "parties.pool.cuont=3": "parties.pool.cuont: unknown key 'cuont' (did you mean 'count'?",
    "parties.pool.count.x=3": "parties.pool.count.x: parties.pool.count is 10 and holds no keys",
    "relations.9.every=3": "relations.9.every: relations is a list of 4 and has no item '9'",
    "relations.x=3": "relations.x: relations is a list of 4 and has no item 'x'",
    "days": "should be key=value",
    "=3": "should be key=value",
    "criteria.north.x=3": "criteria: north has no parameters in this world",
    "parties.acme.capital=5": "parties.acme.capital: unknown key 'capital'",
    "days=-1": "days: -1 should be greater than 0",
    "days=[1": "is not valid YAML",
    "seed=!!int 3": "tags such as !!int are not read",
    "panel.prompts=1": "panel.prompts: 1 should be greater than or equal to 20",
}


@pytest.mark.slow
@pytest.mark.parametrize("setting", list(SETTINGS))
def test_overrides_are_checked(setting: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "run", str(BASE), "--set", setting)
    assert said.startswith(f"--set {setting}:")
    assert SETTINGS[setting] in said
    assert not any(empty.iterdir())


CRITERIA = {
    "brief: {ideal: many}": "criteria.brief.ideal: 'many' should be a valid integer",
    "brief: {idael: 3}": "criteria.brief.idael: unknown key 'idael' (did you mean 'ideal'?",
    "brief: short": "criteria: brief should be a mapping of parameters",
    "breif: {}": "criteria.breif: there is no criterion called 'breif' (did you mean 'brief'?",
}


@pytest.mark.parametrize("entry", list(CRITERIA))
def test_parameters_of_criteria_are_checked(entry: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"extends: {BASE}\nworld: almanac\ncriteria:\n  {entry}\n"
    (empty / "scenario.yaml").write_text(text, encoding="utf-8")
    said = refused(capsys, "validate", "scenario.yaml")
    assert CRITERIA[entry] in said
    assert said.startswith(("scenario.yaml:4:", "scenario.yaml:3:1:"))


@pytest.mark.parametrize(
    "argv",
    [
        ["run"],
        ["run", "--sed", "3", "x.yaml"],
        ["run", "x.yaml", "--seed", "-1"],
        ["run", "x.yaml", "--seed", "1e3"],
        ["run", "x.yaml", "--seed", "9223372036854775808"],
        ["run", "x.yaml", "--device", "tpu"],
        ["rnu", "x.yaml"],
        [],
        ["run", "x.yaml", "--plugins", "nowhere.py"],
    ],
    ids=" ".join,
)
def test_malformed_command_lines_are_refused(argv: list[str], empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err
    assert "Traceback" not in printed.err


@pytest.mark.slow
def test_a_file_with_endless_mistakes_is_not_printed_without_end(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty / "many.yaml").write_text("".join(f"key{n}: 1\n" for n in range(5000)))
    assert main(["run", "many.yaml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 31
    assert re.fullmatch(r"… and \d+ more problems", lines[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unknown_key.yaml", "alias_bomb.yaml", "broken_plugin/scenario.yaml"])
def test_the_real_program_refuses_too(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simlab", "run", str(FOLDER / name)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent.parent), "SIMLAB_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert str(FOLDER / name) in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())
