"""Words and tokens: a dictionary of words, and texts as rows of token numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

PAD, START, SEP, END, UNKNOWN = 0, 1, 2, 3, 4
SPECIAL = ("<pad>", "<start>", "<sep>", "<end>", "<unk>")


class Tokenizer:
    """A word-level dictionary. Token numbers are positions in `words`; the first five are special.

    A dialogue is `<start> prompt <sep> response <end>`; a response is what comes after `<sep>`.
    """

    as_written: ClassVar[bool] = False  # True: texts are tokens as they are written, capitals and all

    def __init__(self, words: Iterable[str]) -> None:
        self.words: tuple[str, ...] = (*SPECIAL, *sorted(set(words) - set(SPECIAL)))
        self._number = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._number

    def encode(self, text: str) -> list[int]:
        """Token numbers of a text whose words and punctuation stand between spaces."""
        return [self._number.get(word, UNKNOWN) for word in text.split()]

    def decode(self, tokens: Iterable[int]) -> tuple[tuple[str, ...], bool]:
        """The words up to the end token, and whether there was one."""
        words: list[str] = []
        for token in tokens:
            if token == END:
                return tuple(words), True
            if token != PAD:
                words.append(self.words[int(token)])
        return tuple(words), False

    def question(self, prompt: str) -> list[int]:
        """All that stands before a response to this prompt."""
        return [START, *self.encode(prompt), SEP]

    def dialogue(self, prompt: str, response: str) -> list[int]:
        """The whole training sequence of one exchange."""
        return [*self.question(prompt), *self.encode(response), END]

    def passage(self, text: str) -> list[int]:
        """The whole training sequence of a text that is no exchange."""
        return [START, *self.encode(text), END]


def pad(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Rows of different lengths as one matrix [n, longest], zero-padded on the right."""
    width = max((len(row) for row in rows), default=0)
    out = np.full((len(rows), width), PAD, dtype=np.int64)
    for target, row in zip(out, rows, strict=True):
        if row:
            target[: len(row)] = row
    return out
