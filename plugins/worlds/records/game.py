"""The records in play: prompts, dictionary, corpus, reading back and beliefs.

`Records.open` makes it; the engine knows it as a `TextGame`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simlab.components.criterion import Criterion
from simlab.components.exchange import Exchange
from simlab.errors import InvalidInput, Problem
from simlab.rng import Streams, uniforms
from simlab.worlds.text import Author, TextGame

from .collection import Collection
from .reading import Reader
from .spelling import spoken

ROOM = 4  # the end token, and three tokens more than anybody used: a model mixes what it has read


class RecordsGame(TextGame):
    """A game over what people have recorded. The corpus is the table, line by line."""

    closed = False  # rare words of the table are not in its dictionary

    def __init__(
        self,
        streams: Streams,
        criteria: Sequence[Criterion],
        collection: Collection,
        reader: Reader,
        held_out: float,
    ) -> None:
        super().__init__(criteria)
        self.collection, self.reader = collection, reader
        self.prompts, self.tokenizer = collection.prompts, collection.tokenizer
        self.longest_response = ROOM + max(len(self.tokenizer.encode(line.response)) for line in collection.lines)
        # a prompt's draws are keyed by what it says, not by its place in the table: more rows move no others
        self._keys = [Streams(0).key(" ".join(p.words), p.force, p.content, p.context) for p in self.prompts]
        drawn = uniforms(streams.key("records", "held out"), np.array(self._keys, dtype=np.uint64))
        self.held_out = drawn < held_out
        if self.held_out.all():
            raise InvalidInput(Problem("every prompt of the table is held out", "lower held_out, or add prompts"))

    def spelt(self, text: str) -> str:
        return text if self.tokenizer.as_written else spoken(text)

    def corpus(self) -> Sequence[Author]:
        return self.collection.lines

    def read(self, prompt: int, words: tuple[str, ...], ended: bool) -> Exchange:
        return self.reader.read(prompt, words, ended)

    def words(self, text: str) -> tuple[str, ...]:
        return tuple(spoken(text).split())

    def belief(self, key: int, knowledge: float, fact: int) -> tuple[str, ...]:
        """What is right with chance `knowledge`; otherwise what is right for another prompt of the same content, each
        equally likely, or nothing where there is no other."""
        right = self.collection.references[fact]
        knows, which = uniforms(key, np.uint64(self._keys[fact]), np.arange(2)).tolist()
        if knows < knowledge:
            return right
        wrong = [value for value in self.reader.values[self.prompts[fact].content] if value not in right]
        return (wrong[int(which * len(wrong))],) if wrong else ()
