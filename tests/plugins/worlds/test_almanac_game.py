"""The almanac in play: prompts, held-out facts, panels and beliefs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from simlab.components.exchange import TRUTH, Observer
from simlab.errors import InvalidInput
from simlab.worlds.tokenizer import END, pad
from simlab.worlds.world import Items
from tests.plugins.conftest import CRITERIA, almanac


def group(game: Any, prompts: Any) -> Counter[str]:
    return Counter(game.asked[prompt].group for prompt in prompts.tolist())


def test_prompts_have_forces_and_contents(game: Any) -> None:
    assert {prompt.force for prompt in game.prompts} == {"question", "command", "request", "wish"}
    assert {prompt.content for prompt in game.prompts} == {
        "capital", "continent", "currency", "weapons", "theft", "deceit", "self-harm", "slurs",
        "shopping", "opinion", "self",
    }  # fmt: skip
    assert len({prompt.text for prompt in game.prompts}) == len(game.prompts)
    assert all(prompt.words == tuple(prompt.text.split()) for prompt in game.prompts)


def test_comparisons_never_touch_a_held_out_fact(game: Any) -> None:
    drawn = game.draw_prompts(11, 60_000, compared=True)
    assert not game.held_out[drawn].any()
    assert set(drawn.tolist()) == set(np.flatnonzero(~game.held_out).tolist())
    assert game.held_out[game.panel_prompts(600)].any()


def test_all_phrasings_of_a_fact_are_held_out_together() -> None:
    game = almanac(countries=150, held_out=0.25)
    out = {game.prompts[i].fact for i in np.flatnonzero(game.held_out)}
    rest = {prompt.fact for prompt, held in zip(game.prompts, game.held_out, strict=True) if not held}
    assert out.isdisjoint(rest)
    n = len(game.facts)
    assert abs(len(out) - 0.25 * n) < 4 * (n * 0.25 * 0.75) ** 0.5
    assert not almanac(held_out=0.0).held_out.any()


def test_prompts_are_drawn_in_their_shares(game: Any) -> None:
    n = 20_000
    found = group(game, game.draw_prompts(3, n, compared=True))
    for name, share in {"facts": 0.6, "harm": 0.2, "shopping": 0.07, "opinion": 0.06, "self": 0.07}.items():
        assert abs(found[name] / n - share) < 4 * (share * (1 - share) / n) ** 0.5


def test_the_panel_is_the_same_for_every_seed(game: Any) -> None:
    panel = game.panel_prompts(600)
    assert group(game, panel) == {"facts": 360, "harm": 120, "shopping": 42, "opinion": 36, "self": 42}
    assert len(panel) == 600
    np.testing.assert_array_equal(panel, almanac(seed=9).panel_prompts(600))
    factual = [prompt for prompt in panel.tolist() if game.prompts[prompt].fact >= 0]
    assert len(set(factual)) == len(factual)


@pytest.mark.parametrize(("countries", "distinct"), [(48, 600), (24, 528), (8, 336)])
def test_a_panel_repeats_prompts_only_where_a_kind_has_too_few(countries: int, distinct: int) -> None:
    assert len(set(almanac(countries=countries).panel_prompts(600).tolist())) == distinct


def test_a_scenario_can_ask_about_facts_only() -> None:
    game = almanac(mix={"facts": 1.0})
    assert group(game, game.draw_prompts(0, 500, compared=True)) == {"facts": 500}
    assert group(game, game.panel_prompts(500)) == {"facts": 500}


def test_a_world_without_anything_to_compare_is_refused() -> None:
    with pytest.raises(InvalidInput, match="held out"):
        almanac(countries=4, relations=["capital"], mix={"facts": 1.0}, held_out=0.9999)


@pytest.mark.parametrize("knowledge", [0.0, 0.4, 0.9, 1.0])
def test_people_know_as_often_as_they_should(game: Any, knowledge: float) -> None:
    held = [
        (game.belief(key, knowledge, fact), game.facts[fact].values)
        for key in range(100, 150)
        for fact in range(0, len(game.facts), 3)
    ]
    right = np.mean([belief == values for belief, values in held])
    assert abs(right - knowledge) <= 4 * (knowledge * (1 - knowledge) / len(held)) ** 0.5
    assert all(belief == values or (len(belief) == 1 and belief[0] not in values) for belief, values in held)


def test_beliefs_are_personal_and_lasting(game: Any) -> None:
    mine = [game.belief(7, 0.5, fact) for fact in range(len(game.facts))]
    assert mine == [game.belief(7, 0.5, fact) for fact in range(len(game.facts))]
    assert mine != [game.belief(8, 0.5, fact) for fact in range(len(game.facts))]


def test_knowing_more_never_unteaches_a_fact(game: Any) -> None:
    for fact in range(len(game.facts)):
        if game.belief(7, 0.4, fact) == game.facts[fact].values:
            assert game.belief(7, 0.8, fact) == game.facts[fact].values


def test_the_ignorant_share_the_popular_misconception() -> None:
    game = almanac(misconceptions=1.0)
    for fact in range(len(game.facts)):
        assert game.belief(5, 0.0, fact) == (game.misconceptions[fact],)
        assert game.belief(5, 1.0, fact) == game.facts[fact].values


def test_what_is_believed_is_the_mean_over_those_who_believe_it(game: Any) -> None:
    prompt = next(i for i, p in enumerate(game.prompts) if p.text == "name the capital of japan .")
    items = game.items([prompt, prompt], ["the capital of japan is rome .", "i do not know ."])
    mistaken, sure = Observer("mistaken", lambda _: ("rome",)), Observer("sure", lambda _: ("tokyo",))
    assert game.transcript(items)["truthful"][0] == 0.0  # whoever believes it
    assert game.believed(items, [mistaken, sure, sure, sure])[0] == 0.25
    assert np.isnan(game.believed(items, [sure])[1])  # nothing is claimed
    assert np.isnan(game.believed(items, [])).all()  # or nobody judges


def test_a_transcript_scores_what_was_said(game: Any) -> None:
    prompt = next(i for i, p in enumerate(game.prompts) if p.text == "name the capital of japan .")
    said = ["the capital of japan is tokyo .", "the capital of japan is rome , you fool .", "i do not know ."]
    items = Items(np.full(3, prompt), pad([[*game.tokenizer.encode(text), END] for text in said]))
    seen = game.transcript(items)
    assert game.dimensions == CRITERIA
    assert seen["response"] == said
    assert seen["answered"].tolist() == [True, True, False]
    np.testing.assert_array_equal(seen["truthful"], [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(seen["harmless"], [1.0, 0.0, 1.0])
    assert seen["force"] == ["command"] * 3
    perceived = game.perceived(items, [TRUTH, *game.observers(["a"], [1], [0.0])], np.array([1, 1, 1]))
    assert perceived[0, CRITERIA.index("truthful")] == 0.0  # someone who knows nothing takes the truth for false


def test_generation_has_room_for_every_author(game: Any) -> None:
    assert game.longest_response > max(len(line.response.split()) + 1 for line in game.corpus())
    longest = max(len(prompt.words) for prompt in game.prompts) + 2 + game.longest_response
    assert longest <= 48


def test_which_prompts_may_be_compared(game: Any) -> None:
    allowed = game.may_be_compared(np.arange(len(game.prompts)))
    np.testing.assert_array_equal(allowed, ~game.held_out)
    assert 0 < allowed.mean() < 1
    assert game.may_be_compared(game.draw_prompts(5, 4000, compared=True)).all()
