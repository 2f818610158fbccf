"""The README, executed: its blocks in order, in one fresh directory that holds a copy of `scenarios/`.

A `bash` block runs with the environment's programs on the PATH, a `python` block in a process of its own. A block
whose first line is a comment with a file's name (`# plugins/humble.py`, `# humble.yaml`) becomes that file. A `text`
block is output, and is only looked at by people. The two commands the README opens with make environments of their
own; they are checked for their form.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import simlab
from simlab.tables.schemas import TABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN_JOB = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/simlab run scenarios/01_first.yaml"
TESTS = "bash .ci/run"


class Block(NamedTuple):
    """A fenced block: its language, its text, and the file it is to become, if any."""

    language: str
    text: str
    file: str


def blocks(text: str = README.partition("## A first session")[2]) -> list[Block]:
    """The blocks of a part of the README, or all of them but the two it opens with."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    named = re.compile(r"# ([\w/.-]+\.(?:py|yaml))\n")
    return [Block(language, text, m[1] if (m := named.match(text)) else "") for language, text in found]


def plugin_walk() -> list[Block]:
    """The blocks by which a reader makes a criterion and uses it."""
    return blocks(README.partition("**Write a criterion of your own.**")[2].partition("**Or take what ships.**")[0])


def execute(block: Block, folder: Path, **settings: str) -> str:
    """Do what a reader would do with a block, and return what went to stderr; AssertionError where that fails."""
    if block.file:
        (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.file).write_text(block.text, encoding="utf-8")
        return ""
    command = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}[block.language]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8", **settings}
    done = subprocess.run(
        [*command, block.text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    told = f"\n{block.text}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == 0, told
    assert done.stdout, f"a block that prints nothing teaches nothing:{told}"
    assert "Warning" not in done.stderr, told
    return done.stderr


@pytest.mark.slow
def test_every_block_does_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    walk = plugin_walk()
    for block in blocks():
        if block.language != "text" and block not in walk:
            execute(block, tmp_path)
    assert {"first", "eighty"} <= {run.name for run in (tmp_path / "runs").iterdir()}


@pytest.mark.slow
def test_the_plugin_walk(tmp_path: Path) -> None:
    """From an empty folder (with the shipped scenarios) to a column in pandas: two lines edited, and torch is imported
    by nothing but `run`."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    torch = re.compile(r"\| +torch$", re.MULTILINE)
    for block in plugin_walk():
        if block.file.endswith(".py"):
            draft = (tmp_path / block.file).read_text(encoding="utf-8").splitlines()
            edited = block.text.splitlines()[1:]  # its first line is the file's name
            assert len(draft) == len(edited)
            assert sum(a != b for a, b in zip(draft, edited, strict=True)) == 2
            block = block._replace(text=block.text.partition("\n")[2])
        said = execute(block, tmp_path, PYTHONPROFILEIMPORTTIME="1")
        assert bool(torch.search(said)) == ("simlab run" in block.text), block.text
    humble, control = (simlab.load(tmp_path / "runs" / name).responses for name in ("humble", "control"))
    assert humble.humble.isin([0, 1]).all()
    before, after = (rows[rows["round"] == 0].humble.to_list() for rows in (humble, control))
    assert before == after  # both start from the same model


def test_it_opens_with_the_two_commands() -> None:
    title, sentence, *_ = (line for line in README.splitlines() if line)
    assert title == "# simlab"
    assert sentence.endswith(".")
    opening = README.partition("\n## ")[0]
    assert re.findall(r"^```bash\n(.*?)^```$", opening, flags=re.MULTILINE | re.DOTALL) == [
        f"{MAIN_JOB}\n",
        f"{TESTS}\n",
    ]
    assert (ROOT / "scenarios" / "01_first.yaml").is_file()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_block_is_of_a_kind_that_is_executed() -> None:
    for block in blocks():
        assert block.language in ("bash", "python", "yaml", "text"), block
        assert block.file or block.language != "yaml", f"a yaml block begins with its file's name: {block}"


def test_every_table_has_a_line() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE)) == sorted(TABLES)


def test_what_it_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
    listed = [link for link in links if link.startswith("scenarios/")]
    assert set(listed) >= {f"scenarios/{file.name}" for file in (ROOT / "scenarios").glob("*.yaml")}
