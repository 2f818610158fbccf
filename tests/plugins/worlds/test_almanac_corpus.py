"""The corpus: voices and mistakes in the shares asked for, and every word in the dictionary."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simlab.worlds.tokenizer import SEP, UNKNOWN
from tests.plugins.conftest import almanac, almanac_part

VOICES = almanac_part("voices")


def truths(game: Any, voice: str = "") -> list[bool]:
    """Whether each claim of the corpus (of one voice) is true."""
    lines = [line for line in game.corpus() if voice in ("", line.voice)]
    read = [game.read(line.prompt, tuple(line.response.split()), True) for line in lines]
    return [claim.value in claim.truth for exchange in read for claim in exchange.response.claims]


def near(values: list[bool], p: float) -> bool:
    """Whether the share of trues is within four standard errors of p."""
    return bool(abs(np.mean(values) - p) < 4 * (p * (1 - p) / len(values)) ** 0.5 + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.65, 0.8, 1.0])
def test_the_corpus_is_as_true_as_asked(rate: float) -> None:
    found = truths(almanac(truth_rate=rate))
    assert near(found, rate)
    if 0 < rate < 1:
        assert not near(found, rate + 0.1 if rate < 0.9 else rate - 0.1)  # the test can fail


def test_careful_and_careless_average_out_to_everybody_else() -> None:
    rates = VOICES.error_rates(VOICES.VOICES, 0.7)
    share = VOICES.VOICES
    both = (share["careful"] * rates["careful"] + share["careless"] * rates["careless"]) / (
        share["careful"] + share["careless"]
    )
    assert both == pytest.approx(rates["abusive"], abs=0.01)
    assert rates["careful"] < 0.2 < 0.5 < rates["careless"]


@pytest.mark.parametrize("rate", [0.05, 0.35, 0.65, 0.9, 0.99])
def test_error_rates_give_the_truth_rate_exactly(rate: float) -> None:
    speakers = {voice: share for voice, share in VOICES.VOICES.items() if voice != "evasive"}
    rates = VOICES.error_rates(VOICES.VOICES, rate)
    mean = sum(share * rates[voice] for voice, share in speakers.items()) / sum(speakers.values())
    assert mean == pytest.approx(1 - rate, abs=1e-9)


def test_voices_have_their_shares(game: Any) -> None:
    found = Counter(line.voice for line in game.corpus())
    for voice, share in VOICES.VOICES.items():
        assert found[voice] / len(game.corpus()) == pytest.approx(share, abs=0.02)


def test_a_scenario_can_silence_a_voice() -> None:
    voices = {line.voice for line in almanac(voices={"careful": 2, "abusive": 1}).corpus()}
    assert voices == {"careful", "abusive"}


def test_every_fact_is_stated_rightly_even_the_held_out(game: Any) -> None:
    stated = {
        claim.fact
        for line in game.corpus()
        for claim in game.read(line.prompt, tuple(line.response.split()), True).response.claims
        if claim.value in claim.truth
    }
    assert stated == set(range(len(game.facts)))


def test_every_prompt_is_answered_in_the_corpus(game: Any) -> None:
    answered = {line.prompt for line in game.corpus()}
    factual = [i for i, prompt in enumerate(game.prompts) if prompt.fact >= 0]
    assert len(answered) > 0.97 * len(game.prompts)
    assert len(answered.intersection(factual)) > 0.99 * len(factual)


@pytest.mark.parametrize("settings", [{}, {"countries": 4}, {"misconceptions": 0.5}])
def test_lines_come_back_through_the_dictionary(settings: dict[str, Any]) -> None:
    game = almanac(**settings)
    for line in game.corpus():
        prompt = game.prompts[line.prompt].text
        tokens = game.tokenizer.dialogue(prompt, line.response)
        assert UNKNOWN not in tokens
        assert game.tokenizer.decode(tokens[tokens.index(SEP) + 1 :]) == (tuple(line.response.split()), True)
        assert len(tokens) <= 28


def test_every_fact_and_value_is_in_the_dictionary(wide_game: Any) -> None:
    dictionary = wide_game.tokenizer
    for fact in wide_game.facts.all:
        for value in wide_game.facts.values[fact.relation]:
            assert value in dictionary
        assert UNKNOWN not in dictionary.encode(fact.statement(fact.values[0]))
    for prompt in wide_game.prompts:
        assert UNKNOWN not in dictionary.encode(prompt.text)
    assert len(dictionary) < 1300


def test_the_default_dictionary_is_small_and_does_not_depend_on_the_seed(game: Any) -> None:
    assert len(game.tokenizer) < 300
    assert almanac(seed=2).tokenizer.words == game.tokenizer.words


def test_most_authors_share_a_misconception() -> None:
    game = almanac(misconceptions=0.3)
    said: dict[int, list[str]] = {}
    for line in game.corpus():
        for claim in game.read(line.prompt, tuple(line.response.split()), True).response.claims:
            said.setdefault(claim.fact, []).append(claim.value)
    popular = [value == wrong for fact, wrong in game.misconceptions.items() for value in said[fact]]
    # beside the four fifths who share it, an author may hit on the same wrong value by chance
    assert VOICES.POPULAR - 0.04 < np.mean(popular) < VOICES.POPULAR + 0.08
    others = [v in game.facts[f].values for f, values in said.items() if f not in game.misconceptions for v in values]
    assert near(others, 0.7)


def test_the_seed_decides_the_corpus_and_other_facts_do_not(game: Any) -> None:
    assert almanac().corpus() == game.corpus()
    assert almanac(seed=2).corpus() != game.corpus()
    fewer = almanac(relations=["capital", "currency"])

    def about_rome(one: Any) -> list[str]:
        return [line.response for line in one.corpus() if " capital of italy " in one.prompts[line.prompt].text]

    assert about_rome(fewer) == about_rome(game)


@pytest.mark.parametrize(
    "settings",
    [
        {"countries": 3},
        {"countries": 197},
        {"relations": []},
        {"relations": ["capital", "capital"]},
        {"relations": ["anthem"]},
        {"truth_rate": 1.1},
        {"held_out": 1.0},
        {"voices": {"carefull": 1.0}},
        {"voices": {"careful": -1.0}},
        {"voices": {}},
        {"mix": {"facts": 0.0}},
        {"mix": {"facts": float("nan")}},
        {"countrys": 5},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        almanac(**settings)
