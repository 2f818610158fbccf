"""Candidates: the responses people are asked to compare, K to each prompt, no two of which read alike.

A language model says the same thing twice, the more often the more it has learned. Nobody can say which of two
identical texts is better, so a prompt to which too few different responses come is asked again, a few times; if that
does not help, another prompt takes its place. Responses that state a fact which no comparison may touch are passed
over in the same way. Draws are keyed by prompt and try, so that one prompt asked again moves no other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Indices
from simlab.machines.machine import deviations
from simlab.measures.panel import Panel
from simlab.rankings import ASKED, WRITTEN, Candidates
from simlab.rng import branch, uniforms
from simlab.tables.columns import UTILITY
from simlab.tables.recorder import coded
from simlab.worlds.world import Game, Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.machines.language_backend import LanguageBackend
    from simlab.machines.machine import Speaker

TRIES = 2  # how many more times a prompt is asked for K responses: more would rank what it hardly ever says
INSTEAD = 4  # how often other prompts are drawn for those given up
Ask = Callable[[int, int], tuple[Indices, NDArray[Any]]]  # key, count → prompts [count], where each comes from [count]


def drawn(
    model: Speaker, ask: Ask, count: int, options: int, key: int, *, distinct: bool = True
) -> Generator[Event, Any, Candidates]:
    """`options` responses to each of `count` prompts from the model as it is, once it is free; fewer prompts if it has
    not so many different things to say. With `distinct` false a text may stand beside itself."""
    game, (prompts, source) = model.context.game, ask(key, count)
    with model.busy.request() as turn:
        yield turn
        items, kept, resampled = _responses(model.backend, game, prompts, options, key, distinct)
        found = Candidates(items, source[kept], len(prompts), resampled, int((~kept).sum()))
        for again in range(1, INSTEAD + 1):
            if len(found) == count or not kept.any():  # a model without anything to say is not asked on and on
                break
            other = branch(key, "instead", again)
            prompts, source = ask(other, count - len(found))
            items, kept, resampled = _responses(model.backend, game, prompts, options, other, distinct)
            found = Candidates(
                found.items.joined(items),
                np.concatenate([found.source, source[kept]]),
                found.prompts + len(prompts),
                found.resampled + resampled,
                found.dropped + int((~kept).sum()),
            )
    return found


def _responses(
    backend: LanguageBackend, game: Game, prompts: Indices, options: int, key: int, distinct: bool
) -> tuple[Items, NDArray[np.bool_], int]:
    """Responses to those prompts that have enough of them [kept·K], which these are [n], and how many were asked
    again."""
    items = backend.sample(np.repeat(prompts, options), key)
    enough = np.asarray(_fit(game, items, options, distinct).all(axis=1))
    short = np.flatnonzero(~enough)
    if not len(short):
        return items, enough, 0
    response = items.response.reshape(len(prompts), options, -1)
    said = response[short]
    for attempt in range(1, TRIES + 1):
        left = np.flatnonzero(~enough[short])
        if not len(left):
            break
        place = (short[left, None] * options + np.arange(options)).ravel()
        more = backend.sample(np.repeat(prompts[short[left]], options), branch(key, "again", attempt), place).response
        said = _with_more(said, left, more.reshape(len(left), options, -1))
        fit = _fit(game, _items(prompts[short[left]], said[left]), said.shape[1], distinct)
        ready = fit.sum(axis=1) >= options
        rows = short[left[ready]]
        response[rows] = _in_lots(said[left[ready]], fit[ready], options, branch(key, "order"), rows)
        enough[rows] = True
    return _items(prompts[enough], response[enough]), enough, len(short)


def _fit(game: Game, items: Items, many: int, distinct: bool) -> NDArray[np.bool_]:
    """Which of `many` responses to each prompt may be shown [n, many]: those on no held-out fact, and of equal texts
    the first."""
    fit = game.comparable(items).reshape(-1, many)
    texts = game.texts(items) if distinct else None
    if texts is None:
        return fit
    text = np.unique(texts, return_inverse=True)[1].reshape(-1, many)
    for place in range(1, many):
        fit[:, place] &= ~(text[:, :place] == text[:, place, None]).any(axis=1)
    return fit


def _with_more(said: NDArray[Any], rows: Indices, more: NDArray[Any]) -> NDArray[Any]:
    """Responses [S, M, T] with `more` [rows, K, T] behind; what the others have there is never looked at."""
    wider = np.zeros((len(said), said.shape[1] + more.shape[1], said.shape[2]), dtype=said.dtype)
    wider[:, : said.shape[1]] = said
    wider[rows, said.shape[1] :] = more
    return wider


def _in_lots(said: NDArray[Any], fit: NDArray[np.bool_], options: int, key: int, rows: Indices) -> NDArray[Any]:
    """The first K of each prompt's responses that are fit [n, K, T], in an order drawn by lot.

    What is likely is said first, and would stand on the left more often than not.
    """
    first = np.argsort(~fit, axis=1, kind="stable")[:, :options]
    lot = uniforms(key, rows[:, None], np.arange(options)[None, :])
    order = np.take_along_axis(first, np.argsort(lot, axis=1), axis=1)
    return np.take_along_axis(said, order[:, :, None], axis=1)


def _items(prompts: Indices, response: NDArray[Any]) -> Items:
    """Responses [n, M, T] to prompts [n], prompt after prompt."""
    return Items(np.repeat(prompts, response.shape[1]), response.reshape(-1, response.shape[2]))


def write_candidates(
    model: Speaker, tasks: NDArray[np.int64], items: Items, options: int, asked: NDArray[np.bool_], authors: Any
) -> None:
    """The responses that are to be compared, which tasks' prompts users asked [m], and whose each response is [m·K];
    their numbers are task · K + place. Each party's utility stands beside them, if the scenario asks for it."""
    context = model.context
    columns, asked_parties = context.game.wording(items), context.scenario.panel.candidates
    context.log.add(
        "candidates",
        about=model.name,
        agent=model.name,
        response=(tasks[:, None] * options + np.arange(options)[None, :]).ravel(),
        prompt=columns["prompt"],
        text=columns["response"],
        origin=coded(np.repeat(asked, options), [WRITTEN, ASKED]),
        author=authors,
        **(_utilities(context, items) if asked_parties else {}),
    )


def _utilities(context: Context, items: Items) -> dict[str, Any]:
    """What each party makes of responses [n] by now, as columns, and what reward models that learn variances make of
    them beside; NaN for whom the run is without."""
    panel, there = Panel(items, items.prompt, context.game.features(items)), context.parties
    utilities = {
        f"{UTILITY}{name}": there[name].utility(panel) if name in there else np.nan for name in context.scenario.parties
    }
    return utilities | deviations(context, items)
