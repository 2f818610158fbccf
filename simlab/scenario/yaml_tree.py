"""YAML as a tree of nodes that remember where they stand: what scenario files are read into.

Only plain data is read: the core schema of YAML 1.2 (so `no` is a word and `1e-3` a number), no tags, no
second document, no key twice. Size, depth and the number of nodes (aliases expanded) are bounded, so that no
file can exhaust memory. ruamel.yaml does the parsing; its events carry line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.reader import ReaderError

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, composed, did_you_mean, visible

LARGEST_FILE = 1_000_000  # bytes
DEEPEST = 32  # levels of nesting
_MOST_NODES = 50_000  # aliases expanded
_MERGE = "<<"  # the key whose mappings are merged into the one it stands in

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file as the user named it, line and column counted from 1 (None: not in a file)."""

    file: str
    line: int | None = None
    column: int | None = None

    def problem(self, what: str, fix: str = "", path: str = "") -> Problem:
        """A problem at this place."""
        return Problem(what, fix, self.file, self.line, self.column, path)


@dataclass(slots=True)
class Node:
    """A value of the tree: a dict of nodes, a list of nodes, or a scalar. `keys` has the places of a dict's keys."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)

    def children(self) -> list[Node]:
        """The nodes directly below."""
        if isinstance(self.value, dict):
            return list(self.value.values())
        return self.value if isinstance(self.value, list) else []

    def copied(self) -> Node:
        """The same tree, to be changed."""
        value = self.value
        if isinstance(value, dict):
            value = {key: node.copied() for key, node in value.items()}
        elif isinstance(value, list):
            value = [node.copied() for node in value]
        return Node(value, self.place, dict(self.keys))

    def plain(self) -> Any:
        """The value without places, freshly built."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def located(node: Node, plain: Any) -> Iterator[tuple[int, Node]]:
    """The node of each mapping in what `plain` made of it, by the mapping's id."""
    if isinstance(node.value, dict):
        yield id(plain), node
        for key, child in node.value.items():
            yield from located(child, plain[key])
    elif isinstance(node.value, list):
        for child, part in zip(node.value, plain, strict=True):
            yield from located(child, part)


def read_file(file: str) -> Node:
    """The tree of a YAML file. Raises `InvalidInput` if there is no such file, or it is not plain YAML."""
    path = Path(file)
    try:
        if path.exists() and not path.is_file():
            raise InvalidInput(Problem("is not a file", "name a scenario file, as in scenarios/01_first.yaml", file))
        with path.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InvalidInput(Problem("no such file", _neighbours(path), file)) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InvalidInput(Problem(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=file)) from None
    if len(data) > LARGEST_FILE:
        raise InvalidInput(Problem(f"is larger than {LARGEST_FILE:,} bytes", "a scenario is a page of text", file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(Problem("is not text in UTF-8", "save it as UTF-8", file, line)) from None
    return read_text(text, file)


def read_argument(text: str, option: str) -> Node:
    """The tree of a value typed on the command line; `option` is the name it gets in messages, which say at which
    character of the value something is wrong. Raises `InvalidInput` if it is not plain YAML.
    """
    try:
        return read_text(text, option)
    except InvalidInput as error:
        raise InvalidInput(*(_typed(problem, text) for problem in error.problems)) from None


def _typed(problem: Problem, text: str) -> Problem:
    """A problem of a value that has no lines of its own."""
    if problem.line is None or problem.column is None:
        return replace(problem, line=None, column=None)
    at = sum(map(len, text.splitlines(keepends=True)[: problem.line - 1])) + problem.column
    fix = "check its brackets, quotes and colons" if "not valid YAML" in problem.what else problem.fix
    return Problem(f"{problem.what}, at character {at} of the value", fix, problem.file)


def read_text(text: str, file: str) -> Node:
    """The tree of a YAML text, its letters composed; `file` is the name it gets in messages."""
    return _read(text, file).copied()


@lru_cache(maxsize=16)  # a study reads the same file for each of its runs
def _read(text: str, file: str) -> Node:
    try:
        return _Reader(composed(text), file).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"is not valid YAML: {error.problem or error.context}"
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise InvalidInput(place.problem(what, _yaml_fix(what))) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        what = f"holds a character that YAML does not allow ({visible(chr(error.character))})"
        raise InvalidInput(Problem(what, "leave it out", file, line, column)) from None
    except YAMLError as error:
        raise InvalidInput(Problem(f"is not valid YAML: {error}".splitlines()[0], file=file)) from None


def _yaml_fix(what: str) -> str:
    if "\\t" in what:
        return "indent with spaces, not tabs"
    return "check the indentation, brackets and colons around this line"


def _neighbours(path: Path) -> str:
    try:
        others = [str(p) for p in sorted(path.parent.glob("*.y*ml"))]
    except OSError:
        others = []
    return did_you_mean(str(path), others) or (f"there are {', '.join(others[:5])}" if others else "check the name")


class _Reader:
    """Builds the tree from the parser's events, by recursive descent, refusing everything that is not plain."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[str, tuple[int, int]] = {}  # nodes and levels of an anchored node, aliases expanded
        self.nodes = 0
        self.deepest = 0  # level reached by the anchored node being read

    def document(self) -> Node:
        start = next((e for e in self.events if not isinstance(e, yaml_events.StreamStartEvent)), None)
        if not isinstance(start, yaml_events.DocumentStartEvent):
            raise InvalidInput(Problem("is empty", "it needs name, days, world, parties and relations", self.file))
        root = self._node(next(self.events), depth=0)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml_events.StreamEndEvent):
            raise InvalidInput(self._place(after.start_mark).problem("a second document starts here", "remove `---`"))
        return root

    def _place(self, mark: StringMark) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event.start_mark)
        if isinstance(event, yaml_events.AliasEvent):
            return self._alias(event, place, depth)
        if getattr(event, "tag", None) is not None:
            raise InvalidInput(place.problem(f"tags such as {clip(_tag(event))} are not read", "write plain data"))
        before, outer, self.deepest = self.nodes, self.deepest, depth
        self._count(1, depth, place)
        if isinstance(event, yaml_events.MappingStartEvent):
            node = self._mapping(place, depth)
        elif isinstance(event, yaml_events.SequenceStartEvent):
            node = Node([], place)
            while not isinstance(item := next(self.events), yaml_events.SequenceEndEvent):
                node.value.append(self._node(item, depth + 1))
        else:
            node = Node(_scalar(event.value, plain=bool(event.implicit[0])), place)
        if event.anchor is not None:
            self.anchors[str(event.anchor)] = node
            self.sizes[str(event.anchor)] = (self.nodes - before, self.deepest - depth)
        self.deepest = max(outer, self.deepest)
        return node

    def _alias(self, event: Any, place: Place, depth: int) -> Node:
        node = self.anchors.get(str(event.anchor))
        if node is None:  # also an alias inside the node it names
            raise InvalidInput(place.problem(f"there is no finished anchor &{event.anchor} before this alias"))
        nodes, levels = self.sizes[str(event.anchor)]
        self._count(nodes, depth + levels, place)
        return node

    def _count(self, nodes: int, deepest: int, place: Place) -> None:
        self.nodes += nodes
        self.deepest = max(self.deepest, deepest)
        if deepest > DEEPEST:
            raise InvalidInput(place.problem(f"is nested more than {DEEPEST} levels deep", "flatten it"))
        if self.nodes > _MOST_NODES:
            raise InvalidInput(place.problem(f"holds more than {_MOST_NODES:,} values, aliases expanded", "use fewer"))

    def _mapping(self, place: Place, depth: int) -> Node:
        node = Node({}, place)
        merged: list[Node] = []
        while not isinstance(event := next(self.events), yaml_events.MappingEndEvent):
            at = self._place(event.start_mark)
            if not isinstance(event, yaml_events.ScalarEvent):
                raise InvalidInput(at.problem("a key is a single word", "write key: value"))
            key = str(event.value)
            if key == _MERGE and event.implicit[0]:
                merged += _mappings(self._node(next(self.events), depth + 1), at)
                continue
            if key in node.value:
                what = f"the key {clip(key)!r} is already given in line {node.keys[key].line}"
                raise InvalidInput(at.problem(what, "keep one"))
            node.keys[key] = at
            node.value[key] = self._node(next(self.events), depth + 1)
        for other in merged:  # what is said here counts more, and of several the first (YAML 1.1, merge keys)
            node.value = {**other.value, **node.value}
            node.keys = {**other.keys, **node.keys}
        return node


def _mappings(said: Node, at: Place) -> list[Node]:
    """What `<<: *a` or `<<: [*a, *b]` asks to be merged."""
    found = said.value if isinstance(said.value, list) else [said]
    if not all(isinstance(node.value, dict) for node in found):
        raise InvalidInput(at.problem("<< merges mappings, and this is none", "<<: *anchor, or <<: [*a, *b]"))
    return found


def _tag(event: Any) -> str:
    return str(event.tag).replace("tag:yaml.org,2002:", "!!")


def _scalar(text: str, plain: bool) -> Any:
    """The value of a scalar by the core schema (YAML 1.2.2, §10.3.2); quoted scalars are strings.

    `.nan` stays a word: no field means anything by it, so whoever gets it refuses it where it stands.
    """
    if not plain:
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INFINITE.fullmatch(text):
        return float(text.lower().replace(".inf", "inf"))
    if len(text) > 100:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL_OR_HEX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
