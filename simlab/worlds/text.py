"""Games of words: what every world whose responses are texts has in common.

A world subclasses `TextGame` with its prompts, its corpus and a reader; scoring, beliefs and transcripts
are here. Every response that occurs is read back once and remembered.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.criterion import Criterion
from simlab.components.exchange import TRUTH, Exchange, Observer, Prompt
from simlab.components.return_values import given, not_numbers
from simlab.errors import PluginFailed
from simlab.provenance import CODE
from simlab.rng import hashes, uniforms
from simlab.worlds.tokenizer import END, PAD, Tokenizer, pad
from simlab.worlds.world import Game, Items

_LINES = 256  # of a corpus, looked at in one go
SCORING = ("score_batch", "score")  # of a criterion; either may be the plugin's own


@dataclass(frozen=True, slots=True)
class Author:
    """One line of the corpus: a response somebody once gave to a prompt, and in which voice."""

    prompt: int
    response: str
    voice: str


@dataclass(frozen=True, slots=True)
class MinimalPairs:
    """Good responses, and to the same prompts bad ones that differ in one respect only."""

    good: Items
    bad: Items


class TextGame(Game):
    """A language game of words. A world of one's own is a `World` whose `open` returns a subclass of this.

    Its `__init__` calls `super().__init__(criteria)` and sets four things: `prompts`, everything that can be asked;
    `held_out` [prompts], which of them are never compared, so that what was learned can be told from what was told;
    `tokenizer`, a dictionary of every word that occurs; and `longest_response` in tokens, the end token included.
    It then says what was once written (`corpus`), how a response is understood (`read`), and what people take to be
    true (`belief`; in a game without facts, nothing). A whole world, as a plugin file:

        # plugins/greetings.py
        import numpy as np

        import simlab
        from simlab.worlds.text import Author, TextGame
        from simlab.worlds.tokenizer import Tokenizer

        SAID = {"hello ?": ("hello .", "go away ."), "how are you ?": ("i am well .", "go away .")}

        class Greetings(simlab.World):
            "Two greetings, returned or not."
            name = "greetings"
            times: int = 50

            def open(self, streams, criteria):
                return GreetingsGame(criteria, self.times)

        class GreetingsGame(TextGame):
            def __init__(self, criteria, times):
                super().__init__(criteria)
                self.prompts = tuple(simlab.Prompt(text, tuple(text.split()), "greeting", "manners") for text in SAID)
                self.held_out = np.zeros(len(self.prompts), dtype=bool)
                said = ((n, response) for n, responses in enumerate(SAID.values()) for response in responses)
                self.lines = [Author(n, response, "anybody") for n, response in said] * times
                self.tokenizer = Tokenizer(" ".join([*SAID, *(line.response for line in self.lines)]).split())
                self.longest_response = 6

            def corpus(self):
                return self.lines

            def read(self, prompt, words, ended):
                acts = frozenset({"insults"} if "away" in words else {"answers"})
                response = simlab.Response(" ".join(words), words, acts=acts, ended=ended)
                return simlab.Exchange(self.prompts[prompt], response)

            def belief(self, key, knowledge, fact):
                return ()

    Draws, if there are any, are keyed by `streams` and by what is drawn for, never by order; the engine may ask for
    anything in any order and more than once. Texts have spaces between words and signs, as tokenizers want them.
    """

    prompts: tuple[Prompt, ...]
    held_out: NDArray[np.bool_]  # per prompt: about a fact that never appears in a comparison
    tokenizer: Tokenizer
    longest_response: int  # in tokens, end token included
    closed: ClassVar[bool] = True  # False: a word may be in the game's own texts and not in its dictionary

    def __init__(self, criteria: Sequence[Criterion]) -> None:
        self.criteria = tuple(criteria)
        self.dimensions = tuple(c.name for c in criteria)
        self.midpoint = 0.5
        self.difficulty = np.array([c.difficulty for c in criteria])
        self._read: dict[tuple[int, bytes], Exchange] = {}
        self._beliefs: dict[tuple[int, float], dict[int, tuple[str, ...]]] = {}  # by person: who is asked again, knows
        self._seen: tuple[Items | None, list[Exchange], dict[int, Array]] = (None, [], {})  # the last items asked about

    @abstractmethod
    def corpus(self) -> Sequence[Author]:
        """Human-authored exchanges, the text the language model is pretrained on; the same at every call."""

    def passages(self) -> Sequence[str]:
        """Texts that are no exchanges, which the language model is pretrained on beside the corpus."""
        return ()

    @abstractmethod
    def read(self, prompt: int, words: tuple[str, ...], ended: bool) -> Exchange:
        """Read a response to the prompt of this number back: which claims it makes, which acts it performs.

        `ended` says whether it closed with the end token, and did not run to `longest_response`. Any words can come.
        """

    @abstractmethod
    def belief(self, key: int, knowledge: float, fact: int) -> tuple[str, ...]:
        """What a person with this stream key believes about a fact: the values that person takes to be true.

        `knowledge` in [0, 1] is the chance of believing the truth; the same person believes the same, whenever asked.
        """

    def words(self, text: str) -> tuple[str, ...]:
        """A text word by word, as `read` takes it."""
        return tuple(text.split())

    def minimal_pairs(self, kind: str) -> MinimalPairs | None:
        """Pairs of one kind, or None if this world has none of it.

        Kinds are "scrambled" (the same words in another order: syntax), "false" (another value in the same sentence:
        semantics) and "wrong_force" (the same content in the wrong act: pragmatics).
        """
        return None

    def spelt(self, text: str) -> str:
        """A text of somebody else's as this game writes it: here in small letters, signs apart from words."""
        return " ".join(re.sub(r"([.,?!])", r" \1 ", text.lower()).split())

    def items(self, prompts: Sequence[int], responses: Sequence[str]) -> Items:
        """Texts as responses to prompts, each closed with the end token."""
        rows = [[*self.tokenizer.encode(text), END] for text in responses]
        return Items(np.array(prompts, dtype=np.int64), pad(rows))

    def exchanges(self, items: Items) -> list[Exchange]:
        """The exchanges behind the arrays; equal responses to one prompt are one object."""
        if self._seen[0] is items:  # a panel is asked about once for every person
            return self._seen[1]
        out = []
        for prompt, tokens in zip(items.prompt.tolist(), items.response, strict=True):
            key = (prompt, tokens.astype(np.int32).tobytes().rstrip(b"\0"))
            if key not in self._read:
                self._read[key] = self.read(prompt, *self.tokenizer.decode(tokens.tolist()))
            out.append(self._read[key])
        self._seen = (items, out, {})
        return out

    def may_be_compared(self, prompts: Indices) -> NDArray[np.bool_]:
        return np.asarray(~self.held_out[prompts])

    def comparable(self, items: Items) -> NDArray[np.bool_]:
        held = {self.prompts[p].fact for p in np.flatnonzero(self.held_out).tolist()}
        return np.array([all(c.fact not in held for c in e.response.claims) for e in self.exchanges(items)], dtype=bool)

    def value(self, weights: Mapping[str, float]) -> Array:
        return np.array([float(weights.get(name, 0.0)) for name in self.dimensions])

    def valued(self, criteria: Sequence[str]) -> Array:
        return np.array([float(name in criteria) for name in self.dimensions])

    def draw_prompts(self, key: int, count: int, *, compared: bool = False) -> Indices:
        allowed = np.flatnonzero(~self.held_out) if compared else np.arange(len(self.prompts))
        return allowed[(uniforms(key, np.arange(count)) * len(allowed)).astype(np.int64)]

    def panel_prompts(self, count: int) -> Indices:
        """Every `len(prompts)/count`-th prompt of a fixed shuffle; prompts repeat only if there are too few."""
        order = np.argsort(hashes(0x51A1AB, np.arange(len(self.prompts))), kind="stable")
        return np.sort(np.resize(order, count))

    def observers(self, names: Sequence[str], keys: Sequence[int], knowledge: Sequence[float]) -> list[Observer]:
        def observer(name: str, key: int, known: float) -> Observer:
            held = self._beliefs.setdefault((key, known), {})

            def belief(fact: int) -> tuple[str, ...]:
                if fact not in held:
                    held[fact] = self.belief(key, known, fact)
                return held[fact]

            return Observer(name, belief)

        return [observer(n, k, q) for n, k, q in zip(names, keys, knowledge, strict=True)]

    def scores(self, items: Items) -> Array:
        """True criterion scores [n, criteria], NaN where a criterion has nothing to say."""
        return self._scores(items, [TRUTH], np.zeros(len(items), dtype=np.int64))

    def features(self, items: Items) -> Array:
        return np.nan_to_num(self.scores(items), nan=0.5)

    def perceived(self, items: Items, observers: Sequence[Observer], who: Indices) -> Array:
        return np.nan_to_num(self._scores(items, observers, who), nan=0.5)

    def perceived_by_each(self, items: Items, observers: Sequence[Observer]) -> Iterator[Array]:
        found = self.exchanges(items)
        each = [
            _distinct(criterion, found, observers) if criterion.personal else self._alike(column, found)[:, None]
            for column, criterion in enumerate(self.criteria)
        ]
        for place in range(len(observers)):
            out = [one[:, place if one.shape[1] > 1 else 0] for one in each]
            yield np.nan_to_num(np.column_stack(out), nan=0.5)

    def _scores(self, items: Items, observers: Sequence[Observer], who: Indices) -> Array:
        found = self.exchanges(items)
        out = np.empty((len(items), len(self.criteria)))
        for column, criterion in enumerate(self.criteria):
            if not criterion.personal:
                out[:, column] = self._alike(column, found)
                continue
            for person in np.unique(who).tolist():
                rows = np.flatnonzero(who == person)
                out[rows, column] = _distinct(criterion, [found[r] for r in rows], [observers[person]])[:, 0]
        return out

    def _alike(self, column: int, found: list[Exchange]) -> Array:
        """What everybody finds of the last items asked about [n] by a criterion that is not personal."""
        alike = self._seen[2]
        if column not in alike:
            alike[column] = _distinct(self.criteria[column], found, [TRUTH])[:, 0]
        return alike[column]

    def texts(self, items: Items) -> NDArray[Any]:
        return np.array([e.response.text for e in self.exchanges(items)], dtype=object)

    def believed(self, items: Items, observers: Sequence[Observer]) -> Array:
        found = self.exchanges(items)
        shares: dict[int, float] = {}
        for exchange in found:
            claims = exchange.response.claims
            if id(exchange) not in shares:
                true = sum(observer.believes(claim) for observer in observers for claim in claims)
                shares[id(exchange)] = true / asked if (asked := len(observers) * len(claims)) else float("nan")
        return np.array([shares[id(exchange)] for exchange in found])

    def lengths(self, items: Items) -> Array:
        return np.asarray(np.count_nonzero((items.response != PAD) & (items.response != END), axis=1), dtype=float)

    def performs(self, items: Items, act: str) -> Array:
        return np.array([act in e.response.acts for e in self.exchanges(items)], dtype=float)

    def approval(self, vector: Array, features: Array) -> Array:
        """The utility as a share of the way from the worst possible response to the best."""
        worst, best = np.minimum(vector, 0).sum(axis=-1), np.maximum(vector, 0).sum(axis=-1)
        utility = features @ vector if vector.ndim == 1 else np.einsum("nd,nd->n", features, vector)
        return np.asarray((utility - worst) / np.maximum(best - worst, 1e-12))

    def wording(self, items: Items) -> dict[str, Any]:
        found = self.exchanges(items)
        return {"prompt": [e.prompt.text for e in found], "response": [e.response.text for e in found]}

    def transcript(self, items: Items) -> dict[str, Any]:
        found = self.exchanges(items)
        scores = self.scores(items)
        return {
            **self.wording(items),
            "force": [e.prompt.force for e in found],
            "fact_held_out": self.held_out[items.prompt],
            "answered": np.array(["answers" in e.response.acts for e in found]),
            **{name: scores[:, column] for column, name in enumerate(self.dimensions)},
        }


def amiss(game: TextGame) -> str:
    """What a world must give and does not, where nobody could play what it opened as; "" if somebody can."""
    prompts, held_out = len(game.prompts), game.held_out
    said = given(held_out) if isinstance(held_out, np.ndarray) else type(held_out).__name__
    if said != f"bool of shape ({prompts},)":
        return f"held_out as an array, bool of shape ({prompts},); it gave {said}"
    if held_out.all():
        return "some prompts that are not held out, or there is nothing to compare"
    about = next((line.prompt for line in game.corpus() if not 0 <= line.prompt < prompts), None)
    return "" if about is None else f"a corpus about its prompts 0 to {prompts - 1}; a line is about prompt {about}"


def require_opinions(game: TextGame) -> None:
    """Raise PluginFailed for a criterion of one's own that has nothing to say of anything that was ever written.

    It would count ½ for every response, as if all were equally good.
    """
    for criterion in game.criteria:
        if not vars(type(criterion)).get(CODE):  # of simlab itself, and known to speak where its subject comes up
            continue
        lines = iter(game.corpus())
        count = 0
        while some := list(islice(lines, _LINES)):
            count += len(some)
            read = [game.read(line.prompt, game.words(line.response), True) for line in some]
            if not np.isnan(_distinct(criterion, read, [TRUTH])).all():
                break
        else:
            what = f"has nothing to say (nan) of any of the {count:,} responses in the corpus of this world"
            raise PluginFailed.returned(criterion, what, *SCORING)


def _distinct(criterion: Criterion, found: Sequence[Exchange], observers: Sequence[Observer]) -> Array:
    """Scores of exchanges by observers [n, observers], asking the plugin once for each distinct exchange."""
    first: dict[int, int] = {}
    rows = [first.setdefault(id(e), len(first)) for e in found]
    distinct = list({id(e): e for e in found}.values())
    try:
        answer = criterion.score_batch(distinct, observers)
    except Exception as error:
        raise PluginFailed.raised(f"criterion {criterion.name!r}", error) from error
    if wrong := not_numbers(answer, (len(distinct), len(observers))):
        came = f"shape {wrong}" if wrong.startswith("(") else wrong
        what = f"returned {came}, expected [exchanges, observers] = {(len(distinct), len(observers))}"
        raise PluginFailed.returned(criterion, what, *SCORING)
    scores = np.asarray(answer, dtype=float)
    outside = (scores < 0) | (scores > 1) | np.isinf(scores)
    if np.any(outside):
        what = f"returned {scores[outside][0]:g}, outside [0, 1]; NaN means no opinion"
        raise PluginFailed.returned(criterion, what, *SCORING)
    return scores[rows]
