"""What a table amounts to: prompts, who answered them how, a dictionary trained on it, and the scores it gives.

The same table is put together once, however often the engine asks. Used by `records.py`, `game.py`, `reading.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.components.criterion import Criterion
from simlab.components.data_file import DataFile
from simlab.components.exchange import Exchange, Observer, Prompt
from simlab.components.model_folder import ModelFolder
from simlab.worlds.text import Author
from simlab.worlds.tokenizer import END, Tokenizer

from .pieces import Pieces, Pretrained
from .spelling import spoken
from .table import BETWEEN, Row, read

Said = tuple[Prompt, tuple[str, ...]]  # a prompt, and the words of a response to it


@dataclass(frozen=True, slots=True)
class Collection:
    """A table, put in order. Prompts are numbered by first appearance; equal ones in different contexts differ."""

    prompts: tuple[Prompt, ...]
    lines: tuple[Author, ...]
    references: tuple[tuple[str, ...], ...]  # per prompt, what is right; empty where the table does not say
    tokenizer: Tokenizer
    scores: Mapping[Said, NDArray[np.float64]]  # mean of each score over equal rows, NaN where none has one


@lru_cache(maxsize=1)
def exchanges(table: DataFile, columns: tuple[tuple[str, str], ...], scores: tuple[str, ...]) -> tuple[Row, ...]:
    """The rows of a table. Raises `simlab.sheets.Unusable`."""
    return tuple(read(table.path, dict(columns), scores))


def longest(rows: Sequence[Row]) -> dict[str, tuple[int, int]]:
    """How many words the longest prompt and the longest response have, and where in the table these are."""
    found = {}
    for name in ("prompt", "response"):
        words, place = max((len(spoken(row.texts[name]).split()), -row.row) for row in rows)
        found[name] = (words, -place)
    return found


@lru_cache(maxsize=4)
def collected(
    table: DataFile, columns: tuple[tuple[str, str], ...], scores: tuple[str, ...], dictionary: str, size: int,
    model: tuple[ModelFolder, str] | None = None,
) -> Collection:  # fmt: skip
    """The collection of a table; its texts are as they are written where the tokenizer is that of a `model` (with a
    template). Raises `simlab.sheets.Unusable`, and InvalidInput where a package is missing."""
    rows = exchanges(table, columns, scores)
    spelt = spoken if model is None else str
    prompts, numbers, references = _prompts(rows, spelt)
    lines = tuple(
        Author(number, spelt(row.texts["response"]), row.texts["author"])
        for number, row in zip(numbers, rows, strict=True)
    )
    texts = [line.response for line in lines] + [prompts[line.prompt].text for line in lines]
    tokenizer: Tokenizer
    if model is not None:
        tokenizer = Pretrained(*model)
    else:
        tokenizer = Pieces(texts, size) if dictionary == "pieces" else Tokenizer(commonest(texts, size))
    said = [(prompts[line.prompt], tokenizer.decode([*tokenizer.encode(line.response), END])[0]) for line in lines]
    return Collection(prompts, lines, references, tokenizer, _means(said, rows))


def _prompts(
    rows: Sequence[Row], spelt: Callable[[str], str] = spoken
) -> tuple[tuple[Prompt, ...], list[int], tuple[tuple[str, ...], ...]]:
    """The distinct prompts, the number of each row's, and what is right for each (over all rows that say so)."""
    number: dict[tuple[str, ...], int] = {}
    right: list[dict[str, None]] = []
    numbers = []
    texts: list[str] = []
    for row in rows:
        key = (spoken(row.texts["prompt"]), *(row.texts[name] for name in ("force", "content", "context")))
        if key not in number:
            number[key] = len(number)
            right.append({})
            texts.append(spelt(row.texts["prompt"]))
        numbers.append(number[key])
        answers = (spoken(answer) for answer in row.texts["reference"].split(BETWEEN))
        right[number[key]].update(dict.fromkeys(answer for answer in answers if answer))
    prompts = tuple(
        Prompt(texts[n], tuple(text.split()), force, content, n if right[n] else -1, context)
        for (text, force, content, context), n in number.items()
    )
    return prompts, numbers, tuple(tuple(answers) for answers in right)


def commonest(texts: Sequence[str], size: int) -> list[str]:
    """The `size` commonest words, the first by the alphabet among those as common."""
    count = Counter(word for text in texts for word in text.split())
    return sorted(count, key=lambda word: (-count[word], word))[:size]


def _means(said: Sequence[Said], rows: Sequence[Row]) -> dict[Said, NDArray[np.float64]]:
    found: dict[Said, list[tuple[float, ...]]] = {}
    for exchange, row in zip(said, rows, strict=True):
        found.setdefault(exchange, []).append(row.scores)
    means = {}
    for exchange, given in found.items():
        scores = np.array(given, dtype=float)
        known = ~np.isnan(scores)
        total, count = np.where(known, scores, 0.0).sum(axis=0), known.sum(axis=0)
        means[exchange] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


class Recorded(Criterion):
    """A score that the table gives. It has no opinion (NaN) of a response that nobody has recorded and scored.

    People made these scores of the responses in the table. What they would say of one they have not seen nobody
    knows, and a likeness to one they have seen is no judgement of theirs.
    """

    deterministic: ClassVar[bool] = True
    column: ClassVar[int] = 0
    collection: ClassVar[Callable[[], Collection]]

    def score_batch(self, exchanges: Sequence[Exchange], observers: Sequence[Observer]) -> NDArray[np.float64]:
        scores = self.collection().scores
        found = [scores.get((e.prompt, e.response.words)) if e.response.ended else None for e in exchanges]
        given = np.array([np.nan if each is None else each[self.column] for each in found], dtype=float)
        return np.repeat(given[:, None], len(observers), axis=1)


def recorded(name: str, column: int, collection: Callable[[], Collection]) -> Criterion:
    """The criterion that is one column of scores of the table."""
    about: dict[str, Any] = {"__module__": __name__, "__doc__": Recorded.__doc__, "name": name, "column": column}
    made: Criterion = type("Recorded", (Recorded,), {**about, "collection": staticmethod(collection)})()
    return made
