"""Importing plugins: each under a name of its own, from its source as it is now, with what lies beside it.

A plugin file may say `import helper` where helper.py (or a folder with an `__init__.py`) lies beside it, and so may
helper.py. It means that file whatever else is called so elsewhere, and no other project's plugins see it: such imports
are compiled into imports of a private package, one for each folder; `sys.path` stays as it is. Code of one's own is
always run from its source, so that what was hashed is what runs; where it was edited since it was imported, it is
imported anew together with all that rests on it.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module, invalidate_caches
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from simlab import opened_files as reads
from simlab.paths import staying
from simlab.plugins.footprint import Footprint, folders, footprint, is_beside, located, private, remember, state
from simlab.provenance import MODULE

_BEGAN = time.time()  # what was imported before simlab, and has not changed on disk since, is what is on disk
_imported: dict[Path, tuple[str, ModuleType]] = {}  # plugins by path: the hash of their footprint, and their module
_ran: dict[str, str] = {}  # modules of one's own that plugins imported, by name: their state at that time
_followed: dict[str, str] = {}  # names of such modules, whether or not imported, and their files


def import_plugin(path: Path) -> tuple[ModuleType, Footprint]:
    """Import the plugin at a path, and say what it is. One that is still what it was is not imported again.

    What it prints goes to stderr, no bytecode is written beside it, and the current folder stays what it is. Raises
    whatever the import raises.
    """
    invalidate_caches()
    before = footprint(path)
    known = _imported.get(path)
    if known is not None and known[0] == before.sha256 and not _stale(before):
        return known[1], before
    module = _imported_anew(path, before)
    found = footprint(path)
    _imported[path] = found.sha256, module
    return module, found


def import_builtin(path: Path, sha256: str) -> ModuleType:
    """Import a plugin that comes with simlab: it rests on nothing but simlab, and its file is all it is."""
    known = _imported.get(path)
    if known is None or known[0] != sha256:
        known = _imported[path] = sha256, _executed(path, sha256, None)
    return known[1]


def import_entry_point(point: Any) -> tuple[Any, ModuleType, Path, Footprint]:
    """What an installed package announces, its module, the file or folder of that, and what it is.

    Of an installed package that is edited in place (`pip install --editable`), edited code is imported anew.
    """
    spec = located(point.module)
    before = _of_module(spec) if spec is not None else None
    if before is not None:
        refresh(before)
    with taken_down(before or Footprint("")), staying():
        thing = point.load()
    module = thing if isinstance(thing, ModuleType) else import_module(thing.__module__)
    found = _of_module(module.__spec__) if module.__spec__ is not None else None
    if found is None:
        raise ImportError("is not a Python file")
    source = Path(str(module.__file__))
    return thing, module, source.parent if source.name == "__init__.py" else source, found


def _of_module(spec: ModuleSpec) -> Footprint | None:
    """What a plugin is that is a module of an installed package."""
    if not spec.origin or not os.path.isfile(spec.origin):
        return None
    file = Path(spec.origin)
    found = footprint(file.parent if file.name == "__init__.py" else file, spec.name)
    return replace(found, modules={**found.modules, spec.name: spec.origin})


def refresh(found: Footprint) -> None:
    """Forget modules of one's own that are no longer what they were, so that they are imported anew when needed."""
    _followed.update(found.modules)
    reads.own(set(found.modules.values()))
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    for name in _stale(found):
        _forget(name)


@contextlib.contextmanager
def taken_down(found: Footprint) -> Iterator[None]:
    """Import a plugin's code in this block: what it opens, and in which state its modules are, is kept."""
    with reads.noting() as noted:
        yield
    remember(noted)
    for name, file in found.modules.items():
        if name in sys.modules:
            _ran[name] = state(file)


def _imported_anew(path: Path, found: Footprint) -> ModuleType:
    refresh(found)
    reads.own({str(file) for file in ([path] if path.is_file() else path.rglob("*.py"))})
    with taken_down(found):
        return _executed(path, found.sha256, path.parent)


def _executed(path: Path, sha256: str, beside: Path | None) -> ModuleType:
    """The module of a plugin file or package folder, under a name of its own; of one's own with what lies beside it."""
    where = hashlib.sha256(b"\0".join([os.fsencode(path), sha256.encode()])).hexdigest()[:12]
    name = f"{MODULE}{path.stem.replace('-', '_').replace('.', '_')}_{where}"
    package = path.is_dir()
    file = str(path / "__init__.py" if package else path)
    loader = (SourceFileLoader if beside is None else _Source)(name, file)
    spec = spec_from_file_location(
        name, file, loader=loader, submodule_search_locations=[str(path)] if package else None
    )
    if spec is None or spec.loader is None:
        raise ImportError("is not a Python file")
    _forget(name)
    if beside is not None:
        folders[name] = beside
    module = sys.modules[name] = module_from_spec(spec)
    with _undisturbed(name, bytecode=beside is None):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _undisturbed(name: str, bytecode: bool) -> Iterator[None]:
    """Import a plugin in this block; neither stdout nor the current folder show it, nor a failure, nor, unless
    `bytecode` may be kept as for any module, files."""
    keep = sys.dont_write_bytecode
    sys.dont_write_bytecode = keep or not bytecode
    try:
        with staying(), contextlib.redirect_stdout(sys.stderr):
            yield
    except BaseException:
        _forget(name)
        raise
    finally:
        sys.dont_write_bytecode = keep


# ---- what changed meanwhile ----------------------------------------------------------------------------------------


def _stale(found: Footprint) -> list[str]:
    """Which modules of one's own, imported already, are not what they would be if they were imported now."""
    there = {name: file for name, file in found.modules.items() if name in sys.modules}
    old = {name for name, file in there.items() if _is_old(name, file)}
    return [name for name, file in there.items() if name in old or found.reached(file) & old]


def _is_old(name: str, file: str) -> bool:
    if getattr(sys.modules[name], "__file__", None) != file:
        return True
    if name in _ran:
        return _ran[name] != state(file)
    stat = os.stat(file)  # imported by somebody else, who knows when
    return max(stat.st_mtime, stat.st_ctime) >= _BEGAN


def _forget(name: str) -> None:
    """Take a module, and those in it if it is a package, out of Python's memory."""
    if name not in sys.modules:
        return
    for loaded in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
        del sys.modules[loaded]
        _ran.pop(loaded, None)
        parent, _, last = loaded.rpartition(".")
        if parent in sys.modules and last in vars(sys.modules[parent]):
            delattr(sys.modules[parent], last)


# ---- finding and running -------------------------------------------------------------------------------------------


class _Source(SourceFileLoader):
    """Runs a module from its source as it is now; compiled code on disk is neither read nor written."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path)
        folder = folders.get(fullname.partition(".")[0])  # beside which other files are meant, too
        if folder is None:
            return self.source_to_code(source, path)
        tree = _Beside(folder, Path(path)).visit(ast.parse(source, path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _ran[module.__name__] = state(str(module.__file__))


class _Beside(ast.NodeTransformer):
    """Imports of what lies beside a plugin, as imports from its folder's private package."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.package, self.file = folder, private(folder), file

    def _means(self, name: str | None) -> bool:
        top = (name or "").partition(".")[0]
        own = self.folder / f"{top}.py" == self.file or (self.folder / top) in self.file.parents
        return bool(top) and not own and is_beside(top, self.folder)

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for alias in node.names:
            if not self._means(alias.name):
                made.append(ast.Import([alias]))
                continue
            top = alias.name.partition(".")[0]
            made.append(ast.Import([ast.alias(f"{self.package}.{alias.name}", alias.asname or top)]))
            if alias.name != top and not alias.asname:  # `import a.b` is to bind a
                made.append(ast.Import([ast.alias(f"{self.package}.{top}", top)]))
        return [ast.copy_location(each, node) for each in made]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if node.level or not self._means(node.module):
            return node
        return ast.copy_location(ast.ImportFrom(f"{self.package}.{node.module}", node.names, 0), node)


class _Finder(MetaPathFinder):
    """Finds what lies beside plugins and within them, and has all code of one's own run from its source."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in folders:
            return self._beside(fullname, folders[top], path)
        if fullname not in _followed:
            return None
        others: list[Any] = [finder for finder in sys.meta_path if finder is not self]
        found = (f.find_spec(fullname, path, target) for f in others if hasattr(f, "find_spec"))
        return _from_source(next((spec for spec in found if spec is not None), None))

    def _beside(self, fullname: str, folder: Path, path: Sequence[str] | None) -> ModuleSpec | None:
        if "." in fullname:
            return _from_source(PathFinder.find_spec(fullname, path))
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        return spec


def _from_source(spec: ModuleSpec | None) -> ModuleSpec | None:
    """The same module, run from its source."""
    if spec is not None and isinstance(spec.loader, SourceFileLoader):
        spec.loader = _Source(spec.name, spec.loader.path)
    return spec


_FINDER = _Finder()
