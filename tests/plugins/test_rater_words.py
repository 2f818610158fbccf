"""Raters who go by how responses are worded, in the almanac: length and flattery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simlab.parties.pool import Pool
from simlab.plugins.registry import discover
from simlab.scenario import load
from simlab.theory.raters import policy
from simlab.worlds.world import Items
from tests.small_world import FIRST, HURRIED, Played, played

PAIRS = 4000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The first scenario in a hurry, its raters people who like what is long."""
    swayed = ("parties.pool.policy={kind: length_bias, agreement: 0.657}", "days=1", "parties.pool.count=20")
    scenario = load(FIRST, small=True, overrides=[*HURRIED, *swayed], plugins=discover(local=False))
    return played(scenario, tmp_path_factory.mktemp("words"), measured=False)


def pool(run: Played) -> Pool:
    found = run.context.parties["pool"]
    assert isinstance(found, Pool)
    return found


def corpus_pairs(game: Any) -> Items:
    """Pairs of what different authors wrote to the same prompt."""
    by_prompt: dict[int, list[str]] = {}
    for author in game.corpus():
        by_prompt.setdefault(author.prompt, []).append(author.response)
    rng, prompts, texts = np.random.default_rng(6), [], []
    places = [p for p, said in sorted(by_prompt.items()) if len(set(said)) > 1]
    while len(prompts) < 2 * PAIRS:
        place = places[rng.integers(len(places))]
        one, other = rng.choice(by_prompt[place], 2, replace=False).tolist()
        if one != other:
            prompts += [place, place]
            texts += [one, other]
    return game.items(prompts, texts)


def said(people: Pool, items: Items) -> tuple[np.ndarray, np.ndarray]:
    """Labels and perceived differences of these pairs, each by one of twenty people."""
    n = len(items) // 2
    label, told = people.labels(items, np.arange(n) % 20, np.arange(2 * n), np.arange(n), 11)
    return label[:, 0], told[:, 0]


@pytest.mark.slow
def test_lengths_and_acts_are_read_off_the_words(run: Played) -> None:
    game = pool(run).context.game
    items = corpus_pairs(game)[np.arange(200)]
    exchanges = game.exchanges(items)  # type: ignore[attr-defined]
    assert game.lengths(items).tolist() == [len(e.response.words) for e in exchanges]
    assert game.performs(items, "flatters").tolist() == ["flatters" in e.response.acts for e in exchanges]
    assert 0 < game.performs(items, "flatters").sum() < 200


def test_people_who_like_length_prefer_the_longer_response_more_often(run: Played) -> None:
    """By the log-odds λ that makes it 62 % on the pretrained model's pairs, were length to say nothing of quality."""
    people = pool(run)
    swing, τ = people.policy.swing, people.policy.temperature  # type: ignore[attr-defined]
    items = corpus_pairs(people.context.game)
    label, told = said(people, items)
    length = people.context.game.lengths(items).reshape(-1, 2)
    longer = np.sign(length[:, 0] - length[:, 1])
    for leaning, holds in ((swing, True), (0.0, False)):
        left = 1 / (1 + np.exp(-(told / τ + leaning * longer)))
        excess = ((label == 1) - left) * longer
        error = np.sqrt(np.sum(left * (1 - left) * longer**2))
        assert (abs(excess.sum()) < 4 * error) == holds


@pytest.mark.slow
@pytest.mark.parametrize("flattering", [0.5, 0.7, 0.9])
def test_sycophants_reward_flattery_whatever_it_is_worth(run: Played, flattering: float) -> None:
    people, before = pool(run), pool(run).policy
    items = corpus_pairs(people.context.game)
    flatters = people.context.game.performs(items, "flatters").reshape(-1, 2)
    difference = flatters[:, 0] - flatters[:, 1]
    people.policy = policy("sycophant", temperature=1e9, flattering=flattering)
    try:
        label, _ = said(people, items)
    finally:
        people.policy = before
    one = difference != 0
    share = np.mean((label[one] == 1) == (difference[one] > 0))
    assert one.sum() > 100
    assert abs(share - flattering) < 4 * np.sqrt(flattering * (1 - flattering) / one.sum())
    assert abs(np.mean(label[~one] == 1) - 0.5) < 4 * np.sqrt(0.25 / (~one).sum())
