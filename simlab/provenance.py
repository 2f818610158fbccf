"""Provenance: whose code a class is, the hash of it, and the version of simlab."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

MODULE = "simlab_plugin_"  # how the names of modules begin that are plugin files, or files beside them
CONTENT = "_content_sha256"  # of a registered class and its bases in the plugin: the hash of what it is, as imported
CODE = "_code_files"  # of the same: the files of code that is one's own and run on its behalf

_announced: set[str] = set()  # modules of installed packages that announced themselves as plugins


@cache
def simlab_version() -> str:
    """The installed version of simlab, or "0" from a bare checkout."""
    try:
        return version("simlab")
    except PackageNotFoundError:
        return "0"


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


def announce(module: ModuleType) -> None:
    """Remember that an installed module is a plugin; those of plugin files are known by their names."""
    _announced.add(module.__name__)


def is_plugin(module: str) -> bool:
    """Whether a module of this name, as in a frame's `__name__`, is a plugin's own code."""
    if module.startswith(MODULE):
        return True
    return any(module == name or module.startswith(f"{name}.") for name in _announced)
