"""What layers of a scenario must know of its models to be laid over each other: which kind an entry is of where nobody
says, and which settings take the place of others.

A kind of party, a part of one, a kind of consequence or a plugin says in its class variable `instead_of` which settings
cannot stand beside which: `{"temperature": ("agreement",), "agreement": ("temperature",)}`; or which it decides anew,
as a size does width, layers and heads, each of which may then be said beside it. A layer that gives one of them drops
the others from the layers below, and keeps what it says itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simlab.scenario.yaml_tree import Node

DEFAULT_KINDS: Mapping[str, tuple[str, ...]] = {  # of an entry without `kind`, by the key it stands under
    "policy": ("boltzmann", "static"),  # a rater policy or a guideline policy
    "effort": ("diligent",),
    "pay": ("hourly",),
    "shape": ("plain",),
    "aggregator": ("none",),
    "combine": ("weighted",),
    "test": ("gold_test",),
    "review": ("threshold",),
}
DEFAULT_LEARNERS: Mapping[tuple[str, bool], str] = {  # by whom they teach, and whether the world has networks
    ("reward_model", True): "bradley_terry",
    ("reward_model", False): "bradley_terry",
    ("language_model", True): "ppo",
    ("language_model", False): "tilt",
    ("language_model by rankings", True): "dpo",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """For each kind, the settings that each of its settings takes the place of."""

    instead_of: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[tuple[str, Mapping[str, tuple[str, ...]]]]) -> Choices:
        """From what each kind says; kinds of one name (a rater and an aggregator, perhaps) say it together."""
        whole: dict[str, dict[str, tuple[str, ...]]] = {}
        for kind, said in found:
            if said:
                whole.setdefault(kind, {}).update(said)
        return cls(whole)

    def rivals(self, kinds: Iterable[str], key: str) -> set[str]:
        """The settings that cannot stand beside `key` in an entry of one of these kinds."""
        return {rival for kind in kinds for rival in self.instead_of.get(kind, {}).get(key, ())}


def kinds_of(entry: Node, key: str) -> tuple[str, ...]:
    """The kind of an entry under `key`, in full or in short; where it says none, those it may be of by default, or what
    it is called: a guideline has no other kind."""
    if isinstance(entry.value, str):
        return (entry.value,)
    said = entry.value.get("kind") if isinstance(entry.value, dict) else None
    if said is None or said.value is None:
        return DEFAULT_KINDS.get(key, (key,))
    return (said.value,) if isinstance(said.value, str) else ()


def spelled_out(short: Node) -> Node:
    """`NAME` as `{kind: NAME}`."""
    return Node({"kind": Node(short.value, short.place)}, short.place, {"kind": short.place})
