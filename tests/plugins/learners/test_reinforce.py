"""REINFORCE: it finds the optimum where that is known, by either baseline, and learns in a run."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import simlab
from simlab.components.learner import RewardLesson
from simlab.nets.closed_form import divergence, tilted
from simlab.plugins.registry import discover
from tests.one_word import END, LOGP, REWARD, SEP, START, WORD, one_thread, reference_model
from tests.small_world import FIRST, HURRIED

torch = pytest.importorskip("torch")
Array = NDArray[np.float64]


def made(**settings: Any) -> Any:
    return discover(local=False).get("learner", "reinforce")(**settings)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture(scope="module")
def reference() -> Any:
    """A pretrained model that says one of four words, with chances .4, .3, .2, .1."""
    return reference_model()


def practised(reference: Any, values: Array, **settings: Any) -> Array:
    """log π of the four words after 120 batches of 128 responses, leashed by β = 1 to the reference."""
    from simlab.nets.transformer import log_probs

    learner, table = made(iterations=120, rate=1e-2, **settings), torch.tensor(values, dtype=torch.float32)
    lots = np.random.default_rng(0).random((120, 128, 1))

    def reward(score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        return (score[:, None] - (logp - logp_ref)) * mask

    policy = copy.deepcopy(reference)
    rows = learner.learn(policy, RewardLesson(
        reference, np.tile([[[START, SEP]]], (120, 128, 1)), lots, lambda prompts, said: table[said[:, 0] - WORD],
        reward, END, 1.0, seed=0,
    ))  # fmt: skip
    assert len(rows) == 120
    words = np.arange(WORD, WORD + 4)[:, None]
    found: Array = log_probs(policy, np.tile([[START, SEP]], (4, 1)), words)[:, 0].double().numpy()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"minibatch": 32}, {"baseline": "running", "momentum": 0.5}])
def test_it_finds_the_optimum(reference: Any, settings: dict[str, Any]) -> None:
    """π* ∝ π_ref·exp(r/β); a judge who likes all words alike (the control) leaves the model where it was."""
    star = tilted(LOGP, REWARD, 1.0)
    assert divergence(practised(reference, REWARD, **settings), star) < 0.01 < divergence(LOGP, star)
    assert divergence(practised(reference, 0 * REWARD, **settings), LOGP) < 0.01


@pytest.mark.slow
def test_minibatches_make_no_difference(reference: Any) -> None:
    whole, parts = (practised(reference, REWARD, minibatch=size) for size in (128, 48))
    np.testing.assert_allclose(whole, parts, atol=1e-3)


@pytest.mark.slow
def test_it_learns_in_a_run(tmp_path: Path) -> None:
    """Scores rise over the batches of a round by more than they do where nothing is learned (the control)."""
    settings = [*HURRIED, "days=1", "relations.3.sample=64"]
    gains = []
    for rate in (1e-2, 1e-12):
        learner = f"relations.3.consequence.learner={{kind: reinforce, iterations: 10, rate: {rate}, decay: false}}"
        run = simlab.run(FIRST, small=True, overrides=[*settings, learner], out=tmp_path / f"{rate}", local=False)
        policy = run.policy
        assert len(policy) == 10
        assert policy.loss_policy_avg.notna().all()
        gains.append(policy.objective_scores[-3:].mean() - policy.objective_scores[:3].mean())
    assert gains[0] > gains[1] + 0.3
