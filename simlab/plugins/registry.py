"""Plugins: where they are looked for, how they are loaded, and which component a name means.

One file, one class, nothing else needed: `discover` imports every plugin file it finds and registers each
component class the file *defines*. Built-ins go through the same door as a user's own. A broken file is
remembered with its reason; only scenarios that need what it defines are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from simlab.components.component import Component
from simlab.errors import FAILURES, InvalidInput, Problem, defined
from simlab.names import CALLED, clip, composed, from_here, suggestion
from simlab.paths import given, in_full, listed
from simlab.plugins.classes import defined_by, fault_of, line_of_class, own_parts
from simlab.plugins.files import Search, line_of, looks_like_plugin, plugin_files, reason
from simlab.plugins.footprint import Footprint, Part, label
from simlab.plugins.hooks import Hooks, hooks_of, meant_as_hooks
from simlab.plugins.importing import import_builtin, import_entry_point, import_plugin
from simlab.plugins.watchdog import watched
from simlab.provenance import CODE, CONTENT, announce, content_hash, simlab_version

GROUP = "simlab"  # the entry-point group of installed packages
BUILT_IN, BESIDE = "built in", "beside the scenario"  # where plugins were found
NOTHING = "defines no component and no hook"
IMPORT = 60.0  # seconds the import of a plugin file may take


@dataclass(frozen=True, slots=True)
class Entry:
    """One component, or one plugin that defines none: what it is called, where it is from, and whether it works.

    `kind` is a kind of component, as "criterion" or "world"; "hooks" for a plugin of hooks only, "" for a
    broken one. `line` is where a broken one is broken, as far as that is known; `version` that
    of the installed package it came with (simlab's own for a built-in), "" if it came with none. `sha256` is the hash
    of all it is (see `footprint`), `parts` what that is beside its own file: names, and hashes or versions;
    `found` says where it was found.
    """

    name: str
    kind: str
    cls: type[Component] | None
    source: Path
    ok: bool
    error: str
    sha256: str
    line: int | None = None
    version: str = ""
    found: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def place(self) -> str:
        """`file:line`, as seen from the current folder."""
        if self.cls is not None and (where := defined(self.cls)):
            return where
        return f"{from_here(self.source)}:{self.line}" if self.line else from_here(self.source)


@dataclass(frozen=True, slots=True)
class _Source:
    """Of what is being loaded: the version of the package it came with, and where it was found."""

    version: str = ""
    found: str = ""


class Registry:
    """The plugins one application has found. `entries` lists them in order of discovery, broken ones included."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._components: dict[tuple[str, str], Entry] = {}
        self._shadows: dict[tuple[str, str], Entry] = {}  # what would be called as something else already is
        self._seen: set[Path] = set()
        self.folders: list[Path] = []  # local plugin files and package folders, as found: enough to find them again
        self.hook = Hooks()  # of all plugins, to be called by name with keyword arguments
        self.looked: list[str] = []  # where plugins were looked for, in words
        self._from = _Source()  # of what is being loaded

    # ---- asking -------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str) -> type[Component]:
        """The component class of this kind and name. Raises `InvalidInput` with the closest name if there is none."""
        entry = self._components.get((kind, name))
        if entry is None or entry.cls is None:
            raise InvalidInput(self.unknown(kind, name))
        return entry.cls

    def names(self, kind: str) -> list[str]:
        """Names of the components of this kind, in order of discovery."""
        return [name for k, name in self._components if k == kind]

    def classes(self) -> Iterator[type[Component]]:
        """Every component class, in order of discovery."""
        return (entry.cls for entry in self.entries if entry.cls is not None)

    def unknown(self, kind: str, name: str) -> Problem:
        """What to say where a scenario names a component that is not there."""
        broken = [e for e in self.entries if not e.ok]
        guilty = [e for e in broken if e.name == name] or broken
        fix = suggestion(name, self.names(kind))
        if guilty:
            files = "; ".join(f"{from_here(e.source)}: {e.error}" for e in guilty[:3])
            fix = f"{fix}; plugin files that failed to load: {files}"
        if self.looked:
            fix = f"{fix}; looked in {', '.join(self.looked)}"
        return Problem(f"there is no {CALLED.get(kind, kind)} called {clip(name)!r}", fix)

    def doubtful(self, kind: str, name: str) -> Problem | None:
        """What to say where a scenario names a component that two plugins define; None if it is one."""
        entry, shadow = (found.get((kind, name)) for found in (self._components, self._shadows))
        if entry is None or shadow is None:
            return None
        what = f"the {CALLED.get(kind, kind)} {name!r} is defined by {entry.place} and again by {shadow.place}"
        return Problem(what, "rename one of them, or leave out ./plugins with --no-local-plugins")

    def hashes(self, used: Iterable[tuple[str, str]]) -> dict[str, str]:
        """SHA-256 of what each (kind, name) is, with all it rests on, as {"kind:name": hash}."""
        return {f"{kind}:{name}": self._components[kind, name].sha256 for kind, name in used}

    def rests(self, used: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
        """What each (kind, name) of one's own is made of: its file and the rest, by name, with hashes or versions."""
        entries = {f"{kind}:{name}": self._components[kind, name] for kind, name in used}
        return {
            name: {e.source.name: content_hash(e.source), **{part.label: part.digest for part in e.parts}}
            for name, e in entries.items()
            if e.found != BUILT_IN
        }

    def aside(self, used: Iterable[tuple[str, str]] = ()) -> dict[Path, str]:
        """Files in the scenario's folder, where other scripts may lie, too, that were run as plugins; and as which. If
        anything is `used`, as (kind, name), those of which something is are left out, and so are hooks."""
        found: dict[Path, list[str]] = {}
        meant = {e.source for e in self.entries if (e.kind, e.name) in {*used}} if used else set()
        for e in self.entries:
            if e.found == BESIDE and not (used and (e.source in meant or e.kind == "hooks")):
                found.setdefault(e.source, []).append(f"{CALLED.get(e.kind, e.kind)} {e.name!r}" if e.cls else e.kind)
        return {path: ", ".join(names) for path, names in found.items()}

    def refused(self) -> list[Problem]:
        """Plugins that would look on at every run if they were not broken: no run starts without them."""
        return [_problem(e) for e in self.entries if e.kind == "hooks" and not e.ok]

    # ---- loading ------------------------------------------------------------------------------------------------

    def copy(self) -> Registry:
        """One with the same plugins, to which others can be added."""
        other = Registry()
        other.entries, other._components, other._shadows = [*self.entries], {**self._components}, {**self._shadows}
        other._seen, other.folders, other.looked = {*self._seen}, [*self.folders], [*self.looked]
        other.hook = self.hook.copy()
        return other

    def load_file(self, path: Path, version: str = "", found: str = "") -> bool:
        """Import a plugin file or package folder and register what it defines; a broken one is remembered.

        Returns False if this file was loaded before. `version` is that of what it came with, `found` where it was.
        """
        path = path.resolve()
        if path in self._seen:
            return False
        self._seen.add(path)
        self._from = _Source(version, found)
        own = ""
        try:
            own = content_hash(path)
            with watched(IMPORT):
                builtin = found == BUILT_IN
                module, made_of = (import_builtin(path, own), Footprint(own)) if builtin else import_plugin(path)
            self._register_module(module, path, made_of)
        except FAILURES as error:
            self._broken(path, own, reason(error, path), line_of(error, path))
        finally:
            self._from = _Source()
        return True

    def load_entry_point(self, point: Any) -> None:
        """Register what an installed package announces: a module, or a component class."""
        source = Path(point.name)
        self._from = _Source(getattr(point.dist, "version", ""), f"installed: {getattr(point.dist, 'name', '')}")
        try:
            with watched(IMPORT):
                thing, module, source, made_of = import_entry_point(point)
            announce(module)
            if isinstance(thing, ModuleType):
                self._register_module(module, source, made_of)
            else:
                self._add(thing, source, _with_reads(made_of, [thing], source))
        except FAILURES as error:
            self._broken(source, "", f"entry point {point.name}: {reason(error, source)}", line_of(error, source))
        finally:
            self._from = _Source()

    def stopped(self, folder: Path, why: str) -> None:
        """Remember that a search for plugins did not see all of a folder."""
        self.entries.append(Entry(folder.name, "", None, folder, False, why, ""))

    def drop_helpers(self) -> None:
        """Take files that define nothing off the list of broken plugins where other plugins import them."""
        used = {part.path for entry in self.entries for part in entry.parts}
        self.entries = [
            e for e in self.entries if e.error != NOTHING or not used & {str(e.source), f"{e.source}/__init__.py"}
        ]

    def _entry(self, name: str, kind: str, cls: type[Component] | None, source: Path, error: str, **more: Any) -> Entry:
        at: dict[str, Any] = {"version": self._from.version, "found": self._from.found}
        return Entry(name, kind, cls, source, not error, error, **more, **at)

    def _broken(self, source: Path, sha256: str, error: str, line: int | None) -> None:
        kind = "hooks" if meant_as_hooks(source) else ""
        self.entries.append(self._entry(source.stem, kind, None, source, error, sha256=sha256, line=line))

    def _register_module(self, module: ModuleType, source: Path, made_of: Footprint) -> None:
        before = len(self.entries)
        self.hook.listen(module)
        registers = self.hook.register_of(module)
        classes: list[type[Component]] = []
        if registers:
            registers(register=classes.append)
        else:
            classes += defined_by(module)
        made_of = _with_reads(made_of, classes, source)
        for cls in classes:
            self._add(cls, source, made_of)
        if len(self.entries) == before:
            hooks = any(hooks_of(module))
            error, kind = ("", "hooks") if hooks else (NOTHING, "")
            self.entries.append(
                self._entry(source.stem, kind, None, source, error, sha256=made_of.sha256, parts=made_of.parts)
            )

    def _add(self, cls: type[Component], source: Path, made_of: Footprint) -> None:
        """Register one class, under its name with composed letters, or say why not."""
        if isinstance(cls, type) and isinstance(spelt := getattr(cls, "name", None), str) and not spelt.isascii():
            cls.name = composed(spelt)
        error = fault_of(cls)
        name, kind = (str(getattr(cls, trait, "")) for trait in ("name", "kind"))
        other = self._components.get((kind, name))
        if not error and other is not None:
            error = f"the {CALLED.get(kind, kind)} {name!r} is already defined by {from_here(other.source)}; rename one"
        made, line = None if error else cls, line_of_class(cls) if error else None
        more: dict[str, Any] = {"sha256": made_of.sha256, "line": line, "parts": made_of.parts}
        entry = self._entry(name or source.stem, kind, made, source, error, **more)
        self.entries.append(entry)
        if other is not None:
            self._shadows[kind, name] = entry
        if not error:
            self._components[kind, name] = entry
            for part in own_parts(cls, source):
                setattr(part, CONTENT, made_of.sha256)
                setattr(part, CODE, made_of.code)


def _with_reads(made_of: Footprint, classes: Sequence[Any], source: Path) -> Footprint:
    """A footprint with the files that classes declare in `reads`. Raises ValueError if one is not there."""
    folder = source if source.is_dir() else source.parent
    said = [(cls, getattr(cls, "reads", ())) for cls in classes]
    declared = {folder / n: cls for cls, names in said for n in ([names] if isinstance(names, str) else names)}
    parts = []
    for file, cls in declared.items():
        sha256 = content_hash(file) if file.exists() else ""
        if not sha256:
            raise FileNotFoundError(f"class {cls.__name__} reads {str(file.relative_to(folder))!r}, which is not there")
        parts.append(Part(label(str(file), folder), sha256, str(file)))
    return made_of.with_files(parts)


def _problem(broken: Entry) -> Problem:
    """What is wrong with a plugin, at its line where that is known."""
    what = re.sub(r"^line \d+: |^WrongHook: |^line \d+: WrongHook: ", "", broken.error)
    fix = "" if what.endswith(")") else "mend it, or take it away"
    return Problem(what, fix, from_here(broken.source), broken.line)


def builtin_folder() -> Path:
    """Where built-ins are: inside an installed package, or in the source checkout."""
    package = Path(__file__).parent.parent  # simlab
    return package / "_plugins" if (package / "_plugins").is_dir() else package.parent / "plugins"


def discover(scenario_dir: Path | str | None = None, extra: Sequence[Path | str] = (), local: bool = True) -> Registry:
    """Find and load all plugins, in this order: built-ins, installed packages (entry-point group `simlab`),
    `./plugins` (recursively), the scenario's folder (plugin files directly in it), `extra` files and folders.

    `local=False` leaves out `./plugins` and the scenario's folder; what `extra` names explicitly is still loaded.
    Never raises for a broken plugin; raises `InvalidInput` if an `extra` path does not exist.
    """
    built_in = tuple((file, _state(file)) for file in plugin_files(builtin_folder()))
    registry, extra = _built_in(built_in).copy(), listed(extra)
    points = sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value))
    for point in points:
        registry.load_entry_point(point)
    registry.looked += [f"{len(points)} installed packages" if points else "no installed package"]
    for search, found in _local(scenario_dir if local else None, extra, local, registry):
        for file in search:
            if registry.load_file(file, found=found):
                registry.folders.append(file.resolve())
    registry.drop_helpers()
    return registry


@lru_cache(maxsize=1)
def _built_in(files: tuple[tuple[Path, object], ...]) -> Registry:
    """The built-ins, which are loaded once for as long as their files are what they were: not for every run."""
    registry = Registry()
    for file, _ in files:
        registry.load_file(file, simlab_version(), BUILT_IN)
    return registry


def _state(path: Path) -> object:
    """What tells whether a plugin that ships has changed."""
    if path.is_dir():
        return content_hash(path)
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _local(
    scenario_dir: Path | str | None, extra: Sequence[Path | str], here: bool, registry: Registry
) -> Iterator[tuple[list[Path], str]]:
    """Files that are no part of simlab or of an installed package, with where they were found."""
    if here:
        own = Path("plugins")
        yield [file for file in _searched(own, registry) if not _is_copy(file)] if own.is_dir() else [], "./plugins"
        registry.looked.append(f"{in_full(own)}{'' if own.is_dir() else ' (which is not there)'}")
    if scenario_dir is not None and Path(scenario_dir).is_dir():
        beside = sorted(Path(scenario_dir).glob("*.py"))
        yield [file for file in beside if looks_like_plugin(file)], BESIDE
        registry.looked.append(f"{from_here(in_full(Path(scenario_dir)))} (beside the scenario)")
    for path in map(given, extra):
        if not path.exists():
            raise InvalidInput(Problem("no such plugin file or folder", "check --plugins", path))
        yield _searched(path, registry), "--plugins"
        registry.looked.append(f"{path} (--plugins)")


def _searched(folder: Path, registry: Registry) -> list[Path]:
    search = Search(folder)
    files = search.files()
    for where, why in search.stopped:
        registry.stopped(where, why)
    return files


def _is_copy(file: Path) -> bool:
    """Whether a file below ./plugins is a built-in's own source, as in the checkout an installed simlab came from."""
    builtin = builtin_folder() / file.relative_to("plugins")
    return builtin.exists() and (builtin.samefile(file) or content_hash(builtin) == content_hash(file))
