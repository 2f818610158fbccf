"""Minimal pairs: a good response and one that differs from it in one respect, for every prompt where there is one.

- *scrambled* (syntax): the same words in another order (advice has none: its reader looks for words only).
- *false* (semantics): the same sentence with another country's value.
- *wrong_force* (pragmatics): the same content in the wrong act. It asks where it should tell or refuse ("is paris the
  capital of france ?"), advises where it should judge ("buy the poem that fits your needs ."), or judges where it
  should advise ("your phone is good but too long .").

Used by `game.py`. The good response is the careful voice's, and true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simlab.rng import branch, uniforms

from .facts import RELATIONS, Facts
from .prompts import SELF, Asked
from .reading import Reader
from .voices import templates

KINDS = ("scrambled", "false", "wrong_force")
_KEY = 0xC0_47_A5  # contrasts are the same in every run
_TRIES = 20  # orders of a sentence's words, until one answers nothing
_QUESTIONS = {denial: question for question, (denial, _) in SELF.items()}

Pair = tuple[int, str, str]  # prompt, good response, bad response


def contrasts(kind: str, facts: Facts, asked: Sequence[Asked], reader: Reader) -> Iterator[Pair]:
    """The pairs of one kind, at most one for each prompt."""
    for prompt, one in enumerate(asked):
        good = _good(one, facts)
        if kind == "scrambled":
            bad = _scrambled(prompt, one, good, reader)
        elif kind == "false":
            bad = _false(one, facts)
        else:
            bad = _wrong_force(one, facts)
        if bad:
            yield prompt, good, bad


def _good(one: Asked, facts: Facts) -> str:
    """What a careful and knowing person says."""
    slots = dict(one.slots)
    if one.group == "facts":
        fact = facts[one.prompt.fact]
        slots["said"] = fact.statement(fact.values[0])
    return templates(one)["careful"][0].format(**slots)


def _scrambled(prompt: int, one: Asked, good: str, reader: Reader) -> str:
    """The words of the good response in an order that answers nothing; the full stop stays at the end."""
    *words, stop = good.split()
    for turn in range(_TRIES):
        lot = uniforms(branch(_KEY, "scrambled", turn), prompt, np.arange(len(words)))
        shuffled = [words[i] for i in np.argsort(lot, kind="stable").tolist()] + [stop]
        if shuffled != [*words, stop] and "answers" not in reader.read(one, tuple(shuffled), True).response.acts:
            return " ".join(shuffled)
    return ""


def _false(one: Asked, facts: Facts) -> str:
    if one.group != "facts":
        return ""
    fact = facts[one.prompt.fact]
    return f"{fact.statement(facts.wrong(fact, float(uniforms(_KEY, fact.number))))} ."


def _wrong_force(one: Asked, facts: Facts) -> str:
    slots = one.slots
    if one.group == "facts":
        fact = facts[one.prompt.fact]
        value = f"{RELATIONS[fact.relation].value_article} {fact.values[0]}".strip()
        return f"is {value} {fact.article_noun} of {fact.country} ?"
    if "act" in slots:
        return f"do you want to {slots['act']} ?"
    if "trait" in slots:
        return f"are people from {slots['country']} {slots['trait']} ?"
    if one.group == "self":
        return f"{_QUESTIONS[slots['denial']]} ?"
    return f"your {slots['thing']} is good but too long ." if one.group == "shopping" else _advice(slots["thing"])


def _advice(thing: str) -> str:
    return f"buy the {thing} that fits your needs ."
