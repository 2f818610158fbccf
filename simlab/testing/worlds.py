"""The contract of worlds, held on the games they open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simlab.components.criterion import Criterion
from simlab.components.exchange import Exchange, Observer
from simlab.rng import Streams
from simlab.testing.contract import Subject, check
from simlab.worlds.text import TextGame
from simlab.worlds.world import Game, Items

_COUNT = 24


class _Wordy(Criterion):
    """A criterion to open a world with: longer is better."""

    name = "wordy"

    def score(self, exchange: Exchange, observer: Observer) -> float:
        return min(1.0, len(exchange.response.words) / 10)


@check("world")
def answers(subject: Subject) -> Iterator[str]:
    """It opens as a game, and its game draws prompts and gives features [n, D] of responses to them."""
    game = _game(subject)
    if not isinstance(game, Game):
        yield f"open gave {type(game).__name__}; it should be a Game"
        return
    found = np.asarray(game.features(_items(game)))
    if found.shape != (_COUNT, len(game.dimensions)):
        yield f"features have shape {found.shape}; it should be [n, D] = {(_COUNT, len(game.dimensions))}"
    if np.shape(game.difficulty) != (len(game.dimensions),):
        yield f"difficulty has shape {np.shape(game.difficulty)}; it should be one number a dimension"


@check("world")
def finite(subject: Subject) -> Iterator[str]:
    """Features are finite: what nobody has an opinion of is in the middle."""
    game = _game(subject)
    if not np.isfinite(game.features(_items(game))).all():
        yield "gave features that are not finite"


@check("world")
def bounded(subject: Subject) -> Iterator[str]:
    """How likely somebody is to be satisfied is in [0, 1]."""
    game = _game(subject)
    vector = game.value({"wordy": 1.0})
    found = np.asarray(game.approval(vector, game.features(_items(game))))
    if found.shape != (_COUNT,) or not np.all((found >= 0) & (found <= 1)):
        yield f"approval gave {found!r:.80}; it should be {_COUNT} numbers in [0, 1]"


@check("world")
def reproducible(subject: Subject) -> Iterator[str]:
    """Opened twice from the same streams it is the same game: prompts, panel, features, corpus."""
    one, other = _game(subject), _game(subject)
    if not np.array_equal(one.draw_prompts(5, _COUNT), other.draw_prompts(5, _COUNT)):
        yield "draws other prompts with the same key"
    if not np.array_equal(one.panel_prompts(_COUNT), other.panel_prompts(_COUNT)):
        yield "has another panel when it is opened again"
    if not np.array_equal(one.features(_items(one)), other.features(_items(other))):
        yield "gives other features when it is opened again"
    if isinstance(one, TextGame) and isinstance(other, TextGame) and list(one.corpus()) != list(other.corpus()):
        yield "has another corpus when it is opened again"


@check("world")
def order(subject: Subject) -> Iterator[str]:
    """Features of a response do not depend on which others are looked at, nor in which order."""
    game = _game(subject)
    items = _items(game)
    if not np.array_equal(game.features(items), game.features(items[np.arange(_COUNT)[::-1]])[::-1]):
        yield "gives other features in another order"


@check("world")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the responses it is given as they are."""
    game = _game(subject)
    items, before = _items(game), _items(game)
    game.features(items)
    game.transcript(items)
    if not (np.array_equal(items.prompt, before.prompt) and np.array_equal(items.response, before.response)):
        yield "changed the responses it was given"


@check("world")
def readable(subject: Subject) -> Iterator[str]:
    """Every word of its corpus is in its dictionary, no response of it is too long, and everything can be read back."""
    game = _game(subject)
    if not isinstance(game, TextGame):
        return
    lines = list(game.corpus())[:500]
    if not lines:
        yield "has an empty corpus"
    for line in lines:
        tokens = game.tokenizer.encode(line.response)
        if game.tokenizer.decode(tokens)[0] != game.words(line.response):
            yield f"its dictionary lacks words of its own corpus: {line.response!r}"
        if len(tokens) + 1 > game.longest_response:
            yield f"its corpus has a response longer than longest_response ({game.longest_response}): {line.response!r}"
        game.read(line.prompt, game.words(line.response), True)


@check("world")
def tabled(subject: Subject) -> Iterator[str]:
    """Its transcripts have the columns of the responses table, one entry for each response."""
    game = _game(subject)
    game.value({"wordy": 1.0})
    found = game.transcript(_items(game))
    for name in ("prompt", "response", "force", "fact_held_out", "answered", "wordy"):
        if name not in found:
            yield f"its transcripts lack the column {name!r}"
        elif len(found[name]) != _COUNT:
            yield f"its transcripts have {len(found[name])} entries in column {name!r} for {_COUNT} responses"
    wording = game.wording(_items(game))
    if any(list(wording[name]) != list(found[name]) for name in ("prompt", "response") if name in found):
        yield "wording gives other prompts or responses than its transcripts have"


@check("world")
def seen(subject: Subject) -> Iterator[str]:
    """Where it declares that all see alike, nobody perceives anything but the true features."""
    game = _game(subject)
    items, observers = _items(game), game.observers(["one", "other"], [1, 2], [0.0, 1.0])
    if game.seen_alike and not np.array_equal(
        game.perceived(items, observers, np.arange(_COUNT) % 2), game.features(items)
    ):
        yield "declares seen_alike, but people perceive other features than there are"


def _game(subject: Subject) -> Any:
    world = subject.made()
    return world.open(Streams(1), [] if world.own_criteria else [_Wordy()])


def _items(game: Any) -> Items:
    """Responses to look at: the first of the corpus, or vectors."""
    if isinstance(game, TextGame):
        lines = list(game.corpus())
        some = [lines[i % len(lines)] for i in range(_COUNT)]
        return game.items([line.prompt for line in some], [line.response for line in some])
    vectors = Streams(1).generator("samples").normal(size=(_COUNT, len(game.dimensions)))
    return Items(game.draw_prompts(5, _COUNT), vectors)
