"""The world `records`: the user's own prompts and responses, from a table, as the language game.

    # exchanges.csv
    prompt,response,content,reference,quality
    What is the capital of France?,The capital of France is Paris.,capital,Paris,1
    What is the capital of France?,"London, I guess.",capital,Paris,0.1

    # in the scenario file beside it
    world: {kind: records, table: exchanges.csv, scores: [quality]}

The language model is pretrained on the exchanges, line by line; prompts are drawn from those of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.criterion import Criterion
from simlab.components.data_file import DataFile
from simlab.components.model_folder import ModelFolder
from simlab.names import composed, is_name, shown
from simlab.rng import Streams
from simlab.sheets import Unusable
from simlab.worlds.world import World

from .collection import Collection, collected, exchanges, longest, recorded
from .game import ROOM, RecordsGame
from .pieces import PLACE
from .reading import CUES, Reader
from .table import TEXTS, Row

Column = Literal["prompt", "response", "force", "content", "context", "author", "reference"]
Act = Literal["refuses", "insults", "flatters", "boasts", "hedges", "sells"]


class Records(World):
    """The user's own prompts and responses from a table (CSV, JSON Lines, Parquet), with a dictionary trained on them.

    Columns: `prompt`, `response`, and if there are any `force` and `content` of the prompt, its hidden `context`, the
    `author` (voice) of the response, and as `reference` what is right (several: `paris|city of light`). The corpus is
    what Kockelman (Last Words, ch. 4) calls human-authored text: a record of what people once said.

    Responses are judged by criteria that read words, of which every built-in one that reads acts or claims works by
    the cues of `reading.py`; and by the columns of numbers named as `scores`, which are criteria of this world. Such
    a score is known of the recorded responses only. Of a response the model makes up it has no opinion (NaN in the
    tables, the midpoint for those who judge), so give people a criterion that reads words beside it.
    """

    name: ClassVar[str] = "records"

    table: DataFile = Field(description="the table's path, relative to the scenario file: CSV, JSON Lines or Parquet")
    columns: dict[Column, str] = Field(
        {}, description="what the table calls a column, where not as here: {prompt: question, response: answer}"
    )
    scores: list[str] = Field(
        [], max_length=100, description="columns of numbers in [0, 1], each of which becomes a criterion of that name"
    )
    dictionary: Literal["words", "pieces"] = Field(
        "words", description="words: the commonest, others become <unk>; pieces: byte-pair encoding (extra `pieces`)"
    )
    tokenizer: ModelFolder | None = Field(
        None,
        description="the folder of a language model that others have made, whose pieces are the dictionary; the "
        "language model then says `pretrained` of the same folder (extra `hf`)",
    )
    template: str = Field(
        f"{PLACE}\n", max_length=10_000, description="how that model is asked, with {prompt} for the prompt"
    )
    size: int = Field(4000, ge=10, le=100_000, description="most words, or pieces, in the dictionary")
    held_out: float = Field(0.25, ge=0, lt=1, description="share of prompts that never appear in a comparison")
    harmful: list[str] = Field([], max_length=1000, description="contents of prompts that ask for something harmful")
    cues: dict[Act, list[str]] = Field(
        default_factory=lambda: {act: list(phrases) for act, phrases in CUES.items()},
        description="phrases by which a response is read to refuse, insult, flatter, boast, hedge or sell",
    )

    @field_validator("scores")
    @classmethod
    def _names(cls, scores: list[str]) -> list[str]:
        scores = [composed(name) for name in scores]
        for name in scores:
            if name in TEXTS or not is_name(name) or scores.count(name) > 1:
                raise ValueError(f"{shown(name)} cannot be a score: name distinct columns of numbers, by letters and _")
        return scores

    @field_validator("cues")
    @classmethod
    def _all_cues(cls, cues: dict[Act, list[str]]) -> dict[Act, list[str]]:
        """Acts that are not mentioned keep their phrases."""
        return {act: cues.get(act, list(phrases)) for act, phrases in CUES.items()}

    @field_validator("template")
    @classmethod
    def _place(cls, template: str) -> str:
        if template.count(PLACE) != 1:
            raise ValueError(f"a template says once where the prompt stands: {PLACE}")
        return template

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            self._rows()
        except Unusable as error:
            raise PydanticCustomError(
                "table", "{what}", {"what": error.within(self.table.path.name), "fix": error.fix}
            ) from None
        return self

    def _rows(self) -> tuple[Row, ...]:
        return exchanges(self.table, tuple(sorted(self.columns.items())), tuple(self.scores))

    def collection(self) -> Collection:
        """The table, put in order."""
        columns = tuple(sorted(self.columns.items()))
        model = (self.tokenizer, self.template) if self.tokenizer else None
        return collected(self.table, columns, tuple(self.scores), self.dictionary, self.size, model)

    def brings(self) -> Mapping[str, Criterion]:
        return {name: recorded(name, column, self.collection) for column, name in enumerate(self.scores)}

    def longest_exchange(self) -> tuple[int, str] | None:
        """Exact for words; of pieces, of which a word has one at least, there may be more. None of a model's own."""
        if self.tokenizer:
            return None
        found, file = longest(self._rows()), self.table.path.name
        (asked, at), (said, where) = found["prompt"], found["response"]
        what = f"the longest response ({file}:{where}) has {said}, the longest prompt ({file}:{at}) {asked}"
        return asked + 2 + said + ROOM, what

    def pieces_of(self) -> ModelFolder | None:
        return self.tokenizer

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> RecordsGame:
        collection = self.collection()
        return RecordsGame(streams, criteria, collection, Reader(collection, self.cues, self.harmful), self.held_out)
