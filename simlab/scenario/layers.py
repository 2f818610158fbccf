"""The layers of a scenario: the file it extends, the file itself, its `small:` block, and `--set` on top.

Every layer is a tree of nodes laid over the one below: mappings are merged key by key, anything else replaces
what was there, and null removes it. A mapping that names another `kind` replaces the old one whole, since the
parameters of one kind mean nothing to another. Places survive, so that errors lead to the right file and line.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, did_you_mean, shown
from simlab.scenario.nodes import Node, Place, read_argument, read_file


def resolve(file: str, *, overrides: Sequence[str], small: bool) -> Node:
    """The tree of a scenario file with all its layers applied; `extends` and `small` are gone from it."""
    root = _extended(file, chain=[])
    block = _taken(root, "small")
    if small:
        if block is None:
            raise InvalidInput(Problem("has no small: block", "leave --small out, or add one", file))
        if not isinstance(block.value, dict):
            raise InvalidInput(block.place.problem("should be a mapping of overrides", "small: {days: 10}", "small"))
        for path, node in block.value.items():
            put(root, path, node, block.keys[path])
    for text in overrides:
        path, node = _assignment(text)
        put(root, path, node, node.place)
    return root


def leave_out(root: Node, names: Sequence[str]) -> None:
    """Append whom `--without` names to the scenario's `without:`, each with a place that says so."""
    for name in [names] if isinstance(names, str) else names:
        place = Place(f"--without {clip(name)}")
        listed = root.value.get("without")
        if listed is None or listed.value is None:
            root.value["without"] = listed = Node([], place)
            root.keys["without"] = place
        if not isinstance(listed.value, list):
            return  # complained of where it stands
        listed.value.append(Node(name, place))


def _extended(file: str, chain: list[tuple[str, Place]]) -> Node:
    """The tree of `file` over the trees of those it extends. `chain` says how we came here, for cycles."""
    root = read_file(file)
    if not isinstance(root.value, dict):
        what = f"is {shown(root.value)}" if not isinstance(root.value, list) else "is a list"
        raise InvalidInput(Problem(f"{what}, not a mapping", "write key: value lines: name, days, world …", file))
    extends = _taken(root, "extends")
    if extends is None:
        return root
    if not isinstance(extends.value, str) or not extends.value or "\0" in extends.value:
        raise InvalidInput(extends.place.problem("should be the path of one file", "extends: base.yaml", "extends"))
    parent = os.path.normpath(Path(file).parent / extends.value)
    chain = [*chain, (file, extends.place)]
    if any(_same_file(parent, earlier) for earlier, _ in chain):
        way = " → ".join(f"{earlier}:{place.line}" for earlier, place in chain)
        raise InvalidInput(extends.place.problem(f"goes round in a circle: {way} → {parent}", "cut it", "extends"))
    if not os.path.isfile(parent):
        raise InvalidInput(
            extends.place.problem(f"no such file: {clip(parent)}", "paths start at this file", "extends")
        )
    return _over(_extended(parent, chain), root)


def _same_file(a: str, b: str) -> bool:
    return os.path.realpath(a) == os.path.realpath(b)


def _taken(root: Node, key: str) -> Node | None:
    root.keys.pop(key, None)
    taken: Node | None = root.value.pop(key, None)
    return taken


def _over(below: Node, above: Node) -> Node:
    """`above` laid over `below`."""
    if isinstance(below.value, str) and isinstance(above.value, dict):
        below = _spelled_out(below)
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    old, new = (node.value.get("kind", node).value for node in (below, above))
    if "kind" in above.value and old != new:
        return above
    merged = Node(dict(below.value), above.place, below.keys | above.keys)
    for key, node in above.value.items():
        if key not in below.value:
            merged.value[key] = node
        elif node.value is None:
            del merged.value[key], merged.keys[key]
        else:
            merged.value[key] = _over(below.value[key], node)
    return merged


def _spelled_out(short: Node) -> Node:
    """`NAME` as `{kind: NAME}`."""
    return Node({"kind": Node(short.value, short.place)}, short.place, {"kind": short.place})


def _assignment(text: str) -> tuple[str, Node]:
    """Path and value of `a.b.c=value`; the value is read as YAML."""
    source = f"--set {clip(text)}"
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise InvalidInput(Problem("should be key=value", "--set parties.pool.count=40", source))
    if not value.strip():
        return path.strip(), Node(None, Place(source))
    node = read_argument(value, source)
    displace(node, Place(source))
    return path.strip(), node


def displace(node: Node, place: Place) -> None:
    """Forget lines and columns: those of a command-line argument say nothing."""
    node.place = place
    node.keys = dict.fromkeys(node.keys, place)
    for child in node.children():
        displace(child, place)


def put(root: Node, path: str, node: Node, place: Place) -> None:
    """Lay `node` over what stands at a dotted path such as `parties.pool.count` or `relations.0.every`.

    Mappings on the way are made where they are missing, so that parameters left at their defaults can be set;
    parties and items of lists on the way must exist, while `relations.4` adds one to a list of four. Raises
    `InvalidInput` where the path leads nowhere.
    """
    *way, last = path.split(".")
    here = root
    for depth, step in enumerate(way):
        here = _child(here, step, ".".join(way[:depth]), path, place)
    holder = ".".join(way)
    if isinstance(here.value, list):
        if last == str(len(here.value)):  # one beyond the end is added
            here.value.append(node)
            return
        index = _index(here, last, holder, path, place)
        here.value[index] = _over(here.value[index], node)
        return
    _open_mapping(here, holder, path, place)
    here.keys[last] = place
    if node.value is None and last in here.value:
        del here.value[last], here.keys[last]
    else:
        here.value[last] = _over(here.value[last], node) if last in here.value else node


def _child(here: Node, step: str, holder: str, path: str, place: Place) -> Node:
    """The node one step further down, as a copy: nodes shared by aliases stay as they are elsewhere."""
    key: str | int = step
    if isinstance(here.value, list):
        key = _index(here, step, holder, path, place)
    else:
        _open_mapping(here, holder, path, place)
        if step not in here.value:
            if holder == "parties":
                fix = did_you_mean(step, here.value) or f"there are {', '.join(here.value)}"
                raise InvalidInput(place.problem(f"there is no party {step!r}", fix, path))
            here.keys[step] = place
            here.value[step] = Node({}, place)
    old = here.value[key]
    value = old.value.copy() if isinstance(old.value, dict | list) else old.value
    here.value[key] = copy = Node(value, old.place, dict(old.keys))
    return copy


def _index(here: Node, step: str, holder: str, path: str, place: Place) -> int:
    if step.isdecimal() and len(step) < 7 and int(step) < len(here.value):
        return int(step)
    what = f"{holder} is a list of {len(here.value)} and has no item {shown(step)}"
    raise InvalidInput(place.problem(what, f"items are numbered from 0 to {len(here.value) - 1}", path))


def _open_mapping(here: Node, holder: str, path: str, place: Place) -> None:
    """Make sure that keys can be put into `here`: `world: almanac` becomes `world: {kind: almanac}`."""
    if here.value is None:
        here.value = {}
    if isinstance(here.value, str):
        long = _spelled_out(here)
        here.value, here.keys = long.value, long.keys
    if not isinstance(here.value, dict):
        what = f"{holder} is {shown(here.value)} and holds no keys"
        raise InvalidInput(place.problem(what, "shorten the path", path))
