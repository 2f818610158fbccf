"""Every law says which code of a run it observes: the code is there, and is executed while the law is observed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from simlab.theory import LAWS
from simlab.theory.whole_runs import forget

ROOT = Path(__file__).parent.parent.parent
NO_RUN = "no run: "
PLAYED = [name for name, law in LAWS.items() if law.shares]


def paths(name: str) -> list[tuple[str, str]]:
    """File and qualified name of each piece of code that a law names."""
    said = LAWS[name].path
    if said.startswith(NO_RUN):
        said = said.removeprefix(NO_RUN).partition(",")[0]
    return [(file, code) for file, _, code in (part.partition(":") for part in said.split(", "))]


def defined(tree: ast.Module) -> Iterator[str]:
    """Qualified names of functions and methods."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))


@pytest.mark.parametrize("name", LAWS)
def test_the_code_that_a_law_names_is_there(name: str) -> None:
    for file, code in paths(name):
        assert code in set(defined(ast.parse((ROOT / file).read_text()))), (file, code)


def executed(name: str) -> set[tuple[str, str]]:
    """File and qualified name of all code of the simulator that one observation of a law executes."""
    seen: set[Any] = set()

    def note(frame: FrameType, event: str, arg: Any) -> None:
        seen.add(frame.f_code)

    law = LAWS[name]
    forget()
    sys.setprofile(note)
    try:
        law.observe(1000, **law.points[0])
    finally:
        sys.setprofile(None)
    return {(str(Path(code.co_filename).resolve()), code.co_qualname) for code in seen}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_an_observation_executes_it(name: str) -> None:
    """Of laws that are observed from whole runs, a run does."""
    found = executed(name)
    for file, code in paths(name):
        assert (str((ROOT / file).resolve()), code) in found, (file, code)


def test_laws_of_runs_name_no_code_that_runs_do_not_execute() -> None:
    assert [name for name in PLAYED if LAWS[name].path.startswith(NO_RUN)] == []
