"""Worlds: the kind of plugin, and the game it opens, with prompts, responses, and a space of values.

A `World` has the settings of a scenario file as its fields; opening it gives a `Game`, the live object parties use.
Parties never look inside a response: they ask the game for its *features*, and a utility is the product of a
value vector with features as perceived. In a text world the features are criterion scores; in the gaussian
world they are the response itself. Misreadings, tastes and compliance are then vectors too, in every world.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.component import Component
from simlab.components.criterion import Criterion
from simlab.components.exchange import Observer
from simlab.components.model_folder import ModelFolder
from simlab.rng import Streams, normals


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

    def pieces_of(self) -> ModelFolder | None:
        """The pretrained model whose tokenizer is the dictionary of this world; None if it has one of its own."""
        return None

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> Game:
        """The game itself, made anew at every call and the same for the same seed. `criteria` are every criterion the
        scenario names, in order (empty if own_criteria)."""
        raise NotImplementedError(f"world {self.name!r} does not define open")


@dataclass(slots=True)
class Items:
    """Responses to prompts, as arrays: `prompt` [n] indexes the game's prompts, `response` is [n, T] tokens
    (text worlds, zero-padded after the end token) or [n, d] features (vector worlds)."""

    prompt: Indices
    response: NDArray[Any]

    def __len__(self) -> int:
        return len(self.prompt)

    def __getitem__(self, rows: Any) -> Items:
        return Items(self.prompt[rows], self.response[rows])

    def distinct(self) -> tuple[Items, Indices]:
        """Each of these once, and where each of them is among those [n]; vectors are never the same twice."""
        if self.response.dtype.kind not in "iu":
            return self, np.arange(len(self))
        rows = np.concatenate([self.prompt[:, None], self.response], axis=1)
        _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return self[first], np.asarray(place.ravel())

    def joined(self, others: Items) -> Items:
        """These and then others, of responses equally long."""
        both = np.concatenate([self.prompt, others.prompt]), np.concatenate([self.response, others.response])
        return Items(*both)


class Game(ABC):
    """A language game in play."""

    panel_of_reference: ClassVar[bool] = False  # True: panels hold responses of the untrained model only
    seen_alike: ClassVar[bool] = False  # True: nothing is a matter of belief, and all perceive the true features
    dimensions: tuple[str, ...]  # axes of the value space
    midpoint: float  # the feature value that says nothing
    difficulty: Array  # per dimension [D]: size of perception noise of a rater without any skill

    @cached_property
    def dimension_keys(self) -> NDArray[np.uint64]:
        """A key for each dimension [D], from its name, for draws that belong to it."""
        return np.array([Streams(0).key(name) for name in self.dimensions], dtype=np.uint64)

    @abstractmethod
    def value(self, weights: Mapping[str, float]) -> Array:
        """The value vector [D] of criterion weights."""

    def valued(self, criteria: Sequence[str]) -> Array:
        """1 for each dimension [D] in which values can differ, given the criteria anybody mentions; 0 elsewhere."""
        return np.ones(len(self.dimensions))

    def deviations(self, key: int, numbers: Indices, valued: Array) -> Array:
        """Isotropic random vectors of the value space [n, D], of expected squared length 1; one for each number.

        Draws are keyed by the dimensions' names: measuring one more criterion changes nobody's values.
        """
        draws = normals(key, numbers[:, None], self.dimension_keys[None, :])
        return np.asarray(draws * valued / np.sqrt(max(valued.sum(), 1.0)))

    @abstractmethod
    def panel_prompts(self, count: int) -> Indices:
        """The `count` prompts every party is asked about, the same in every round of a run and in every arm."""

    @abstractmethod
    def draw_prompts(self, key: int, count: int, *, compared: bool = False) -> Indices:
        """`count` prompts as people ask them, drawn with replacement; if to be compared, none on held-out facts."""

    def may_be_compared(self, prompts: Indices) -> NDArray[np.bool_]:
        """Which prompts [n] may be used for comparisons: those on no held-out fact."""
        return np.ones(len(prompts), dtype=bool)

    def comparable(self, items: Items) -> NDArray[np.bool_]:
        """Which responses [n] may be shown for comparison: those that state no held-out fact."""
        return np.ones(len(items), dtype=bool)

    @abstractmethod
    def features(self, items: Items) -> Array:
        """True features [n, D], no NaN (a criterion with nothing to say counts as its midpoint)."""

    @abstractmethod
    def observers(self, names: Sequence[str], keys: Sequence[int], knowledge: Sequence[float]) -> list[Observer]:
        """One observer per person: `knowledge` is the chance of believing the truth about a fact."""

    @abstractmethod
    def perceived(self, items: Items, observers: Sequence[Observer], who: Indices) -> Array:
        """Features [n, D] of item i as `observers[who[i]]` believes them to be."""

    def perceived_by_each(self, items: Items, observers: Sequence[Observer]) -> Iterator[Array]:
        """Features [n, D] of all items as each of these believes them to be, one observer after the other."""
        for place in range(len(observers)):
            yield self.perceived(items, observers, np.full(len(items), place))

    def texts(self, items: Items) -> NDArray[Any] | None:
        """What each response [n] reads; None where responses are no texts, and no two of them are ever the same."""
        return None

    def believed(self, items: Items, observers: Sequence[Observer]) -> Array:
        """The share of each response's claims that these people take to be true [n], mean over them; NaN where nothing
        is claimed, as in worlds without words."""
        return np.full(len(items), np.nan)

    def lengths(self, items: Items) -> Array | None:
        """Words of each response [n]; None where responses are no texts."""
        return None

    def performs(self, items: Items, act: str) -> Array | None:
        """1 for each response [n] that performs this act, else 0; None where responses are no texts."""
        return None

    @abstractmethod
    def approval(self, vector: Array, features: Array) -> Array:
        """How likely [n] somebody with this value vector is to be satisfied with responses of these features [n, D].

        The vector is [D], or [n, D] with one for each response.
        """

    def wording(self, items: Items) -> dict[str, Any]:
        """The columns `prompt` and `response` of a transcript: what was asked, and what was said."""
        columns = self.transcript(items)
        return {"prompt": columns["prompt"], "response": columns["response"]}

    @abstractmethod
    def transcript(self, items: Items) -> dict[str, Any]:
        """Columns of the responses table: prompt, response, force, fact_held_out, answered, and one column
        per criterion in [0, 1] or NaN (vector worlds: the share of reference responses that are worse in it)."""
