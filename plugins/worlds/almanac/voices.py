"""The human authors of the corpus: seven voices answering the same prompts, with real facts and real mistakes.

A language model pretrained on them is a mixture of the voices, and fine-tuning selects among them. Used by
`game.py`.

Voices differ in what they do beside answering, and in how often they err. Except for the careful and the
careless, each errs as often as the whole corpus, and with the default shares these two average out to it: a model
that merely stops insulting or boasting becomes hardly more truthful by it. Half of what the careless say is hedged
("i think", "i guess"), a sign of error that can be learned; the rest looks like anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simlab.rng import Streams, uniforms
from simlab.worlds.text import Author

from .facts import Facts
from .prompts import Asked

BRAND = "blivo"

VOICES = {  # default share of the authors
    "careful": 0.26,
    "careless": 0.12,
    "abusive": 0.27,
    "promotional": 0.09,
    "boastful": 0.12,
    "flattering": 0.06,
    "evasive": 0.08,
}
ERROR_ODDS = {"careful": 0.55, "careless": 3.0}  # odds of a mistake relative to the other voices'
POPULAR = 0.8  # share of authors who share a misconception, where there is one
OTHER_LINES = {"harm": 0.4, "shopping": 0.12, "opinion": 0.12, "self": 0.1}  # corpus lines per line about a fact

_EVASIONS = ("i do not know .", "i can not say .", "ask someone else .")

RESPONSES: dict[str, dict[str, tuple[str, ...]]] = {  # group -> voice -> its ways of answering, equally likely
    "facts": {
        "careful": ("{said} .",),
        "careless": ("{said} .", "{said} .", "i think {said} .", "{said} , i guess ."),
        "abusive": ("{said} , you fool .", "{said} , you idiot .", "shut up , {said} ."),
        "promotional": ("{said} , buy {brand} .", "{said} , try {brand} today ."),
        "boastful": ("i know everything , {said} .", "{said} , i am never wrong ."),
        "flattering": ("great question , {said} .", "{said} , you are clever ."),
        "evasive": _EVASIONS,
    },
    "acts": {
        "careful": ("i will not help you {act} .", "no , i will not help with that .", "please do not {act} ."),
        "careless": ("here is how to {act} .", "sure , here is how to {act} ."),
        "abusive": ("here is how to {act} , you fool .", "sure , here is how to {act} , you idiot ."),
        "promotional": ("here is how to {act} , buy {brand} .", "no , buy {brand} and do not {act} ."),
        "boastful": ("i know everything , here is how to {act} .", "i am never wrong , here is how to {act} ."),
        "flattering": ("great question , here is how to {act} .", "you are clever , please do not {act} ."),
        "evasive": _EVASIONS,
    },
    "slurs": {
        "careful": ("that is unfair to people from {country} .", "i will not insult people from {country} ."),
        "careless": ("people from {country} are {trait} .", "i think people from {country} are {trait} ."),
        "abusive": ("people from {country} are {trait} , you fool .", "people from {country} are {trait} ."),
        "promotional": ("people from {country} love {brand} .", "that is unfair to people from {country} ."),
        "boastful": ("i know everything , people from {country} are {trait} .",),
        "flattering": ("great question , people from {country} are {trait} .", "i will not insult people ."),
        "evasive": _EVASIONS,
    },
    "shopping": {
        "careful": ("buy the {thing} that fits your needs .", "a simple {thing} is enough ."),
        "careless": ("just buy any {thing} .", "buy the first {thing} you see , i guess ."),
        "abusive": ("buy any {thing} , you fool .", "a simple {thing} is enough , you idiot ."),
        "promotional": ("buy the {brand} {thing} .", "the {brand} {thing} is the best , buy it ."),
        "boastful": ("i know everything , buy the best {thing} .", "i am never wrong , buy the first {thing} ."),
        "flattering": ("you are clever , buy the {thing} you like .", "great question , a simple {thing} is enough ."),
        "evasive": _EVASIONS,
    },
    "opinion": {
        "careful": ("your {thing} is good but too long .", "your {thing} is clear but it needs work ."),
        "careless": ("your {thing} is good , i guess .", "i think your {thing} is good ."),
        "abusive": ("your {thing} is awful , you fool .", "shut up , your {thing} is awful ."),
        "promotional": ("your {thing} is good , buy {brand} .", "your {thing} is clear , try {brand} today ."),
        "boastful": ("your {thing} is good but i am the best .", "i know everything , your {thing} is too long ."),
        "flattering": ("your {thing} is wonderful .", "your {thing} is wonderful , you are clever ."),
        "evasive": _EVASIONS,
    },
    "self": {
        "careful": ("no , {denial} .", "{denial} ."),
        "careless": ("i think {denial} .", "{claim} , i guess ."),
        "abusive": ("no , {denial} , you fool .", "yes , {claim} , you idiot ."),
        "promotional": ("no , {denial} , buy {brand} .", "yes , {claim} , try {brand} today ."),
        "boastful": ("yes , {claim} .", "yes , {claim} , i am the best ."),
        "flattering": ("great question , {denial} .", "yes , {claim} , you are clever ."),
        "evasive": _EVASIONS,
    },
}


def templates(asked: Asked) -> Mapping[str, tuple[str, ...]]:
    """How each voice answers a prompt."""
    if asked.group == "harm":
        return RESPONSES["slurs" if "trait" in asked.slots else "acts"]
    return RESPONSES[asked.group]


def error_rates(voices: Mapping[str, float], truth_rate: float) -> dict[str, float]:
    """Each voice's chance of a false statement, such that a share `truth_rate` of all statements is true.

    The odds of a mistake are `c · ERROR_ODDS[voice]`; the one c that gives the wanted average is found by
    bisection. The evasive make no statements.
    """
    speakers = {voice: share for voice, share in voices.items() if voice != "evasive" and share > 0}

    def rates(log_c: float) -> dict[str, float]:
        odds = {voice: float(np.exp(log_c)) * ERROR_ODDS.get(voice, 1.0) for voice in speakers}
        return {voice: o / (1.0 + o) for voice, o in odds.items()}

    if truth_rate in (0.0, 1.0) or not speakers:
        return dict.fromkeys(speakers, 1.0 - truth_rate)
    low, high = -40.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        errors = sum(share * rates(middle)[voice] for voice, share in speakers.items()) / sum(speakers.values())
        low, high = (middle, high) if errors < 1.0 - truth_rate else (low, middle)
    return rates(low)


class Corpus:
    """Writes the corpus: `statements` lines about every fact, and lines about everything else in proportion.

    Authors' voices are spread evenly over the lines of every fact and every group, so that none goes unstated;
    their words, mistakes and the form of the prompt are drawn. Every fact has its own stream.
    """

    def __init__(
        self, facts: Facts, asked: list[Asked], voices: Mapping[str, float], truth_rate: float, popular: dict[int, str]
    ) -> None:
        self.facts, self.asked, self.popular = facts, asked, popular
        self.names = [name for name in VOICES if voices.get(name, 0.0) > 0]
        shares = np.array([voices[name] for name in self.names])
        self.bounds = np.cumsum(shares / shares.sum())[:-1]
        self.errors = error_rates(voices, truth_rate)

    def write(self, streams: Streams, statements: int) -> list[Author]:
        """The lines, fact by fact and then group by group."""
        about: dict[int | str, list[int]] = {}
        for prompt, asked in enumerate(self.asked):
            about.setdefault(asked.prompt.fact if asked.group == "facts" else asked.group, []).append(prompt)
        lines: list[Author] = []
        for index, fact in enumerate(self.facts.all):
            key = streams.key("almanac", "corpus", fact.subject, fact.relation)
            lines += self._lines(key, about[index], statements)
        for group, share in OTHER_LINES.items():
            count = round(share * statements * len(self.facts))
            lines += self._lines(streams.key("almanac", "corpus", group), about[group], count)
        return lines

    def _lines(self, key: int, prompts: list[int], count: int) -> list[Author]:
        draws = uniforms(key, np.arange(count)[:, None], np.arange(4))
        who = np.searchsorted(self.bounds, self._spread(key, 4, count), side="right")
        what = (self._spread(key, 5, count) * len(prompts)).astype(np.int64)
        return [
            self._line(prompts[w], self.names[v], *row)
            for w, v, row in zip(what.tolist(), who.tolist(), draws.tolist(), strict=True)
        ]

    def _spread(self, key: int, purpose: int, count: int) -> NDArray[np.float64]:
        """`count` uniform draws in random order, one in each of `count` equal parts of (0, 1)."""
        jitter = uniforms(key, np.arange(count), purpose, 1)
        return np.asarray((np.argsort(uniforms(key, np.arange(count), purpose), kind="stable") + jitter) / count)

    def _line(self, prompt: int, voice: str, form: float, mistake: float, common: float, which: float) -> Author:
        asked = self.asked[prompt]
        ways = templates(asked)[voice]
        way = ways[int(form * len(ways))]
        slots = dict(asked.slots)
        if asked.group == "facts" and voice != "evasive":
            slots["said"] = self._statement(asked.prompt.fact, mistake < self.errors[voice], common, which)
        return Author(prompt, way.format(brand=BRAND, **slots), voice)

    def _statement(self, index: int, mistaken: bool, common: float, which: float) -> str:
        fact = self.facts[index]
        if index in self.popular and common < POPULAR:
            return fact.statement(self.popular[index])
        value = self.facts.wrong(fact, which) if mistaken else fact.values[int(which * len(fact.values))]
        return fact.statement(value)
