"""Who can be asked to write what a language model imitates, and in which worlds. As `relations`, on plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simlab.names import shown, suggestion
from simlab.scenario.messages import Complaint


def strangers(data: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[Complaint]:
    """Only people who rank responses can be asked to write some."""
    pools = [name for name, kind in kinds.items() if kind == "raters"]
    for name, given in _demonstrations(data):
        by = given.get("by") if isinstance(given, dict) and kinds.get(name) == "language_model" else None
        if isinstance(by, str) and by not in pools:
            what = f"there is no party {shown(by)}" if by not in kinds else f"{by} is no pool of raters"
            yield ("parties", name, "demonstrations", "by"), what, suggestion(by, pools)


def misplaced(data: Mapping[str, Any], networks: bool) -> Iterator[Complaint]:
    """Demonstrations where there are no networks to imitate them."""
    for name, given in _demonstrations(data) if not networks else ():
        if given is not None:
            yield ("parties", name, "demonstrations"), "demonstrations are for worlds with networks", "remove them"


def _demonstrations(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the file says of each party's demonstrations."""
    parties = data.get("parties")
    for name, party in parties.items() if isinstance(parties, dict) else ():
        if isinstance(party, dict):
            yield name, party.get("demonstrations")
