"""How an item of a list is called in a path: by its number, and a relation also by its name or its two parties."""

from __future__ import annotations

import re

from simlab.errors import InvalidInput
from simlab.names import did_you_mean, shown
from simlab.scenario.yaml_tree import Node, Place

_ARROW = re.compile(r"\s*(?:→|->)\s*")


def pair(text: str) -> str:
    """`acme → pool`, however the arrow was typed."""
    return " → ".join(_ARROW.split(text.strip()))


def called(relation: Node) -> list[str]:
    """What a relation may be called, beside its number: its name, and its principal and agent."""
    if not isinstance(relation.value, dict):
        return []
    name, principal, agent = (
        node.value if (node := relation.value.get(key)) is not None and isinstance(node.value, str) else ""
        for key in ("name", "principal", "agent")
    )
    return [*([name] if name else []), *([f"{principal} → {agent}"] if principal and agent else [])]


def address(here: Node, step: str, holder: str, place: Place, path: str = "") -> int:
    """The place in the list `here`, which stands at `holder`, of the item that `step` calls.

    Raises `InvalidInput` where there is none, or more than one.
    """
    if step.isascii() and step.isdecimal() and len(step) < 7 and int(step) < len(here.value):
        return int(step)
    names = [called(item) if holder == "relations" else [] for item in here.value]
    found = [number for number, mine in enumerate(names) if pair(step) in mine]
    if len(found) == 1:
        return found[0]
    path = path or f"{holder}.{step}"
    if found:
        what = f"{len(found)} relations are called {shown(step)}: {' and '.join(map(str, found))}"
        raise InvalidInput(place.problem(what, "call it by its number", path))
    what = f"{holder} is a list of {len(here.value)} and has no item {shown(step)}"
    fix = f"items are numbered from 0 to {len(here.value) - 1}"
    if few := [f"{number} is {mine[0]}" for number, mine in enumerate(names[:12]) if mine]:
        guess = did_you_mean(pair(step), [name for mine in names for name in mine])
        fix = f"{guess} {fix}: {', '.join(few)}".strip()
    raise InvalidInput(place.problem(what, fix, path))
