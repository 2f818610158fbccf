"""Dotted settings, such as `parties.pool.count: 40`, laid over a scenario: the keys of `small:`, of `--set`, of
`overrides=` in Python, and dotted keys of a file itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, composed, did_you_mean, shown
from simlab.scenario.addresses import address
from simlab.scenario.choices import Choices, kinds_of, spelled_out
from simlab.scenario.merging import Gone, over
from simlab.scenario.yaml_tree import DEEPEST, Node, Place, read_argument

_EXAMPLE = "as in parties.pool.count"


class Settings:
    """The settings of one layer, laid over the tree `root` one by one.

    `said` is what the layer has said: none of it is dropped when another of its settings changes a kind, or takes the
    place of others. `gone` collects what of lower layers no longer holds.
    """

    def __init__(self, root: Node, choices: Choices, said: Sequence[Node] = (), gone: Gone | None = None) -> None:
        self.root = root
        self.choices = choices
        self.said: dict[int, Node] = {}
        self.gone = Gone() if gone is None else gone
        for node in said:
            self._note(node)

    def put_all(self, entries: Iterable[tuple[str, Node, Place]], beside: Node | None = None) -> None:
        """Lay the settings of one mapping over the tree. Raises `InvalidInput` where two of one file are the same
        setting by other addresses: `relations.1.every` may be `relations.acme → pool.every`, and `world.dimensions`
        stand in the mapping `beside` them as `world: {dimensions: 64}`."""
        given = {way: (".".join(way), place) for way, place in _leaves(beside)} if beside else {}
        for path, node, place in entries:
            at = self.put(path, node, place)
            for way, _ in _leaves(node, at):
                if way in given and given[way][1].file == place.file:  # else it is laid over that of another file
                    other, before = given[way]
                    what = f"is the setting {clip(other)!r} of line {before.line} once more"
                    raise InvalidInput(place.problem(what, "keep one", clip(path)))
                given[way] = ".".join((path, *way[len(at) :])), place

    def put(self, path: str, node: Node, place: Place) -> tuple[str, ...]:
        """Lay `node` over what stands at a dotted path such as `parties.pool.count` or `relations.acme → pool.every`.

        Mappings on the way are made where they are missing, so that parameters left at their defaults can be set;
        parties and items of lists on the way must exist, while `relations.4` adds one to a list of four. Returns the
        setting's place, items of lists by number. Raises `InvalidInput` where the path leads nowhere.
        """
        self._note(node)
        *way, last = _steps(path, place)
        here, found = self.root, list[str]()
        for depth, step in enumerate(way):
            at = way[:depth]
            if at and at[-1] == "consequence" and step == "0" and not isinstance(here.value, list):
                continue  # a single consequence is a list of one
            found.append(str(address(here, step, ".".join(at), place, path)) if isinstance(here.value, list) else step)
            here = self._child(here, step, at, path, place)
        holder = ".".join(way)
        if isinstance(here.value, list):
            if last == str(len(here.value)):  # one beyond the end is added
                here.value.append(node)
                return (*found, last)
            index = address(here, last, holder, place, path)
            here.value[index] = self._over(here.value[index], node, (*way, str(index)))
            return (*found, str(index))
        _open_mapping(here, holder, path, place)
        self._choose(here, last, node, way)
        here.keys[last] = place
        if node.value is None and last in here.value:
            del here.value[last], here.keys[last]
        else:
            here.value[last] = self._over(here.value[last], node, (*way, last)) if last in here.value else node
        return (*found, last)

    def _over(self, below: Node, above: Node, at: tuple[str, ...]) -> Node:
        laid = over(below, above, self.choices, at, self.gone)
        self.said[id(laid)] = laid
        return laid

    def _note(self, node: Node) -> None:
        self.said[id(node)] = node
        for child in node.children():
            self._note(child)

    def _child(self, here: Node, step: str, at: list[str], path: str, place: Place) -> Node:
        """The node one step further down, as a copy: nodes shared by aliases stay as they are elsewhere."""
        key: str | int = step
        holder = ".".join(at)
        if isinstance(here.value, list):
            key = address(here, step, holder, place, path)
        else:
            _open_mapping(here, holder, path, place)
            self._choose(here, step, None, at)
            if step not in here.value:
                if holder == "parties":
                    fix = did_you_mean(step, here.value) or f"there are {', '.join(here.value)}"
                    raise InvalidInput(place.problem(f"there is no party {shown(step)}", fix, path))
                here.keys[step] = place
                here.value[step] = self.said.setdefault(id(made := Node({}, place)), made)
        old = here.value[key]
        value = old.value.copy() if isinstance(old.value, dict | list) else old.value
        here.value[key] = copy = Node(value, old.place, dict(old.keys))
        if id(old) in self.said:
            self.said[id(copy)] = copy
        return copy

    def _choose(self, here: Node, key: str, node: Node | None, at: list[str]) -> None:
        """Drop from `here` what cannot stand beside its setting `key`: rivals, and parameters of another kind."""
        if node is not None and node.value is None:
            return  # a setting that is removed takes nobody's place
        kinds = kinds_of(here, at[-1] if at else "")
        lost = rivals = self.choices.rivals(kinds, key)
        self.gone.rivals += [(*at, rival) for rival in rivals]
        if key == "kind" and node is not None and node.value not in kinds:
            self.gone.entries.append(tuple(at))
            lost = set(here.value)
        for name in [name for name in here.value if name in lost and name != key]:
            old = here.value[name]
            beside = name in rivals and key not in self.choices.rivals(kinds, name)  # one may be said beside the other
            kept = self._own_part(old) if beside else old if id(old) in self.said else None
            if kept is None:
                del here.value[name], here.keys[name]
            else:
                here.value[name] = kept

    def _own_part(self, node: Node) -> Node | None:
        """What of a node this layer has said; None if it is nothing."""
        if id(node) in self.said or not isinstance(node.value, dict):
            return node if id(node) in self.said else None
        parts = {key: part for key, child in node.value.items() if (part := self._own_part(child)) is not None}
        return Node(parts, node.place, {key: node.keys[key] for key in parts}) if parts else None


def _leaves(node: Node, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Keys and place of each plain value in `node`, which is at `at`; items of lists by number."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _leaves(child, (*at, key))
    elif isinstance(node.value, list):
        for number, child in enumerate(node.value):
            yield from _leaves(child, (*at, str(number)))
    else:
        yield at, node.place


def _steps(path: str, place: Place) -> list[str]:
    steps = [step.strip() for step in path.split(".")]
    if not all(steps):
        raise InvalidInput(place.problem("has a dot with nothing before or behind it", _EXAMPLE, clip(path)))
    if len(steps) > DEEPEST:
        raise InvalidInput(place.problem(f"is {len(steps)} levels deep; the most is {DEEPEST}", _EXAMPLE, clip(path)))
    return steps


def _open_mapping(here: Node, holder: str, path: str, place: Place) -> None:
    """Make sure that keys can be put into `here`: `world: almanac` becomes `world: {kind: almanac}`."""
    if here.value is None:
        here.value = {}
    if isinstance(here.value, str):
        long = spelled_out(here)
        here.value, here.keys = long.value, long.keys
    if not isinstance(here.value, dict):
        what = f"{holder} is {shown(here.value)} and holds no keys"
        raise InvalidInput(place.problem(what, "shorten the path", path))


# ---- where settings come from --------------------------------------------------------------------------------------


def assignments(overrides: Sequence[str] | Mapping[str, Any]) -> Iterator[tuple[str, Node]]:
    """Path and value of each override: texts as on the command line (`a.b.c=value`), or a mapping from paths to plain
    values."""
    if isinstance(overrides, Mapping):
        for path, value in overrides.items():
            if not isinstance(path, str):
                raise InvalidInput(Problem(f"{shown(path)} is no path of a setting", _EXAMPLE, "overrides"))
            place = value.place if isinstance(value, Node) else Place(f"overrides[{clip(path)!r}]")
            yield composed(path), _node(value, place, path)
        return
    for text in [overrides] if isinstance(overrides, str) else overrides:
        yield _assignment(text)


def _assignment(text: str) -> tuple[str, Node]:
    """Path and value of `a.b.c=value`; the value is read as YAML."""
    if not isinstance(text, str):
        raise InvalidInput(Problem(f"{shown(text)} should be key=value", "--set parties.pool.count=40", "overrides"))
    source = f"--set {clip(text)}"
    path, equals, value = composed(text).partition("=")
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


def _node(value: Any, place: Place, path: str, depth: int = 0) -> Node:
    """A value of Python as a tree; numbers of numpy count as plain ones, and what is a tree already stays one."""
    if isinstance(value, Node):
        return value
    if depth > DEEPEST:
        raise InvalidInput(place.problem(f"is nested more than {DEEPEST} levels deep", "flatten it", path))
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        inside = {key: _node(part, place, path, depth + 1) for key, part in value.items()}
        return Node(inside, place, dict.fromkeys(inside, place))
    if isinstance(value, list | tuple):
        return Node([_node(part, place, path, depth + 1) for part in value], place)
    plain = value is None or isinstance(value, bool | int | float | str)
    if not plain or (isinstance(value, int) and value.bit_length() > 300):
        what = f"a value of type {type(value).__name__} cannot stand in a scenario"
        raise InvalidInput(place.problem(what, "give numbers, texts, lists or mappings with texts as keys", path))
    return Node(value, place)
