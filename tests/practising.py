"""Learners of language models at the games whose optimum is known: `tests.one_word` and `tests.few_words`."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from simlab.components.learner import RewardLesson
from simlab.plugins.registry import discover
from tests import few_words, one_word


def made(name: str, **settings: Any) -> Any:
    return discover(local=False).get("learner", name)(**settings)


def leash(beta: float) -> Any:
    """The score at the last token, less β times the log-ratio at each, as the shape `plain`."""

    def reward(score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        paid = -beta * (logp - logp_ref) * mask
        return paid.scatter_add(1, mask.sum(1, keepdim=True) - 1, score[:, None])

    return reward


def practised(learner: Any, reference: Any, score: Any, *, beta: float, batch: int, length: int, seed: int = 0) -> Any:
    """A copy of the reference that the learner taught, by `score` of responses [B, T], and the figures it gave."""
    shape = (learner.batches(), batch)
    policy = copy.deepcopy(reference)
    rows = learner.learn(policy, RewardLesson(
        reference, np.tile([[[one_word.START, one_word.SEP]]], (*shape, 1)),
        np.random.default_rng(seed).random((*shape, length)),
        lambda prompts, said: score(said).float(), leash(beta), one_word.END, 1.0, seed=seed,
    ))  # fmt: skip
    return policy, rows


def one_word_chances(learner: Any, reference: Any, *, beta: float = 1.0, batch: int = 256, seed: int = 0) -> Any:
    """log π of the four words after practice."""
    from simlab.nets.transformer import log_probs

    policy, _ = practised(
        learner, reference, lambda said: said[:, 0] - one_word.WORD, beta=beta, batch=batch, length=1, seed=seed
    )
    words = np.arange(one_word.WORD, one_word.WORD + 4)[:, None]
    found = log_probs(policy, np.tile([[one_word.START, one_word.SEP]], (4, 1)), words)[:, 0].double().numpy()
    return found - np.log(np.exp(found).sum())


def few_words_worth(learner: Any, reference: Any, *, beta: float, batch: int = 256, seed: int = 0) -> few_words.Worth:
    """What the model is worth after practice."""
    policy, _ = practised(
        learner, reference, few_words.value, beta=beta, batch=batch, length=few_words.LENGTH, seed=seed
    )
    return few_words.worth(policy, reference, beta)
