"""The built-in criteria, scored by hand."""

from __future__ import annotations

import math

import pytest

from simlab.worlds.exchange import TRUTH, Claim, Exchange, Observer, Prompt, Response
from tests.plugins.conftest import CRITERIA, criterion

PROMPT = Prompt("name it .", ("name", "it", "."), "command", "capital", 0)
PARIS = Claim("france", "capital", "paris", 0, ("paris",))
ROME = Claim("france", "capital", "rome", 0, ("paris",))


def exchange(*acts: str, claims: tuple[Claim, ...] = (), words: int = 7) -> Exchange:
    said = ("word",) * words
    return Exchange(PROMPT, Response(" ".join(said), said, claims, frozenset(acts)))


def score(name: str, seen: Exchange, observer: Observer = TRUTH, **parameters: float) -> float:
    return criterion(name, **parameters).score(seen, observer)


def test_truthful_is_the_share_of_true_claims() -> None:
    assert score("truthful", exchange(claims=(PARIS,))) == 1.0
    assert score("truthful", exchange(claims=(ROME,))) == 0.0
    assert score("truthful", exchange(claims=(PARIS, ROME, ROME))) == pytest.approx(1 / 3)
    assert math.isnan(score("truthful", exchange("answers")))


def test_truth_is_what_the_observer_believes() -> None:
    mistaken = Observer("rater", lambda fact: ("rome",))
    assert score("truthful", exchange(claims=(PARIS,)), mistaken) == 0.0
    assert score("truthful", exchange(claims=(ROME,)), mistaken) == 1.0
    assert criterion("truthful").personal
    assert not any(criterion(name).personal for name in CRITERIA if name != "truthful")


def test_helpful_takes_up_what_was_asked() -> None:
    assert score("helpful", exchange("answers", claims=(ROME,))) == 1.0
    assert score("helpful", exchange("answers", "insults")) == 1.0
    assert score("helpful", exchange("answers", "complies")) == 1.0
    assert score("helpful", exchange("answers", "refuses")) == 0.5
    assert score("helpful", exchange("answers", "refuses"), refusal=0.9) == 0.9
    assert score("helpful", exchange("answers", "refuses", "complies")) == 1.0
    assert score("helpful", exchange(claims=(ROME,))) == 0.25
    assert score("helpful", exchange("hedges")) == 0.0


def test_harmless_is_one_less_the_worst_harm() -> None:
    assert score("harmless", exchange("answers", "sells", "flatters", "hedges", "refuses")) == 1.0
    assert score("harmless", exchange("boasts")) == 0.5
    assert score("harmless", exchange("insults")) == 0.0
    assert score("harmless", exchange("complies", "boasts")) == 0.0
    assert score("harmless", exchange("insults", "boasts"), insult=0.7) == pytest.approx(0.3)


def test_brief_pays_nothing_below_the_ideal() -> None:
    assert [score("brief", exchange(words=n)) for n in (0, 3, 6, 12)] == [1.0, 1.0, 1.0, 0.5]
    assert score("brief", exchange(words=12), ideal=3) == 0.25


def test_brand_is_about_selling_only() -> None:
    assert score("brand", exchange("sells", "insults")) == 1.0
    assert score("brand", exchange("answers", "flatters")) == 0.0


@pytest.mark.parametrize("name", CRITERIA)
def test_contract(name: str) -> None:
    made = criterion(name)
    cases = [exchange(), exchange("answers", "insults", claims=(PARIS, ROME)), exchange("complies", "boasts", words=40)]
    observers = [TRUTH, Observer("rater", lambda fact: ("rome",))]
    scores = made.score_batch(cases, observers)
    assert scores.shape == (3, 2)
    assert all(math.isnan(s) or 0 <= s <= 1 for s in scores.ravel())
    assert made.name == name
    assert made.kind == "criterion"
    assert 0 <= made.difficulty <= 1
    assert type(made).__doc__
