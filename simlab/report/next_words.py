"""What a run's language model would say next, and which words it holds near, before and after training.

The chapter's "comparison with the dictionary": P(next word | text), and the nearest neighbours of a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.names import clip
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
    from simlab.machines.networks import revive

    folder = given(folder)
    if not folder.is_dir():
        raise InvalidInput(Problem("no such folder", "give the folder that `simlab run` named", folder))
    files = sorted((folder / "models").glob("*.npz"))
    if not files:
        raise InvalidInput(
            Problem("holds no language model of words", "give the folder of one finished run of a text world", folder)
        )
    fix = "delete the folder's tables, too, and the command that began the run makes it again"
    try:
        with plain_files.opened(files[0], fix) as file, plain_files.arrays(file) as stored:
            words = stored["words"].tolist()
            config = {name: int(stored[f"config/{name}"]) for name in ("vocab", "width", "layers", "heads", "context")}
            weights = {n.removeprefix(f"{when}/"): stored[n] for n in stored if n.startswith(f"{when}/")}
        if math.prod(config[name] for name in ("vocab", "width")) > sum(array.size for array in weights.values()):
            raise ValueError("its networks are not of the sizes it says")
        return revive(config, weights, "cpu"), Tokenizer(words)
    except (RuntimeError, TypeError, *plain_files.UNREADABLE) as error:
        what = f"is damaged: {clip(' '.join(str(error).split()), 160)}"
        raise InvalidInput(Problem(what, fix, files[0])) from error
