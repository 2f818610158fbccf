"""Dictionaries of pieces of words, trained on the table or by others: no word is unknown that has their letters.

Byte-pair encoding (Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units",
ACL) by the library `tokenizers`; GPT-2 and GPT-3 cut their texts so too. Used by `records.py` where the scenario
says `dictionary: pieces`; the extra `pieces` installs the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simlab.components.model_folder import TOKENIZER, ModelFolder
from simlab.errors import InvalidInput, Problem
from simlab.worlds.tokenizer import END, PAD, SPECIAL, UNKNOWN, Tokenizer

from .spelling import spoken

PLACE = "{prompt}"  # where a template has the prompt

_FIRST = "▁"  # begins the piece that begins a word, as in SentencePiece (Kudo & Richardson 2018)


class Pretrained(Tokenizer):
    """The tokenizer of a model that others have made, from its folder; texts go in as they are written, and come out
    as words that are spelt as the game has them.

    Token numbers are the model's own plus five, for the special ones; END stands for its end of a text. A prompt is
    put into the `template` in the place of `{prompt}`, and what the tokenizer puts before every text stands before it.
    """

    as_written = True

    def __init__(self, folder: ModelFolder, template: str) -> None:
        self._model = _saved(folder)
        self.words = (*SPECIAL, *(self._model.id_to_token(i) or "" for i in range(folder.sizes()["vocabulary"])))
        self._number = {word: number for number, word in enumerate(self.words)}
        self._end, self.template = folder.sizes()["end"], template
        self._questions: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        return [number + len(SPECIAL) for number in self._model.encode(text, add_special_tokens=False).ids]

    def question(self, prompt: str) -> list[int]:
        if prompt not in self._questions:
            found = self._model.encode(self.template.replace(PLACE, prompt)).ids
            if found and found[-1] == self._end and not self.template.endswith(self._model.id_to_token(self._end)):
                found = found[:-1]  # put there by the tokenizer, behind every text
            self._questions[prompt] = [number + len(SPECIAL) for number in found]
        return list(self._questions[prompt])

    def passage(self, text: str) -> list[int]:
        return [*self.encode(text), END]

    def decode(self, tokens: Iterable[int]) -> tuple[tuple[str, ...], bool]:
        numbers, ended = [], False
        for token in tokens:
            ended = token == END
            if ended:
                break
            if token >= len(SPECIAL):
                numbers.append(int(token) - len(SPECIAL))
        return tuple(spoken(self._model.decode(numbers)).split()), ended


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


def _saved(folder: ModelFolder) -> Any:
    """The tokenizer that a folder holds."""
    try:
        from tokenizers import Tokenizer as Saved
    except ImportError as error:
        raise InvalidInput(f"tokenizer needs a package: {error} (pip install 'simlab[hf]')") from error
    try:
        return Saved.from_file(str(folder.path / TOKENIZER))
    except Exception as error:  # the library raises nothing narrower
        raise InvalidInput(Problem(f"is no tokenizer: {error}", "save it again", folder.path / TOKENIZER)) from error


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
