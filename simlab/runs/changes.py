"""Differences between a run's manifest and today: plugins, what they rest on, data, simlab itself, and libraries.

Plugins and what they rest on, data and simlab's version are part of what a run is: where one of them changed, the same
scenario is another run, and the folder of the old one is not shown as if it were that. Versions of libraries are not:
tables are shown as they were made, with a line that says what is other now.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from simlab import opened_files as reads
from simlab.errors import InvalidInput, Problem
from simlab.names import CALLED, from_here
from simlab.runs.manifest import MANIFEST, read_manifest

_LIBRARIES = ("numpy", "scipy", "torch", "pyarrow", "simpy", "pydantic")


def libraries() -> dict[str, str]:
    """Versions of Python and of the libraries by which numbers are made, by name."""
    return dict(_libraries())


@cache  # those of this process, whatever is installed meanwhile
def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def refuse_changed(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise InvalidInput, naming what changed, if a folder holds a run of this very scenario as it was before."""
    if not (folder / MANIFEST).is_file():
        return
    before = read_manifest(folder)
    same = all(before.get(key) == manifest[key] for key in ("scenario", "seed"))
    if before["run"] == manifest["run"]:
        found = [f"{from_here(Path(file))} (which plugins read while it ran)" for file in _reads_changed(before)]
    elif same and (before["parameters"] == manifest["parameters"] or before["version"] != manifest["version"]):
        found = [*what_changed(before, manifest)]
    else:
        return
    if found:
        what = f"holds this run as it was before something changed since: {'; '.join(found)}"
        raise InvalidInput(Problem(what, "choose another --out, or delete this folder", folder))


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The differences, in words, that make the run of one manifest another run than that of an earlier one."""
    if before["version"] != now["version"]:
        yield f"simlab {before['version']} → {now['version']}"
    if before["parameters"] != now["parameters"]:
        yield "the scenario"
    for key, sha256 in now["data"].items():
        if before.get("data", {}).get(key) != sha256:
            yield f"the file that {key} names"
    for key in {**before["plugins"], **now["plugins"]}:
        if before["plugins"].get(key) != now["plugins"].get(key):
            yield from _of_plugin(key, before, now)


def _of_plugin(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Which parts of a plugin changed."""
    kind, _, name = key.partition(":")
    called = f"{CALLED.get(kind, kind)} {name!r}"
    then, here = (manifest.get("rests", {}).get(key, {}) for manifest in (before, now))
    parts = [part for part in {**then, **here} if then.get(part) != here.get(part)]
    if not parts or not then:
        yield f"the {called}"
    for part in parts if then else []:
        old, new = then.get(part, ""), here.get(part, "")
        if old.startswith("==") or new.startswith("=="):
            yield f"{part} {old[2:] or 'not used'} → {new[2:] or 'not used'} (used by the {called})"
        else:
            how = "" if old and new else " is new" if new else " is gone"
            yield f"{part}{how} (of the {called})"


def unlike(manifest: Mapping[str, Any]) -> list[str]:
    """Libraries that have other versions now than when a run was made, as "numpy 2.1 → 2.2"."""
    here = libraries()
    then = manifest.get("libraries", {})
    return [f"{n} {then[n]} → {here.get(n, 'not there')}" for n in then if then[n] != here.get(n)]


def _reads_changed(manifest: Mapping[str, Any]) -> list[str]:
    return reads.changed(manifest.get("reads", {}))


def suspects(manifest: Mapping[str, Any]) -> list[str]:
    """Changes since a run was made that do not make it another run, in words: libraries, and files that were read."""
    return [*unlike(manifest), *(from_here(Path(file)) for file in _reads_changed(manifest))]
