"""Worlds: kinds of language games."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simlab.components.component import Component
from simlab.components.criterion import Criterion
from simlab.rng import Streams
from simlab.worlds.world import Game


class World(Component):
    """A kind of language game; its fields are the settings a scenario file gives under `world:`.

    Implement `open`. In a world of words it returns a `TextGame` (`simlab.worlds.text`, where a whole world is shown
    as an example); in a world of vectors a `Game` (as plugins/worlds/gaussian.py). A file of data is a field of type
    `simlab.DataFile`. What a setting makes impossible is refused by a pydantic validator, at its line of the scenario;
    what only the open world can tell, by `simlab.InvalidInput` from `open`.
    """

    kind: ClassVar[str] = "world"
    own_criteria: ClassVar[bool] = False  # True: criteria are directions of this world, and may have any declared name
    directions: ClassVar[tuple[str, ...]] = ()  # names of such directions that need not be declared
    networks: ClassVar[bool] = True  # False: nothing is trained in torch, so nothing asks for a GPU
    words: ClassVar[bool] = True  # False: responses are no texts, so they have no length and perform no acts

    def brings(self) -> Mapping[str, Criterion]:
        """Criteria of this very world, by name; they stand before plugins of the same name. Asked more than once."""
        return {}

    def longest_exchange(self) -> tuple[int, str] | None:
        """How many tokens its longest prompt and response take together, and where in the user's own data these are;
        None if the world has no such data, or only the open world can tell."""
        return None

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> Game:
        """The game itself, made anew at every call and the same for the same seed. `criteria` are every criterion the
        scenario names, in order (empty if own_criteria)."""
        raise NotImplementedError(f"world {self.name!r} does not define open")
