"""The almanac in play: prompts, dictionary, corpus, reading back and beliefs.

`Almanac.open` makes it; the engine knows it as a `TextGame`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Indices
from simlab.components.criterion import Criterion
from simlab.components.exchange import Exchange
from simlab.errors import InvalidInput, Problem
from simlab.rng import Streams, hashes, uniforms
from simlab.worlds.text import Author, MinimalPairs, TextGame
from simlab.worlds.tokenizer import Tokenizer

from .contrasts import KINDS, contrasts
from .facts import Facts
from .prompts import GROUPS, HARMFUL, Asked
from .reading import Reader
from .voices import BRAND, Corpus, templates

_PANEL = 0xA1_3A_AC  # the order of the panel's prompts is the same in every run
_ROOM = 4  # the end token, and three words more than any author used: a model mixes its authors' phrases


class AlmanacGame(TextGame):
    """A game over real facts, in which every response can be read back and checked."""

    def __init__(
        self,
        streams: Streams,
        criteria: Sequence[Criterion],
        facts: Facts,
        lines: Corpus,
        *,
        statements: int,
        held_out: float,
        mix: Mapping[str, float],
    ) -> None:
        super().__init__(criteria)
        self.facts, self.asked, self.misconceptions = facts, lines.asked, lines.popular
        self.prompts = tuple(asked.prompt for asked in self.asked)
        self.reader = Reader(facts)
        self._corpus = tuple(lines.write(streams, statements))
        self._passages: tuple[str, ...] = ()
        self.tokenizer = Tokenizer(dictionary(facts, self.asked))
        self.longest_response = _ROOM + max(len(line.response.split()) for line in self._corpus)
        drawn = np.array([uniforms(streams.key("almanac", "held out"), fact.number) for fact in facts.all])
        about = np.array([prompt.fact for prompt in self.prompts])
        self.held_out = np.where(about >= 0, (drawn < held_out)[np.maximum(about, 0)], False)
        self._members = _members(self.asked)
        self._shares = _shares(mix)
        self._comparable = {kind: members[~self.held_out[members]] for kind, members in self._members.items()}
        if not any(len(self._comparable[kind]) for kind in self._shares):
            raise InvalidInput(Problem("every prompt is about a fact held out", "lower held_out, or add to mix"))

    def corpus(self) -> Sequence[Author]:
        return self._corpus

    def passages(self) -> Sequence[str]:
        return self._passages

    def read_besides(self, passages: Sequence[str], words: Sequence[str]) -> None:
        """Let the model read these texts too, and add words of theirs to the dictionary."""
        self._passages = tuple(passages)
        self.tokenizer = Tokenizer([*self.tokenizer.words, *words])

    def read(self, prompt: int, words: tuple[str, ...], ended: bool) -> Exchange:
        return self.reader.read(self.asked[prompt], words, ended)

    def belief(self, key: int, knowledge: float, fact: int) -> tuple[str, ...]:
        """The truth with chance `knowledge`; otherwise the popular misconception, if there is one for this fact,
        or else a wrong value of the same relation, each equally likely."""
        known = self.facts[fact]
        knows, which = uniforms(key, known.number, np.arange(2)).tolist()
        if knows < knowledge:
            return known.values
        return (self.misconceptions.get(fact) or self.facts.wrong(known, which),)

    def minimal_pairs(self, kind: str) -> MinimalPairs | None:
        if kind not in KINDS:
            return None
        prompts, good, bad = zip(*contrasts(kind, self.facts, self.asked, self.reader), strict=True)
        return MinimalPairs(self.items(prompts, good), self.items(prompts, bad))

    def draw_prompts(self, key: int, count: int, *, compared: bool = False) -> Indices:
        """Prompts in the proportions of `mix`; within a kind of prompt each is equally likely."""
        allowed = self._comparable if compared else self._members
        kinds = [kind for kind in self._shares if len(allowed[kind])]
        bounds = np.cumsum([self._shares[kind] for kind in kinds])
        which, member = uniforms(key, np.arange(count), 0), uniforms(key, np.arange(count), 1)
        chosen = np.minimum(np.searchsorted(bounds / bounds[-1], which, side="right"), len(kinds) - 1)
        out = np.empty(count, dtype=np.int64)
        for place, kind in enumerate(kinds):
            rows = chosen == place
            out[rows] = allowed[kind][(member[rows] * len(allowed[kind])).astype(np.int64)]
        return out

    def panel_prompts(self, count: int) -> Indices:
        """The same proportions exactly (to rounding); a prompt occurs again only where a kind has too few.

        Of 600 with the default mix, all differ in the default world. A small one has too few facts: four prompts to
        each are 96 for eight countries in three relations, so that 336 of 600 differ; 24 countries give 528.
        """
        ends = np.round(np.cumsum([0.0, *self._shares.values()]) * count).astype(np.int64)
        chosen = [
            np.resize(members[np.argsort(hashes(_PANEL, members), kind="stable")], int(end - start))
            for members, start, end in zip(
                (self._members[kind] for kind in self._shares), ends[:-1], ends[1:], strict=True
            )
        ]
        return np.sort(np.concatenate(chosen))


def dictionary(facts: Facts, asked: Sequence[Asked]) -> set[str]:
    """Every word of the game: what can be asked, every way to answer, every country and value."""
    words = {word for one in asked for word in one.prompt.words} | {BRAND}
    for one in asked:
        for ways in templates(one).values():
            for way in ways:
                words.update(word for word in way.split() if "{" not in word)
        words.update(word for filler in one.slots.values() for word in filler.split())
    for fact in facts.all:
        words.update(fact.statement(fact.values[0]).split())
    return words.union(*facts.values.values())


def _members(asked: Sequence[Asked]) -> dict[str, NDArray[np.int64]]:
    """Prompts of each kind: requests for harm by the kind of harm, everything else by its group."""
    found: dict[str, list[int]] = {}
    for prompt, one in enumerate(asked):
        found.setdefault(one.prompt.content if one.group == "harm" else one.group, []).append(prompt)
    return {kind: np.array(prompts, dtype=np.int64) for kind, prompts in found.items()}


def _shares(mix: Mapping[str, float]) -> dict[str, float]:
    """The share of each kind of prompt; the kinds of harm are equally common."""
    shares: dict[str, float] = {}
    for group in GROUPS:
        kinds = HARMFUL if group == "harm" else (group,)
        shares.update(dict.fromkeys(kinds, mix.get(group, 0.0) / len(kinds)))
    total = sum(shares.values())
    return {kind: share / total for kind, share in shares.items() if share > 0}
