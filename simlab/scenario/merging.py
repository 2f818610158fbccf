"""One tree of a scenario laid over another, and what of the lower one is gone then."""

from __future__ import annotations

from dataclasses import dataclass, field

from simlab.scenario.addresses import address
from simlab.scenario.choices import Choices, kinds_of, spelled_out
from simlab.scenario.yaml_tree import Node

Way = tuple[str, ...]  # keys from the root


@dataclass(slots=True)
class Gone:
    """What of lower layers no longer holds: `entries` that were removed or became of another kind, and `rivals`, the
    settings whose place others took, whether or not they were there."""

    entries: list[Way] = field(default_factory=list)
    rivals: list[Way] = field(default_factory=list)

    def below(self, way: Way) -> Gone:
        """The same, of what is below a mapping at `way`, as keys from there."""
        n = len(way)
        inside = ([lost[n:] for lost in ways if lost[:n] == way != lost] for ways in (self.entries, self.rivals))
        return Gone(*inside)


def less(block: Node, gone: Gone) -> Node:
    """A mapping of settings without those that are no longer what they were meant for: of entries that are gone, and
    settings whose place others took."""
    kept = Node(dict(block.value), block.place, dict(block.keys))
    for key, node in block.value.items():
        way = tuple(key.split("."))
        inside_one = any(lost == way[: len(lost)] != way for lost in gone.entries)
        replaced = any(lost == way[: len(lost)] for lost in gone.rivals)
        if inside_one or replaced or (way in gone.entries and _aimless(node)):
            del kept.value[key], kept.keys[key]
        elif isinstance(node.value, dict):
            kept.value[key] = less(node, gone.below(way))
    return kept


def _aimless(node: Node) -> bool:
    """Whether a setting changes the very entry that is gone, without saying what else it should be."""
    return isinstance(node.value, dict) and "kind" not in node.value


def over(below: Node, above: Node, choices: Choices, at: Way = (), gone: Gone | None = None) -> Node:
    """`above` laid over `below`, both at `at`; `gone` collects what no longer holds."""
    gone = Gone() if gone is None else gone
    if isinstance(below.value, list) and isinstance(above.value, dict) and at == ("relations",):
        return _relations_over(below, above, choices, gone)
    key = at[-1] if at else ""
    named = isinstance(below.value, str | dict) and isinstance(above.value, str | dict)
    if named and _another_kind(below, above, key):
        gone.entries.append(at)
        return above
    if isinstance(below.value, str) and isinstance(above.value, dict):
        below = spelled_out(below)
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    kinds = kinds_of(above if "kind" in above.value else below, key)
    given = [name for name, node in above.value.items() if node.value is not None]
    taken = {rival for name in given for rival in choices.rivals(kinds, name)}
    gone.rivals += [(*at, rival) for rival in sorted(taken - above.value.keys())]
    merged = Node({k: v for k, v in below.value.items() if k not in taken}, above.place, below.keys | above.keys)
    for name, node in above.value.items():
        way = (*at, name)
        if name not in below.value or (name in taken and node.value is not None):
            merged.value[name] = node
        elif node.value is None:
            merged.value.pop(name, None)
            gone.entries.append(way)
        else:
            merged.value[name] = over(below.value[name], node, choices, way, gone)
    merged.keys = {name: place for name, place in merged.keys.items() if name in merged.value}
    return merged


def _another_kind(below: Node, above: Node, key: str) -> bool:
    """Whether the entry above says that it is of another kind than the one below."""
    if isinstance(above.value, dict) and "kind" not in above.value:
        return False
    if isinstance(below.value, str) and isinstance(above.value, str):
        return below.value != above.value
    new = kinds_of(above, key)
    return not set(new) & set(kinds_of(below, key))


def _relations_over(below: Node, above: Node, choices: Choices, gone: Gone) -> Node:
    """Changes to single relations, each called by its number, its name or its parties, laid over the list."""
    merged = Node(list(below.value), below.place)
    for called, node in above.value.items():
        number = address(below, called, "relations", above.keys[called])
        way = ("relations", str(number))
        merged.value[number] = over(merged.value[number], node, choices, way, gone)
    return merged
