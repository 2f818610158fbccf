"""Machines among the parties: what people, and those who measure, may ask of one, whatever it is made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.engine.context import Context, LiveParty
from simlab.errors import InvalidInput
from simlab.machines.language_backend import LanguageBackend
from simlab.machines.saved import SAVED, SavedModel, read, unlike
from simlab.tables.columns import DEVIATION
from simlab.worlds.text import TextGame
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario import LanguageModelSpec, RewardModelSpec


class Machine(LiveParty):
    """A party that learns. `busy` is held while it does: nobody can ask it meanwhile."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(context, name)
        self.busy = context.queue(name)
        self.learned = 0  # how often it was trained

    def loaded(self, spec: LanguageModelSpec | RewardModelSpec) -> SavedModel | None:
        """The network it is to begin as, if the scenario says so. Raises InvalidInput if that is not of this world."""
        if spec.load is None or not isinstance(self.context.game, TextGame):
            return None
        found = read(spec.load.path, SAVED)
        if what := unlike(found, self.context.game.tokenizer.words):
            fix = "the world it was trained in, with the same settings"
            raise InvalidInput(
                self.context.scenario.problem(("parties", self.name, "load"), f"{spec.load} {what}", fix)
            )
        return found

    @abstractmethod
    def opinion(self, items: Items) -> Array:
        """How good it finds responses [n]; comparable within a prompt."""

    def deviation(self, items: Items) -> Array:
        """By how much it finds that people differ in responses [n], a standard deviation of its opinion; NaN of a
        machine that does not say."""
        return np.full(len(items), np.nan)

    @abstractmethod
    def computation(self, items: Items) -> float:
        """The floating-point operations its opinion of these takes."""


class Speaker(Machine):
    """A machine that answers prompts."""

    backend: LanguageBackend

    def respond(self, prompts: Indices, key: int) -> Generator[Event, Any, Items]:
        """One response to each prompt from the model as it is, once it is free; draws are keyed per position."""
        with self.busy.request() as turn:
            yield turn
            return self.backend.sample(prompts, key)


def judged_model(context: Context, name: str) -> Speaker:
    """The language model that a party is, judges, or whose reward it limits. Raises InvalidInput if there is none."""
    model = name if isinstance(context.parties.get(name), Speaker) else context.hierarchy.model_below(name)
    if not model:
        raise InvalidInput(f"{name} judges no language model")
    found = context.parties[model]
    assert isinstance(found, Speaker)
    return found


def deviations(context: Context, items: Items) -> dict[str, Any]:
    """How far people differ in responses [n], as each reward model that learns variances has it, as columns; NaN for
    those that the run is without."""
    there = context.parties
    return {
        f"{DEVIATION}{name}": party.deviation(items) if isinstance(party := there.get(name), Machine) else np.nan
        for name in context.scenario.uncertain()
    }
