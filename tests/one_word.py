"""The least language there is: to one prompt, one of four words, so that the optimum of any reward is known.

π* ∝ π_ref·exp(r/β) over four words; what a learner comes to can be read off and held against it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simlab.nets.pretraining import pretrain
from simlab.nets.transformer import Transformer, TransformerConfig

START, SEP, END, WORD = 1, 2, 3, 4  # the four words are 4, 5, 6, 7
LOGP, REWARD = np.log([0.4, 0.3, 0.2, 0.1]), np.arange(4.0)


def reference_model() -> Transformer:
    """A pretrained model that says each word with the chances of LOGP."""
    config = TransformerConfig(vocab=8, width=16, layers=1, heads=2, context=4, unspoken=(0, 1, 2, 3))
    corpus = np.array([[START, SEP, WORD + w] for w in range(4) for _ in range(4 - w)])
    return pretrain(config, corpus, steps=250, batch=10, rate=1e-2, seed=0)[0]


def one_thread() -> Iterator[None]:
    """The body of a fixture under which torch computes on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
