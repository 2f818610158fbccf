"""What a plugin is: its own file, the code of one's own that it imports, packages it imports, and data it reads.

`footprint(file)` follows every import statement of a plugin, also those inside of functions, through all code that is
one's own: files beside it, modules on PYTHONPATH, packages installed with `pip install --editable`. Of an installed
package the version counts. Files that were opened while a plugin was imported count by their contents (see `reads`),
and so do those a class declares in `reads`. The hash is made of names and contents, never of paths.

Not followed are modules whose names are made up while the program runs, unless they are imported together with the
plugin for the first time, and what `reads` cannot see.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

from simlab import opened_files as reads
from simlab.plugins.files import looks_like_plugin
from simlab.provenance import MODULE, content_hash

BESIDE = f"{MODULE}beside_"  # how the names of modules begin that lie beside a plugin
folders: dict[str, Path] = {}  # in which files are imported as parts of a package, by the name of that package
_opened: dict[tuple[str, str], set[str]] = {}  # what a code file (path, SHA-256) opened when it was imported


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a plugin rests on: its name, wherever the project lies; its SHA-256, or the version of a package."""

    label: str
    digest: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Footprint:
    """A plugin's own contents, and all it rests on.

    `modules` are the files of modules that are one's own, by the names by which they are imported; `needs` which of
    them each file of code imports itself.
    """

    own: str
    parts: tuple[Part, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, set[str]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of all of it; of a plugin that rests on nothing else, that of its own file or folder."""
        if not self.parts:
            return self.own
        listed = sorted((part.label, part.digest) for part in self.parts)
        return hashlib.sha256(json.dumps([self.own, listed]).encode()).hexdigest()

    def with_files(self, files: Iterable[Part]) -> Footprint:
        """The same with further files of data."""
        known = {part.path for part in self.parts}
        more = dict.fromkeys(part for part in files if part.path not in known)
        return replace(self, parts=(*self.parts, *more))

    @property
    def code(self) -> frozenset[str]:
        """The files of code that is one's own, the plugin's file or files among them."""
        return frozenset(self.needs)

    def reached(self, file: str) -> set[str]:
        """Names of all modules of one's own that a file of code rests on, itself or through others."""
        found: set[str] = set()
        ahead = [file]
        while ahead:
            more = self.needs.get(ahead.pop(), set()) - found
            found |= more
            ahead += [self.modules[name] for name in more]
        return found


def footprint(path: Path, package: str = "") -> Footprint:
    """What the plugin at this path is, as things are on disk now.

    `package` is the name of the module, if the plugin is an installed one: code of the same package counts by content.
    """
    walk = _Walk(package.partition(".")[0])
    beside = None if package else path.parent
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        walk.follow(file, package if path.is_dir() else package.rpartition(".")[0], beside)
    inside = f"{path}{os.sep}"
    parts = [p for p in walk.parts.values() if p.path != str(path) and not p.path.startswith(inside)]
    return Footprint(content_hash(path), tuple(parts), walk.modules, walk.needs)


def remember(noted: reads.Noted) -> None:
    """Keep what code files opened while they were imported: it is part of whatever imports them."""
    for reader, files in noted.items():
        _opened.setdefault((reader, reads.digest(reader)), set()).update(files)


def opened(reader: str) -> set[str]:
    """What a code file, as it is now, opened when it was imported."""
    return _opened.get((reader, reads.digest(reader)), set())


def state(file: str) -> str:
    """A hash of a code file and of what it opened when it was imported, as they are now."""
    return " ".join([reads.digest(file), *(reads.digest(each) for each in sorted(opened(file)))])


class _Walk:
    """The code and the packages that are reached from a plugin."""

    def __init__(self, package: str) -> None:
        self.package = package  # an installed one whose code counts by content, too
        self.parts: dict[str, Part] = {}  # by path, or by name for packages
        self.modules: dict[str, str] = {}
        self.needs: dict[str, set[str]] = {}

    def follow(self, file: Path, package: str, beside: Path | None) -> None:
        """Follow the imports of a code file of a package ("" if of none), beside which other files may be meant."""
        if str(file) in self.needs:
            return
        self.needs[str(file)] = set()
        for name in _imported(file, package):
            self._module(name, beside, self.needs[str(file)])
        for each in sorted(opened(str(file))):
            if each not in self.parts and (found := reads.digest(each)):
                self.parts[each] = Part(label(each, file.parent), found, each)
                if each.endswith(".py"):
                    self.follow(Path(each), "", Path(each).parent)

    def _module(self, name: str, beside: Path | None, needed: set[str]) -> None:
        """Follow a module by its full name, and the packages it lies in; those of one's own are added to `needed`."""
        top, _, rest = name.partition(".")
        if top.startswith(BESIDE):  # a relative import
            name, beside = rest, folders[top]
            top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == "simlab" or top.startswith(MODULE):
            return
        if beside is not None and not is_beside(top, beside):
            beside = None
        path = [str(beside)] if beside else None
        at = ""
        for part in name.split("."):
            at = f"{at}.{part}" if at else part
            spec = find(f"{private(beside)}.{at}" if beside else at, path)
            if spec is None:
                return
            path = list(spec.submodule_search_locations or ())
            if spec.origin and os.path.isfile(spec.origin):
                if not self._take(spec, at, beside):
                    return
                needed.add(spec.name)
            if not path:
                return

    def _take(self, spec: ModuleSpec, name: str, beside: Path | None) -> bool:
        """Count a module in; False if it is one of an installed package, whose version counts and nothing in it."""
        file = str(spec.origin)
        top = name.partition(".")[0]
        if reads.installed(file) and top != self.package:
            found = distribution(top)
            if found:
                self.parts.setdefault(found[0], Part(found[0], f"=={found[1]}"))
                return False
        if file not in self.parts:
            inside = "/__init__" if spec.submodule_search_locations else ""
            called = f"{name.replace('.', '/')}{inside}{Path(file).suffix}"
            self.parts[file] = Part(called, reads.digest(file), file)
        self.modules[spec.name] = file
        if file.endswith(".py"):
            package = spec.name if spec.submodule_search_locations else spec.name.rpartition(".")[0]
            self.follow(Path(file), package, beside)
        return True


def label(file: str, folder: Path) -> str:
    """What to call a file of data: its path below the folder of whoever reads it, else its name."""
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def private(folder: Path) -> str:
    """The name of the package by which files beside plugins are imported, one for each folder."""
    name = f"{BESIDE}{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    folders[name] = folder
    return name


def is_beside(top: str, folder: Path) -> bool:
    """Whether `import top` means what lies in this folder: it is there, and nothing of Python's own is called so.

    What is there and is a plugin itself is meant only where nothing else has the name: a plugin is often called like
    the package it makes use of.
    """
    file = folder / f"{top}.py"
    if top in sys.stdlib_module_names or top == "simlab" or not top.isidentifier():
        return False
    if (folder / top / "__init__.py").is_file():
        return True
    return file.is_file() and (not looks_like_plugin(file) or find(top, None) is None)


def located(name: str) -> ModuleSpec | None:
    """Where the module of this full name would be imported from."""
    spec, at, path = None, "", None
    for part in name.split("."):
        at = f"{at}.{part}" if at else part
        spec = find(at, path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    return spec


def find(name: str, path: list[str] | None) -> ModuleSpec | None:
    """Where a module would be imported from; nothing is imported for it, not even the package it lies in."""
    for finder in sys.meta_path:
        look = getattr(finder, "find_spec", None)
        try:
            found = look(name, path, None) if look else None
        except Exception:  # a finder of somebody else's
            continue
        if isinstance(found, ModuleSpec):
            return found
    return None


@cache
def distribution(top: str) -> tuple[str, str] | None:
    """Name and version of the installed package that has this top-level module, as far as it says."""
    try:
        return top, metadata.version(top)
    except metadata.PackageNotFoundError:
        named = _distributions().get(top, [])
    return (named[0], metadata.version(named[0])) if named else None


@cache
def _distributions() -> dict[str, list[str]]:
    """Which packages have which top-level modules; it takes a second to find out."""
    return {top: sorted(set(names)) for top, names in metadata.packages_distributions().items()}


def _imported(file: Path, package: str) -> Iterator[str]:
    """Full names of all modules that a file may import, wherever in it; names in modules may be among them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return
    for node in _nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if package and node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base and not (node.level and not package):
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _is_import(node.func):
            said = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
            if isinstance(said, str) and said and not said.startswith("."):
                yield said


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a file but what is there for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield other
                yield from _nodes(other)
        else:
            yield child
            yield from _nodes(child)


def _is_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")
