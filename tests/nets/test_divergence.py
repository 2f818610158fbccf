"""How far a policy is from its reference: by samples, by whole distributions, and counted out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from simlab.nets.divergence import k3, of_states
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer, log_probs
from tests import few_words, one_word
from tests.few_words import PROMPT

MANY = 20_000


def moved(reference: Transformer, size: float) -> Transformer:
    """The same model, its words some way off."""
    policy = copy.deepcopy(reference)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        policy.words += size * torch.randn(policy.words.shape, generator=generator)
    return policy


@pytest.mark.parametrize("size", [0.1, 0.3, 0.6])
def test_all_three_say_what_can_be_counted(size: float) -> None:
    """Over the forty responses of a language that can be counted, KL = Σ π ln(π/π_ref)."""
    reference = few_words.reference_model()
    policy = moved(reference, size)
    now, before = few_words.likelihoods(policy), few_words.likelihoods(reference)
    exact = float(np.exp(now) @ (now - before))
    prompts = np.tile(PROMPT, (MANY, 1))
    said = generate(policy, prompts, np.random.default_rng(0).random((MANY, few_words.LENGTH)), end=few_words.END)
    logp, logp_ref = (log_probs(m, prompts, said).double() for m in (policy, reference))
    found = {
        "k1": (logp - logp_ref).sum(1).numpy(),
        "k3": k3(logp, logp_ref).sum(1).numpy(),
        "states": of_states(policy, reference, prompts, said).double().numpy(),
    }
    errors = {name: each.std() / np.sqrt(MANY) for name, each in found.items()}
    for name, each in found.items():
        assert abs(each.mean() - exact) < 4 * errors[name] + 1e-5, name
    assert found["k3"].min() >= 0
    assert found["states"].min() >= -1e-6
    assert errors["states"] < errors["k1"]
    assert exact > 4 * errors["k1"]  # the control: it could have been told from nothing


def test_it_is_exact_where_a_response_is_one_token() -> None:
    reference = one_word.reference_model()
    policy = moved(reference, 0.4)
    prompts, words = np.array([[one_word.START, one_word.SEP]] * 4), np.arange(4)[:, None] + one_word.WORD
    now, before = (log_probs(m, prompts, words).double().numpy()[:, 0] for m in (policy, reference))
    exact = float(np.exp(now) @ (now - before))
    assert exact > 0.01
    assert of_states(policy, reference, prompts, words).double().numpy() == pytest.approx(exact, rel=1e-3)
    assert of_states(reference, reference, prompts, words).numpy() == pytest.approx(0, abs=1e-6)
