"""Fixtures for networks: one torch thread, a small language, and models that know it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simlab.nets.pretraining import pretrain
from simlab.nets.transformer import Transformer, TransformerConfig

PAD, START, SEP, END = range(4)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sequences() -> NDArray[np.int64]:
    """512 sequences `<start> prompt <sep> response <end>` over words 4…11; prompts of 1 to 4, responses of 1 to 5.

    Every word of a response is the prompt's first word or the word after it, so there is something to learn.
    """
    rng = np.random.default_rng(7)
    out = np.zeros((512, 12), dtype=np.int64)
    for row in out:
        prompt = rng.integers(4, 12, rng.integers(1, 5))
        response = 4 + (prompt[0] - 4 + rng.integers(0, 2, rng.integers(1, 6))) % 8
        words = [START, *prompt, SEP, *response, END]
        row[: len(words)] = words
    return out


@pytest.fixture(scope="session")
def speaker(sequences: NDArray[np.int64]) -> Transformer:
    """A transformer that has read `sequences` for a second."""
    config = TransformerConfig(vocab=12, width=16, layers=2, heads=2, context=20)
    model, _ = pretrain(config, sequences, steps=120, batch=64, rate=1e-2, seed=3)
    return model


@pytest.fixture(scope="session")
def prompts() -> NDArray[np.int64]:
    """96 prompts `<start> … <sep>` of 3 to 6 tokens, padded on the right."""
    rng = np.random.default_rng(11)
    out = np.zeros((96, 6), dtype=np.int64)
    for number, row in enumerate(out):
        words = [START, *rng.integers(4, 12, 1 + number % 4), SEP]
        row[: len(words)] = words
    return out
