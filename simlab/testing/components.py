"""What holds for plugins of every kind: they say what they are, whose idea that is, and what their parameters mean."""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from simlab.components.component import parameters
from simlab.docstrings import docstring
from simlab.testing.contract import Subject, check

_YEAR = re.compile(r"\b1[4-9]\d\d\b|\b20\d\d\b")
_CITED = re.compile(r"ch\. \d|Kockelman|arXiv|doi|https?://|\b[Ss]ource: \S", re.IGNORECASE)
_HEAVY = ("torch", "pandas", "scipy", "pyarrow", "matplotlib", "transformers")


@check()
def made(subject: Subject) -> Iterator[str]:
    """It can be made of its defaults, or of its `example` where some parameters have none."""
    try:
        subject.made()
    except ValueError as error:
        reason = " ".join(str(error).split("\n    For further", 1)[0].split())
        yield f"cannot be made of {dict(subject.parameters)}: {reason} (give it an example = {{…}} of its parameters)"


@check()
def documented(subject: Subject) -> Iterator[str]:
    """The class has a docstring, and every parameter a description."""
    if not docstring(subject.cls):
        yield "the class has no docstring"
    for name, parameter in subject.cls.model_fields.items():
        if not (parameter.description or "").strip():
            yield f'the parameter {name!r} has no description (write {name}: … = Field(…, description="…"))'


@check()
def sourced(subject: Subject) -> Iterator[str]:
    """Its docstring, or its file's, cites a source: a work with its year, a chapter, an address, or "Source: …"."""
    module = sys.modules.get(subject.cls.__module__)
    text = f"{docstring(subject.cls)}\n{docstring(module) if module else ''}"
    if not (_YEAR.search(text) or _CITED.search(text)):
        yield 'the docstring cites no source (name the paper and its year, or write "Source: own idea")'


@check()
def strict(subject: Subject) -> Iterator[str]:
    """A parameter that does not exist is refused, so that no typing error goes unnoticed."""
    if subject.cls.model_config.get("extra") != "forbid":
        yield "accepts parameters that do not exist (leave model_config as it is)"
    if not subject.cls.model_config.get("frozen"):
        yield "its parameters can be changed after they were checked (leave model_config as it is)"


@check()
def yaml(subject: Subject) -> Iterator[str]:
    """Its parameters, written to a scenario file and read again, make the same plugin."""
    try:
        plugin = subject.made()
    except ValueError:
        return  # another check says so
    writer = YAML(typ="safe", pure=True)
    text = io.StringIO()
    written = parameters(plugin)
    try:
        writer.dump(written, text)
        read = {name: value for name, value in writer.load(text.getvalue()).items() if name != "kind"}
        again = subject.cls.model_validate(read)
    except Exception as error:
        yield f"its parameters {written} do not come back from YAML: {' '.join(str(error).split())}"
        return
    for name in subject.cls.model_fields:
        before, after = getattr(plugin, name), getattr(again, name)
        if before != after and before == before:  # NaN differs from itself
            yield f"its parameter {name!r} was {before!r}, and comes back from YAML as {after!r}"


@check()
def light(subject: Subject) -> Iterator[str]:
    """Importing it imports nothing heavy: torch, pandas and the like are imported in the methods that need them."""
    try:
        file = Path(inspect.getfile(subject.cls))
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, TypeError):
        return
    for node in _executed(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for name in names:
            if name.split(".")[0] in _HEAVY:
                yield f"imports {name} whenever it is loaded; import it inside the method ({file.name}:{node.lineno})"


def _executed(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that are executed when a file is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        yield from _executed(child)
