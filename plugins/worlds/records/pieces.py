"""A dictionary of pieces of words, trained on the table: no word is unknown that is spelt with its letters.

Byte-pair encoding (Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units",
ACL) by the library `tokenizers`; GPT-2 and GPT-3 cut their texts so too. Used by `records.py` where the scenario
says `dictionary: pieces`; the extra `pieces` installs the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simlab.errors import InvalidInput
from simlab.worlds.tokenizer import END, PAD, SPECIAL, UNKNOWN, Tokenizer

_FIRST = "▁"  # begins the piece that begins a word, as in SentencePiece (Kudo & Richardson 2018)


class Pieces(Tokenizer):
    """Token numbers are positions in `words`, which are pieces; texts go in and come out as words."""

    def __init__(self, texts: Sequence[str], size: int) -> None:
        self._model = _trained(texts, size)
        found = self._model.get_vocab()
        super().__init__(found)
        self._tokens = {old: self._number.get(piece, UNKNOWN) for piece, old in found.items()}

    def encode(self, text: str) -> list[int]:
        return [self._tokens[number] for number in self._model.encode(text).ids]

    def decode(self, tokens: Iterable[int]) -> tuple[tuple[str, ...], bool]:
        """The words up to the end token, and whether there was one; a word cut off in its middle is a word."""
        text, ended = "", False
        for token in tokens:
            ended = token == END
            if ended:
                break
            text += self.words[int(token)] if token != PAD else ""
        return tuple(text.replace(_FIRST, " ").split()), ended


def _trained(texts: Sequence[str], size: int) -> Any:
    """A byte-pair model of at most `size` pieces. Texts are counted in sorted order, so that nothing else decides."""
    try:
        from tokenizers import Tokenizer as Trained
        from tokenizers import models, pre_tokenizers, trainers
    except ImportError as error:
        raise InvalidInput(f"dictionary: pieces needs a package: {error} (pip install 'simlab[pieces]')") from error
    model = Trained(models.BPE(unk_token=SPECIAL[UNKNOWN]))
    model.pre_tokenizer = pre_tokenizers.Metaspace(_FIRST, prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[SPECIAL[UNKNOWN]], show_progress=False)
    model.train_from_iterator(sorted(texts), trainer)
    return model
