"""The facts of the almanac: who has which capital, read from `facts.csv`, and the values each relation can take.

Used by the rest of this package. `build.py` makes the CSV and says where every value comes from.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simlab.rng import Streams, uniforms

FACTS = Path(__file__).with_name("facts.csv")
COUNTRIES = 196
LEAST_VALUES = 6  # a relation keeps at least so many values to be wrong with, borrowed from the next countries


@dataclass(frozen=True, slots=True)
class Relation:
    """How English speaks of a relation: "the *capital* of france", "a *neighbor* of france", "is *the* euro"."""

    article: str
    noun: str
    value_article: str = ""


RELATIONS = {
    "capital": Relation("the", "capital"),
    "continent": Relation("the", "continent"),
    "currency": Relation("the", "currency", "the"),
    "language": Relation("the", "language"),
    "neighbor": Relation("a", "neighbor"),
    "peak": Relation("the", "highest peak"),
    "export": Relation("the", "main export"),
    "domain": Relation("the", "internet domain"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """What is true of one country in one relation.

    `country` is the name with its article ("the united_states"), `subject` the bare word; `values` is every value
    that is true; `number` identifies the fact in random streams, whatever other facts are in play.
    """

    country: str
    subject: str
    relation: str
    values: tuple[str, ...]
    source: str
    number: int

    def statement(self, value: str) -> str:
        """The sentence that claims `value`, without its full stop."""
        relation = RELATIONS[self.relation]
        said = f"{self.article_noun} of {self.country} is {relation.value_article} {value}"
        return " ".join(said.split())

    @property
    def article_noun(self) -> str:
        """The relation as a noun phrase: "the capital"."""
        relation = RELATIONS[self.relation]
        return f"{relation.article} {relation.noun}"


class Facts:
    """The facts in play: those of the `countries` most populous countries, in the given relations.

    `values[relation]` lists every value of a relation in alphabetical order: the truths of the countries in play,
    and, if these are fewer than six, of the next most populous ones.
    """

    def __init__(self, countries: int, relations: list[str]) -> None:
        everything = [fact for fact in _rows() if fact[1].relation in relations]
        self.all: tuple[Fact, ...] = tuple(fact for rank, fact in everything if rank <= countries)
        self.countries: tuple[str, ...] = tuple(dict.fromkeys(fact.country for fact in self.all))
        self.values = {relation: self._values(relation, [f for _, f in everything]) for relation in relations}
        self.index = {(fact.subject, fact.relation): i for i, fact in enumerate(self.all)}

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, index: int) -> Fact:
        return self.all[index]

    def wrong(self, fact: Fact, uniform: float) -> str:
        """The value of the right kind, but false of the fact, at this quantile of all of them."""
        others = [value for value in self.values[fact.relation] if value not in fact.values]
        return others[int(uniform * len(others))]

    def misconceptions(self, streams: Streams, share: float) -> dict[int, str]:
        """For a random `share` of the facts, the one wrong value that most people take to be true."""
        drawn = {}
        for index, fact in enumerate(self.all):
            chosen, which = uniforms(streams.key("almanac", "misconception"), fact.number, np.arange(2))
            if chosen < share:
                drawn[index] = self.wrong(fact, float(which))
        return drawn

    def _values(self, relation: str, everything: list[Fact]) -> tuple[str, ...]:
        found = {value for fact in self.all if fact.relation == relation for value in fact.values}
        for fact in everything:
            if len(found) >= LEAST_VALUES:
                break
            if fact.relation == relation:
                found.update(fact.values)
        return tuple(sorted(found))


def _rows() -> list[tuple[int, Fact]]:
    """(rank, fact) for every row of the CSV."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return [(int(row["rank"]), _fact(row)) for row in csv.DictReader(file)]


def _fact(row: dict[str, str]) -> Fact:
    country, relation = row["country"], row["relation"]
    bare = country.removeprefix("the_")
    spoken = country if country == bare else f"the {bare}"
    number = Streams(0).key("almanac", bare, relation) >> 1  # one bit less: the number fits a signed array
    return Fact(spoken, bare, relation, tuple(row["values"].split("|")), row["source"], number)
