"""The criteria a scenario names, and where: the one walk over parties and relations that knows who may name some.

The walk reads models as well as the plain data of a file, which may be malformed: what is not as it should be is
passed over. Weights and watched criteria are found in both; what plugins and charters name, in models only, since data
has no more than their parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from simlab.components.charter import Charter
from simlab.components.combination import Combination
from simlab.components.consequence import inner
from simlab.components.guideline_policy import GuidelinePolicy
from simlab.components.return_values import criteria as criteria_of
from simlab.scenario.messages import Path

How = Literal["weight", "watched", "plugin", "charter"]

_EACH, _INNER = "*", "**"  # in a way: every item of a list or mapping, every component that a consequence names
_OF_PARTIES: tuple[tuple[How, tuple[str, ...]], ...] = (  # where a party may name criteria, in order of mention
    ("weight", ("values",)),
    ("weight", ("law",)),
    ("weight", ("guideline", "operative")),
    ("weight", ("guideline", "published")),
    ("plugin", ("guideline", "policy")),
    ("plugin", ("guideline", "combine")),
    ("charter", ("guideline", "charter")),
    ("weight", ("intents", _EACH, "values")),
    ("weight", ("habits",)),
    ("weight", ("groups", _EACH, "values")),
    ("weight", ("deployer", "values")),
    ("watched", ("exposure", "criterion")),
)
_OF_RELATIONS: tuple[tuple[How, tuple[str, ...]], ...] = (("plugin", ("consequence", _EACH, _INNER)),)


@dataclass(frozen=True, slots=True)
class Mention:
    """One criterion that is named: where, its name, and how.

    As "weight", it is a key of a mapping of weights, and `at` ends with it; as "watched", it is the value at `at`; as
    named by a "plugin" or a "charter", `at` is the place of that.
    """

    at: Path
    name: str
    how: How

    @property
    def valued(self) -> bool:
        """Whether somebody's values or guideline can depend on it; else it is only measured."""
        return self.how in ("weight", "plugin")


def mentions(parties: Any, relations: Any) -> Iterator[Mention]:
    """Every mention of a criterion by a party, and then by a relation, in order. Raises PluginFailed where a plugin
    gives no names."""
    for name, party in parties.items() if isinstance(parties, Mapping) else ():
        for how, way in _OF_PARTIES:
            yield from _led_to(party, ("parties", name), how, way)
    for index, relation in enumerate(relations if isinstance(relations, list) else ()):
        for how, way in _OF_RELATIONS:
            yield from _led_to(relation, ("relations", index), how, way)


def _led_to(part: Any, at: Path, how: How, way: Sequence[str]) -> Iterator[Mention]:
    """The mentions that a way leads to from a part of the scenario, which stands at `at`."""
    if not way:
        yield from _named(part, at, how)
    elif way[0] == _EACH:
        items = part.items() if isinstance(part, Mapping) else enumerate(part if isinstance(part, list) else ())
        for key, item in items:
            yield from _led_to(item, (*at, key), how, way[1:])
    elif way[0] == _INNER:
        for name, component in inner(part):
            yield from _led_to(component, (*at, name), how, way[1:])
    elif isinstance(part, Mapping):
        yield from _led_to(part.get(way[0]), (*at, way[0]), how, way[1:])
    elif isinstance(part, BaseModel):
        yield from _led_to(getattr(part, way[0], None), (*at, way[0]), how, way[1:])


def _named(part: Any, at: Path, how: How) -> Iterator[Mention]:
    """The criteria that are named in one place."""
    if how == "weight" and isinstance(part, Mapping):
        yield from (Mention((*at, name), name, how) for name in part)
    elif how == "watched" and isinstance(part, str):
        yield Mention(at, part, how)
    elif how == "plugin" and isinstance(part, GuidelinePolicy | Combination):
        yield from (Mention(at, name, how) for name in criteria_of(part))
    elif how == "charter" and isinstance(part, Charter):
        yield from (Mention(at, name, how) for name in part.weights())
