"""One exchange of a language game: a prompt, a response, and who is looking at it.

Criteria plugins see these objects and nothing else. An `Exchange` holds what can be *read off* the words;
an `Observer` is what one person believes, or the world's own truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from simlab.components.shown_data import ShownData

_WORD = re.compile(r"[\w'’-]+|[^\w\s]")


@lru_cache(maxsize=4096)
def _spaced(words: tuple[str, ...]) -> str:
    """The words in lower case with a space around each and around every mark of punctuation."""
    return f" {' '.join(_WORD.findall(' '.join(words).lower()))} "


@dataclass(frozen=True, slots=True)
class Claim(ShownData):
    """A checkable statement a response makes: the `value` it gives for a `fact` (subject, relation)."""

    subject: str  # as in france
    relation: str  # as in capital
    value: str  # as in paris
    fact: int  # index of (subject, relation) in the world's facts; beliefs are held per fact
    truth: tuple[str, ...]  # every value that is true of the fact (a country may have two official languages)


@dataclass(frozen=True, slots=True)
class Prompt(ShownData):
    """What is asked. `force` is its illocutionary force ("question", "command", …), `content` what it is about.

    `context` is the situation users and raters see and the model does not ("cotext, not context").
    """

    text: str  # what is asked
    words: tuple[str, ...]  # the same, word by word, as the model has it
    force: str  # "question", "command", …
    content: str  # what it is about
    fact: int = -1  # the fact asked for, or -1
    context: str = ""  # the situation, which the model does not see

    def said(self) -> tuple[str, ...]:
        """Its words in lower case, punctuation apart."""
        return tuple(_spaced(self.words).split())


@dataclass(frozen=True, slots=True)
class Response(ShownData):
    """What was answered, read back: the claims it makes and the acts it performs.

    Acts are words from "answers", "refuses", "complies" (with a harmful request), "insults", "sells",
    "flatters", "boasts", "hedges"; `ended` says whether it closed with the end token.
    """

    text: str  # what is answered
    words: tuple[str, ...]  # the same, word by word
    claims: tuple[Claim, ...] = ()  # the checkable statements in it
    acts: frozenset[str] = frozenset()  # what it does: "answers", "refuses", …
    ended: bool = True  # whether it closed with the end token

    def said(self) -> tuple[str, ...]:
        """Its words in lower case, punctuation apart."""
        return tuple(_spaced(self.words).split())

    def says(self, phrases: Iterable[str]) -> int:
        """How many of these phrases occur in it, as whole words, whatever their case."""
        spaced = _spaced(self.words)
        return sum(f" {phrase} " in spaced for phrase in phrases)


@dataclass(frozen=True, slots=True)
class Exchange(ShownData):
    """A prompt and a response to it."""

    prompt: Prompt  # what is asked
    response: Response  # what is answered


@dataclass(frozen=True, slots=True)
class Observer(ShownData):
    """Someone who judges. `belief(fact)` gives the values this person takes to be true; None is the world's truth."""

    name: str = "truth"  # of this person; "truth" for the world itself
    belief: Callable[[int], tuple[str, ...]] | None = field(default=None, compare=False)  # what is true of a fact

    def believes(self, claim: Claim) -> bool:
        """Whether this observer takes the claim to be true."""
        held = claim.truth if self.belief is None else self.belief(claim.fact)
        return claim.value in held


TRUTH = Observer()
