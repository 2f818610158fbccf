"""The layers of a scenario: the file it extends, the file itself, its `small:` block, and `--set` on top.

Every layer is a tree of nodes laid over the one below: mappings are merged key by key, anything else replaces
what was there, and null removes it. A mapping that names another `kind` replaces the old one whole, since the
parameters of one kind mean nothing to another; where only one of two settings may be given, the upper layer's counts.
Places survive, so that errors lead to the right file and line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, composed, on_disk, shown
from simlab.paths import given
from simlab.scenario.choices import Choices
from simlab.scenario.merging import Gone, less, over
from simlab.scenario.settings import Settings, assignments
from simlab.scenario.yaml_tree import LARGEST_FILE, Node, Place, read_file

Overrides = Sequence[str] | Mapping[str, Any]
_LONGEST_CHAIN = 32  # files that extend one another


def resolve(file: str, *, overrides: Overrides, small: bool, choices: Choices, inline: Node | None = None) -> Node:
    """The tree of a scenario file with all its layers applied; `extends` and `small` are gone from it. An `inline` one
    is part of the file, and all that is read of it."""
    root = _extended(file, [], choices, inline)
    block = _taken(root, "small")
    if small:
        if block is None:
            raise InvalidInput(Problem("has no small: block", "leave --small out, or add one", file))
        if not isinstance(block.value, dict):
            raise InvalidInput(block.place.problem("should be a mapping of overrides", "small: {days: 10}", "small"))
        Settings(root, choices).put_all((path, node, block.keys[path]) for path, node in block.value.items())
    layer = Settings(root, choices)
    for path, node in assignments(overrides):
        layer.put(path, node, node.place)
    return root


def has_small(file: str, choices: Choices) -> bool:
    """Whether a scenario file, or one it extends, says what its small form is."""
    block = _taken(_extended(file, [], choices), "small")
    return block is not None and block.value is not None


def leave_out(root: Node, names: Sequence[str | Node]) -> None:
    """Append whom `--without` names to the scenario's `without:`, each with a place that says so; a node of another
    file has its own."""
    for said in [names] if isinstance(names, str) else names:
        name, place = (said.value, said.place) if isinstance(said, Node) else (said, Place(f"--without {clip(said)}"))
        listed = root.value.get("without")
        if listed is None or listed.value is None:
            root.value["without"] = listed = Node([], place)
            root.keys["without"] = place
        if not isinstance(listed.value, list):
            return  # complained of where it stands
        listed.value.append(Node(composed(name), place))


def _extended(file: str, chain: list[tuple[str, Place]], choices: Choices, inline: Node | None = None) -> Node:
    """The tree of `file` over the trees of those it extends. `chain` says how we came here, for cycles."""
    own = inline or read_file(file)
    if not isinstance(own.value, dict):
        what = f"is {shown(own.value)}" if not isinstance(own.value, list) else "is a list"
        raise InvalidInput(Problem(f"{what}, not a mapping", "write key: value lines: name, days, world …", file))
    if "scenario" in own.value and not {"parties", "extends"} & own.value.keys():
        fix = "run it with simlab study, check it with simlab validate"
        raise InvalidInput(own.keys["scenario"].problem("is a study and no scenario", fix))
    extends = _taken(own, "extends")
    dotted = [(key, own.value.pop(key), own.keys.pop(key)) for key in list(own.value) if "." in key]
    Settings(own, choices).put_all((entry for entry in dotted if entry[0].startswith("small.")), beside=own)
    dotted = [entry for entry in dotted if not entry[0].startswith("small.")]
    gone = Gone()
    root = own
    if extends is not None:
        base = _extended(_parent(file, extends, chain), [*chain, (file, extends.place)], choices)
        small = _taken(base, "small"), _taken(own, "small")
        _taken(base, "expect")  # is about that file's runs
        root = over(base, own, choices, gone=gone)
    layer = Settings(root, choices, said=(own, *(node for _, node, _ in dotted)), gone=gone)
    layer.put_all(dotted, beside=own)
    if extends is not None:
        _put_small(root, *small, gone, choices)
    return root


def _parent(file: str, extends: Node, chain: list[tuple[str, Place]]) -> str:
    """The path of the file that `file` extends. Raises `InvalidInput` where there is none, or no end of them."""
    place = extends.place
    if not isinstance(extends.value, str) or not extends.value or "\0" in extends.value:
        raise InvalidInput(place.problem("should be the path of one file", "extends: base.yaml", "extends"))
    parent = os.path.normpath(on_disk(Path(file).parent / given(extends.value)))
    chain = [*chain, (file, place)]
    if any(_same_file(parent, earlier) for earlier, _ in chain):
        way = " → ".join(f"{earlier}:{place.line}" for earlier, place in chain)
        raise InvalidInput(place.problem(f"goes round in a circle: {way} → {parent}", "cut it", "extends"))
    if len(chain) >= _LONGEST_CHAIN:
        what = f"more than {_LONGEST_CHAIN} files in a row extend one another"
        raise InvalidInput(place.problem(what, "put some of them together", "extends"))
    if not os.path.isfile(parent):
        fix = "that is a folder or a device, not a file" if os.path.exists(parent) else "paths start at this file"
        raise InvalidInput(place.problem(f"no such file: {clip(parent)}", fix, "extends"))
    if sum(os.path.getsize(earlier) for earlier in (parent, *(e for e, _ in chain))) > LARGEST_FILE:
        what = f"with the files it extends it is larger than {LARGEST_FILE:,} bytes"
        raise InvalidInput(place.problem(what, "a scenario is a page of text", "extends"))
    return parent


def _same_file(a: str, b: str) -> bool:
    return os.path.realpath(a) == os.path.realpath(b)


def _taken(root: Node, key: str) -> Node | None:
    root.keys.pop(key, None)
    taken: Node | None = root.value.pop(key, None)
    return taken


def _put_small(root: Node, base: Node | None, own: Node | None, gone: Gone, choices: Choices) -> None:
    """Give `root` the `small:` block of the base, less what is `gone`, with its own over it."""
    if base is not None and isinstance(base.value, dict):
        before, base = base, less(base, gone)
        if own is not None and isinstance(own.value, dict):  # to take away what is gone already changes nothing
            idle = {k for k, n in own.value.items() if n.value is None and k in before.value and k not in base.value}
            own = Node({k: n for k, n in own.value.items() if k not in idle}, own.place, own.keys)
    found = over(base, own, choices) if base is not None and own is not None else own or base
    root.value.pop("small", None)
    if found is not None and (found.value is not None):
        root.value["small"], root.keys["small"] = found, found.place
