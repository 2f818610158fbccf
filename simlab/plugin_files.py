"""Plugin files on disk: which files are plugins, their content hash, and importing one by its path."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import sys
import traceback
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_MODULE = "simlab_plugin_"  # how the names of modules begin that are plugin files
_announced: set[str] = set()  # modules of installed packages that announced themselves as plugins
CONTENT = "_content_sha256"  # of a registered class and its bases in the plugin: the content hash, as imported
_CONTRACTS = {
    "Component", "Criterion", "RaterPolicy", "Effort", "Review", "RewardShape", "LeashedShape", "GuidelinePolicy",
    "Combination", "Charter", "Aggregator", "World", "Logger",
}  # fmt: skip


def plugin_files(path: Path) -> Iterator[Path]:
    """Plugin files at or below a path, sorted: single files, and folders with an `__init__.py` as one plugin.

    Tests, and names that begin with a dot or an underscore, are passed over.
    """
    if path.is_file() or (path / "__init__.py").is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name.startswith((".", "_")) or (child.is_file() and not _is_source(child)):
                continue
            yield from plugin_files(child)


def _is_source(file: Path) -> bool:
    name = file.name
    return file.suffix == ".py" and not (name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py")


def looks_like_plugin(file: Path) -> bool:
    """Whether a file in a folder of mixed content defines a component or a hook, judged without running it.

    A scenario's folder may hold scripts (even one that runs the scenario), which must not run by the way.
    """
    if not _is_source(file) or file.name.startswith((".", "_")):
        return False
    try:
        text = file.read_text(encoding="utf-8")
        body = ast.parse(text).body
    except (OSError, ValueError):
        return False
    except SyntaxError:
        return "simlab" in text  # to be reported as broken
    return any(_is_component(node) for node in body)


def _is_component(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        names = {b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "") for b in node.bases}
        return bool(names & _CONTRACTS)
    if not isinstance(node, ast.FunctionDef):
        return False
    marks = {d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in node.decorator_list}
    return node.name.startswith("simlab_") or "reward_shape" in marks


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names, in sorted order (bytecode aside)."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    names = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    for name in sorted(names):
        if "__pycache__" not in name and not any(part.startswith(".") for part in name.split("/")):
            content = names[name].read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def import_plugin(path: Path, sha256: str) -> ModuleType:
    """Import a plugin by its path, under a name of its own. The same content at the same path is imported once.

    What it prints goes to stderr, and no bytecode is written beside it. Raises whatever the import raises.
    """
    where = hashlib.sha256(f"{path}\0{sha256}".encode(errors="surrogateescape")).hexdigest()[:12]
    name = f"{_MODULE}{path.stem.replace('-', '_').replace('.', '_')}_{where}"
    if name in sys.modules:
        return sys.modules[name]
    package = path.is_dir()
    spec = spec_from_file_location(
        name, path / "__init__.py" if package else path, submodule_search_locations=[str(path)] if package else None
    )
    if spec is None or spec.loader is None:
        raise ImportError("is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except BaseException:
        for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
            del sys.modules[loaded]
        raise
    finally:
        sys.dont_write_bytecode = keep
    return module


def announce(module: ModuleType) -> None:
    """Remember that an installed module is a plugin; those of plugin files are known by their names."""
    _announced.add(module.__name__)


def is_plugin(module: str) -> bool:
    """Whether a module of this name, as in a frame's `__name__`, is a plugin's own code."""
    if module.startswith(_MODULE):
        return True
    return any(module == name or module.startswith(f"{name}.") for name in _announced)


def line_of(error: BaseException, path: Path) -> int | None:
    """The line of the plugin's own file that an error at its import came from, where that is known."""
    line: int | None = getattr(error, "lineno", None)  # of a SyntaxError or a WrongHook
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(str(path)):
            line = frame.lineno
    return line


def reason(error: BaseException, path: Path) -> str:
    """Why a plugin failed, in a line, with the line of the plugin's own file where that is known."""
    line = line_of(error, path)
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {text}"[:300]
