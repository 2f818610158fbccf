"""What a run's language model would say next, and which words it holds near, before and after training.

The chapter's "comparison with the dictionary": P(next word | text), and the nearest neighbours of a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simlab.errors import InvalidInput
from simlab.worlds.tokenizer import SEP, SPECIAL, START, Tokenizer

BEFORE, AFTER = "before", "after"


def next_words(folder: Path | str, text: str, *, when: str = AFTER, count: int = 10) -> list[tuple[str, float]]:
    """The likeliest next words after a text, with their probabilities, likeliest first.

    A `|` in the text stands between prompt and response: "what is the capital of france ? | the capital". `when`
    is "before" (as pretrained) or "after" training. Raises InvalidInput for unknown words or a run without one.
    """
    from simlab.nets.transformer import next_words as distribution

    model, tokenizer = _model(folder, when)
    prompt, bar, response = text.lower().partition("|")
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
    tokens = _tokens(tokenizer, word.lower())
    if len(tokens) != 1:
        raise InvalidInput("give one word of the dictionary")
    found = nearest(model, tokens[0], count + len(SPECIAL))
    return [(tokenizer.words[i], cosine) for i, cosine in found if i >= len(SPECIAL)][:count]


def _tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    unknown = [w for w in text.split() if w not in tokenizer]
    if unknown:
        raise InvalidInput(f"not in the dictionary: {', '.join(unknown)} (put spaces around punctuation)")
    return tokenizer.encode(text)


def _model(folder: Path | str, when: str) -> tuple[Any, Tokenizer]:
    """The run's (first) language model as it was, and its dictionary."""
    from simlab.parties.language_model import revive

    files = sorted((Path(folder) / "models").glob("*.npz"))
    if not files:
        raise InvalidInput(f"{folder}: holds no language model of words (is it a finished run of a text world?)")
    with np.load(files[0], allow_pickle=False) as stored:
        words = stored["words"].tolist()
        config = {name: int(stored[f"config/{name}"]) for name in ("vocab", "width", "layers", "heads", "context")}
        weights = {n.removeprefix(f"{when}/"): stored[n] for n in stored.files if n.startswith(f"{when}/")}
    return revive(config, weights, "cpu"), Tokenizer(words)
