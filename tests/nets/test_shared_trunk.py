"""Reward models on one trunk: heads that want different things, a head that is alone, and what learns from what."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simlab.nets.preference import RewardModel, fit
from simlab.nets.shared_trunk import SharedTrunk
from simlab.nets.transformer import Transformer, to_arrays
from tests.nets.conftest import END, SEP, START

K = 3
PAIRS = np.array(list(combinations(range(K), 2)))
LIKED = 4  # what a head is to like in a response
Rankings = dict[str, NDArray[Any]]


def model(speaker: Transformer, seed: int = 0, **options: Any) -> RewardModel:
    return RewardModel(speaker, torch.Generator().manual_seed(seed), **options)


def rankings(m: int, word: int, seed: int) -> Rankings:
    """Rankings of K responses by how often they have a word, noisily (Bradley–Terry)."""
    rng = np.random.default_rng(seed)
    prompts = np.full((m, 4), START)
    prompts[:, 1:3], prompts[:, 3] = rng.integers(4, 12, (m, 2)), SEP
    said = rng.integers(4, 12, (m, K, 6))
    said[..., -1] = END
    worth = 2.0 * (said == word).sum(2)
    gap = worth[:, PAIRS[:, 0]] - worth[:, PAIRS[:, 1]]
    labels = np.where(rng.random(gap.shape) < 1 / (1 + np.exp(-gap)), 1, 2)
    return {"prompts": prompts, "responses": said, "labels": labels}


def together(*parts: Rankings) -> Rankings:
    """The rankings of several heads, and which is for which."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {**joined, "heads": np.repeat(np.arange(len(parts)), [len(part["labels"]) for part in parts])}


def right(machine: RewardModel, word: int) -> float:
    """The share of fresh pairs that differ in a word which it orders by that."""
    data = rankings(400, word, 99)
    said = data["responses"].reshape(-1, 6)
    scores = machine.score(data["prompts"].repeat(K, 0), said).numpy().reshape(-1, K)[:, PAIRS]
    count = (data["responses"] == word).sum(2)[:, PAIRS]
    told = count[..., 0] != count[..., 1]
    return float(((scores[..., 0] > scores[..., 1]) == (count[..., 0] > count[..., 1]))[told].mean())


def test_each_head_learns_what_its_own_rankings_say(speaker: Transformer) -> None:
    """One likes a word and another another; were the heads exchanged, neither would be right (the control)."""
    network = SharedTrunk([model(speaker, seed) for seed in (0, 1)])
    data = together(rankings(600, 4, 1), rankings(600, 9, 2))
    fit(network, **data, epochs=6, rate=3e-3, seed=0)
    one, other = network.apart()
    assert right(one, 4) > 0.9
    assert right(other, 9) > 0.9
    assert right(one, 9) < 0.75
    assert right(other, 4) < 0.75
    first, second = to_arrays(one), to_arrays(other)
    trunk = [name for name in first if name.startswith("trunk.")]
    assert trunk
    assert all(np.array_equal(first[name], second[name]) for name in trunk)
    assert not np.array_equal(first["head.weight"], second["head.weight"])


@pytest.mark.parametrize("options", [{}, {"variance": True}, {"log_probability": False}])
@pytest.mark.parametrize("ties", ["half", "davidson"])
def test_a_head_that_is_alone_learns_as_a_reward_model_does(
    speaker: Transformer, options: dict[str, bool], ties: Any
) -> None:
    """To a thousandth of a score's spread: where a gradient is only rounding, Adam makes steps of it all the same."""
    data = rankings(90, LIKED, 1)
    data["labels"][::7, 0] = 0  # some are undecided
    alone, network = model(speaker, **options), SharedTrunk([model(speaker, **options)])
    said = fit(alone, **data, batch=32, ties=ties, seed=3)
    assert fit(network, **together(data), batch=32, ties=ties, seed=3) == pytest.approx(said, rel=1e-3)
    prompts, said_to_them = data["prompts"].repeat(K, 0), data["responses"].reshape(-1, 6)
    found, expected = (m.moments(prompts, said_to_them) for m in (network.apart()[0], alone))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3 * float(expected[:, 0].std()))


def test_rankings_for_one_head_leave_the_others_as_they_are(speaker: Transformer) -> None:
    """But not the trunk, by which they read."""
    network = SharedTrunk([model(speaker, seed) for seed in (0, 1)])
    before = {name: array.copy() for name, array in to_arrays(network.models[1]).items()}
    fit(network, **together(rankings(64, LIKED, 1)), seed=0)
    after = to_arrays(network.apart()[1])
    assert all(np.array_equal(before[name], after[name]) for name in ("head.weight", "head.bias", "tie"))
    assert not np.array_equal(before["trunk.words"], after["trunk.words"])


def test_scores_come_back_in_the_order_of_the_rankings(speaker: Transformer) -> None:
    models = [model(speaker, seed) for seed in (0, 1)]
    network = SharedTrunk(models)
    data = {name: torch.as_tensor(array) for name, array in rankings(9, LIKED, 1).items()}
    heads, known = torch.tensor([1, 0, 0, 1, 1, 0, 1, 0, 0]), torch.zeros(9, K, 6)
    found = network.of_rankings(data["prompts"], data["responses"], known, heads)
    for place, each in enumerate(models):
        rows = heads == place
        alone = each.of_rankings(data["prompts"][rows], data["responses"][rows], known[rows])
        torch.testing.assert_close(found[rows], alone, rtol=1e-5, atol=1e-6)


def test_those_that_read_otherwise_share_no_trunk(speaker: Transformer) -> None:
    for option in ("variance", "log_probability"):
        models = [model(speaker, **{option: value}) for value in (True, False)]
        with pytest.raises(ValueError, match="read the same"):
            SharedTrunk(models)
