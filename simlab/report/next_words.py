"""What a run's language model would say next, and which words it holds near, before and after training.

The chapter's "comparison with the dictionary": P(next word | text), and the nearest neighbours of a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.worlds.tokenizer import SEP, SPECIAL, START, Tokenizer

BEFORE, AFTER = "before", "after"


def next_words(folder: Path | str, text: str, *, when: str = AFTER, count: int = 10) -> list[tuple[str, float]]:
    """The likeliest next words after a text, with their probabilities, likeliest first.

    A `|` in the text stands between prompt and response: "what is the capital of france ? | the capital". `when`
    is "before" (as pretrained) or "after" training. Raises InvalidInput for unknown words or a run without one.
    """
    from simlab.nets.transformer import next_words as distribution

    model, tokenizer = _model(folder, when)
    prompt, bar, response = text.partition("|")
    tokens = [START, *_tokens(tokenizer, prompt), *([SEP, *_tokens(tokenizer, response)] if bar else [])]
    if len(tokens) > model.config.context:
        raise InvalidInput(f"the text has {len(tokens)} tokens; the model reads {model.config.context}")
    p = distribution(model, tokens).double().numpy()
    best = np.argsort(-p, kind="stable")[:count]
    return [(tokenizer.words[i], float(p[i])) for i in best.tolist()]


def neighbours(folder: Path | str, word: str, *, when: str = AFTER, count: int = 10) -> list[tuple[str, float]]:
    """The words whose embeddings point most nearly the same way, with the cosine, nearest first."""
    from simlab.nets.transformer import neighbours as nearest

    model, tokenizer = _model(folder, when)
    tokens = _tokens(tokenizer, word)
    if len(tokens) != 1:
        raise InvalidInput(f"{word!r} is not one word (of countries and cities, join the words with _)")
    found = nearest(model, tokens[0], count + len(SPECIAL))
    return [(tokenizer.words[i], cosine) for i, cosine in found if i >= len(SPECIAL)][:count]


def _tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token numbers of a text as people type it: capitals do not matter, punctuation may touch words."""
    spaced = re.sub(r"([.,?!])", r" \1 ", text.lower())
    if unknown := [w for w in spaced.split() if w not in tokenizer]:
        known = tokenizer.words[len(SPECIAL) :]
        meant = [m for w in unknown[:3] for m in _meant(w, known)]
        fix = f"did you mean {', '.join(meant)}? " if meant else ""
        fix += f"the model knows the {len(known)} words of its world and no others"
        raise InvalidInput(Problem(f"not in the dictionary: {', '.join(unknown)}", fix))
    return tokenizer.encode(spaced)


def _meant(word: str, known: Sequence[str]) -> list[str]:
    """Words that `word` is a part of (south: south_africa), or else one that is spelled much alike."""
    return [w for w in known if word in w.split("_")][:3] or get_close_matches(word, known, 1, 0.8)


def _model(folder: Path | str, when: str) -> tuple[Any, Tokenizer]:
    """The run's (first) language model as it was, and its dictionary."""
    from simlab.machines import saved

    folder = given(folder)
    if not folder.is_dir():
        raise InvalidInput(Problem("no such folder", "give the folder that `simlab run` named", folder))
    if not (names := saved.language_models(folder)):
        raise InvalidInput(
            Problem("holds no language model of words", "give the folder of one finished run of a text world", folder)
        )
    return saved.network(folder, names[0], when), Tokenizer(saved.words(folder, names[0]))
