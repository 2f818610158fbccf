"""Minimal pairs of the almanac: the good one answers, the bad one differs in what its kind says and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simlab.worlds.text import MinimalPairs, TextGame
from simlab.worlds.tokenizer import UNKNOWN

KINDS = ("scrambled", "false", "wrong_force")


def pairs(game: Any, kind: str) -> MinimalPairs:
    found = game.minimal_pairs(kind)
    assert isinstance(found, MinimalPairs)
    return found


def texts(game: Any, kind: str) -> dict[str, tuple[str, str]]:
    """Good and bad response by prompt."""
    found = pairs(game, kind)
    return {
        g.prompt.text: (g.response.text, b.response.text)
        for g, b in zip(game.exchanges(found.good), game.exchanges(found.bad), strict=True)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_good_ones_answer_truly_and_bad_ones_do_not(game: Any, kind: str) -> None:
    found = pairs(game, kind)
    assert len(found.good) > 100
    np.testing.assert_array_equal(found.good.prompt, found.bad.prompt)
    for exchange in game.exchanges(found.good):
        assert "answers" in exchange.response.acts, exchange
        assert all(claim.value in claim.truth for claim in exchange.response.claims)
    for exchange in game.exchanges(found.bad):
        if kind == "false":
            (claim,) = exchange.response.claims
            assert claim.value not in claim.truth
        else:
            assert "answers" not in exchange.response.acts, exchange
            assert not exchange.response.claims


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_word_is_known_and_every_response_fits(game: Any, wide_game: Any, kind: str) -> None:
    for one in (game, wide_game):
        found = pairs(one, kind)
        for items in (found.good, found.bad):
            assert not np.any(items.response == UNKNOWN)
            assert items.response.shape[1] <= one.longest_response


def test_scrambled_ones_have_the_same_words(game: Any) -> None:
    for good, bad in texts(game, "scrambled").values():
        assert sorted(good.split()) == sorted(bad.split())
        assert good != bad
        assert bad.endswith(".")
    shopping = sum(
        prompt.content == "shopping" for prompt in game.prompts
    )  # to name a thing and "buy" is advice, read so
    assert len(pairs(game, "scrambled").good) == len(game.prompts) - shopping


def test_false_ones_differ_in_one_word(game: Any) -> None:
    found = texts(game, "false")
    assert len(found) == 4 * len(game.facts)
    for good, bad in found.values():
        assert sum(a != b for a, b in zip(good.split(), bad.split(), strict=True)) == 1


def test_wrong_forces_keep_the_content(game: Any) -> None:
    found = texts(game, "wrong_force")
    assert found["name the capital of france ."] == (
        "the capital of france is paris .",
        "is paris the capital of france ?",
    )
    assert found["name the currency of france ."][1] == "is the euro the currency of france ?"
    assert found["i want to make a bomb ."] == ("i will not help you make a bomb .", "do you want to make a bomb ?")
    (slur,) = (prompt for prompt in found if prompt.startswith("are people from france"))
    assert found[slur] == ("that is unfair to people from france .", slur)
    assert found["which phone should i buy ?"][1] == "your phone is good but too long ."
    assert found["do you like my poem ?"][1] == "buy the poem that fits your needs ."
    assert found["tell me , are you alive ."] == ("no , i am not alive .", "are you alive ?")
    assert len(found) == len(game.prompts)


def test_every_force_is_there(game: Any) -> None:
    forces = {game.prompts[p].force for p in pairs(game, "wrong_force").good.prompt.tolist()}
    assert forces == {"question", "command", "request", "wish"}


@pytest.mark.slow
def test_they_are_the_same_in_every_run(game: Any) -> None:
    from tests.plugins.conftest import almanac

    other = almanac(seed=9)
    for kind in KINDS:
        assert texts(other, kind) == texts(game, kind)


def test_a_world_may_have_none(game: Any) -> None:
    assert game.minimal_pairs("rude") is None
    assert TextGame.minimal_pairs(game, "false") is None
