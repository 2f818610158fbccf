"""A language that can be counted: to one prompt, every response of up to three words out of three.

There are 1 + 3 + 9 responses that end, and 27 that are cut off. The reward of each is known, so that the policy that
is best, π* ∝ π_ref·exp(r/β), and what any policy is worth are sums over forty responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.nets.closed_form import objective, optimum
from simlab.nets.pretraining import pretrain
from simlab.nets.transformer import Transformer, TransformerConfig, log_probs
from tests.one_word import END, SEP, START, WORD

Array = NDArray[np.float64]
LENGTH, WORDS = 3, (WORD, WORD + 1, WORD + 2)
PROMPT = (START, SEP)


def every_response() -> NDArray[np.int64]:
    """All responses [40, 3]."""
    ended = [(*said, END) for many in range(LENGTH) for said in product(WORDS, repeat=many)]
    cut_off = list(product(WORDS, repeat=LENGTH))
    return np.array([(*said, *[0] * (LENGTH - len(said))) for said in [*ended, *cut_off]])


def value(said: Any) -> Any:
    """What responses [n, 3] are worth: by their words, for not repeating a word, and for coming to an end."""
    worth = sum((said == word) * weight for word, weight in zip(WORDS, (0.2, 0.6, 1.0), strict=True)).sum(1)
    repeated = ((said[:, 1:] == said[:, :-1]) & (said[:, 1:] >= WORD)).sum(1)
    return worth - 0.8 * repeated + 0.5 * (said == END).any(1)


def reference_model() -> Transformer:
    """A pretrained model that says every response now and then."""
    config = TransformerConfig(vocab=WORD + 3, width=16, layers=1, heads=2, context=5, unspoken=(0, 1, 2))
    said = every_response()
    corpus = np.array([[*PROMPT, *words] for words in said for _ in range(1 + (words == WORD).sum())])
    return pretrain(config, corpus, steps=150, batch=32, rate=1e-2, seed=0)[0]


def likelihoods(model: Transformer) -> Array:
    """log π of every response [40]; they add up to 1."""
    said = every_response()
    each = log_probs(model, np.tile(PROMPT, (len(said), 1)), said).double().sum(1).numpy()
    assert abs(np.exp(each).sum() - 1) < 1e-4
    return np.asarray(each - np.log(np.exp(each).sum()))


@dataclass(frozen=True)
class Worth:
    """What a policy is worth, beside the best there is, both as gains over the reference."""

    gain: float
    best: float

    @property
    def share(self) -> float:
        return self.gain / self.best


def worth(policy: Transformer, reference: Transformer, beta: float) -> Worth:
    """J(π) − J(π_ref) and J* − J(π_ref), J = E[r] − β·KL(π‖π_ref)."""
    reward = np.asarray(value(every_response()), dtype=float)
    logp_ref = likelihoods(reference)
    start = objective(logp_ref, logp_ref, reward, beta)
    gain = objective(likelihoods(policy), logp_ref, reward, beta) - start
    return Worth(gain, optimum(logp_ref, reward, beta) - start)
