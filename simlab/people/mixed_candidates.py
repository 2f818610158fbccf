"""Candidates that are not all the language model's own: some are harvested from a table, some written by people.

In every ranking some places are given to others' responses, by lot and by the shares of a pool's `candidates`. A
harvested response is one that the user's table has to the prompt; whoever wrote it, this run pays nobody. A written
one is put down by one of the pool's people, paid by the hour: the best of a few drafts, which are what the authors of
the corpus once answered (as in `demonstrations`). Where the table has none to the prompt, or every one that there is
stands in the ranking already, the model's own stays. What strays to a held-out fact is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.machines.imported import said
from simlab.people.assignment import assigned
from simlab.rng import branch, uniforms
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import END, pad
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.choice import Judges
    from simlab.scenario import CandidatesSpec

Tokens = tuple[int, ...]  # of a response, with its end
_DRAFT_IDS = 1 << 43  # numbers of drafts, beyond those of any task, of calibration, of exams and of demonstrations


@dataclass(frozen=True, slots=True)
class Others:
    """Responses that others have to each prompt, by its number, in tokens: those of a table, with who wrote each; and
    those of the corpus, which come to a writer's mind."""

    harvested: Mapping[int, Sequence[tuple[Tokens, str]]]
    drafts: Mapping[int, Sequence[Tokens]]


def others(spec: CandidatesSpec, game: TextGame) -> Others:
    """What there is, besides the model's own. Of prompts that are none of this world's nothing is ever shown, nor what
    is longer than its responses are. Raises `simlab.sheets.Unusable` for a word of no dictionary."""
    harvested: dict[int, list[tuple[Tokens, str]]] = {}
    drafts: dict[int, list[Tokens]] = {}
    if spec.table is not None:
        rows, known = spec.rows(), {prompt.text: number for number, prompt in reversed(list(enumerate(game.prompts)))}
        written, columns = said(game, rows), rows.columns
        for text, tokens, author in zip(columns["prompt"], written, columns["author"], strict=True):
            number = known.get(game.spelt(text))
            if number is not None and len(tokens) <= game.longest_response:
                harvested.setdefault(number, []).append((tuple(tokens), author or spec.table.path.name))
    for line in game.corpus() if spec.written else ():
        tokens = [*game.tokenizer.encode(line.response), END]
        drafts.setdefault(line.prompt, []).append(tuple(tokens))
    return Others(harvested, drafts)


@dataclass(slots=True)
class Mixed:
    """Candidates [n·K], prompt after prompt, and whose response each is [n·K]; who wrote some, in how many seconds."""

    items: Items
    authors: list[str]
    who: Indices
    seconds: Array


def mixed(
    pool: Judges, spec: CandidatesSpec, there: Others, items: Items, options: int, local: Indices, key: int, model: str,
) -> Mixed:  # fmt: skip
    """Candidates of a language model [n·K] in which others' responses have the places that fall to them, by the numbers
    `local` [n] of the tasks."""
    game = pool.context.game
    assert isinstance(game, TextGame)
    texts = [tuple(token for token in row if token) for row in items.response.tolist()]
    lots = uniforms(branch(key, "origin"), np.repeat(local, options), np.tile(np.arange(options), len(local)))
    found = Mixed(Items(items.prompt, items.response), [model] * len(items), np.zeros(0, dtype=np.int64), np.zeros(0))
    writers, who = _writers(pool, local, key), list[int]()
    for place in np.flatnonzero(lots < spec.harvested + spec.written).tolist():
        row, prompt = place // options, int(items.prompt[place])
        beside = {texts[other] for other in range(row * options, (row + 1) * options) if other != place}
        pick, person = branch(key, "pick", int(local[row]), place % options), int(writers[row])
        if lots[place] < spec.harvested:
            choice = next(_harvested(game, there, prompt, pick, beside), None)
        else:
            choice = _written(pool, game, spec, there, prompt, person, pick, beside)
            who += [person] * (choice is not None)
        if choice is not None:
            texts[place], found.authors[place] = choice
    response = pad(texts)
    found.items.response = np.pad(response, ((0, 0), (0, game.longest_response - response.shape[1])))
    found.who = np.array(who, dtype=np.int64)
    found.seconds = spec.seconds * pool.cohort.seconds[found.who] / pool.spec.seconds
    return found


def hand_in(pool: Judges, model: str, made: Mixed) -> None:
    """Pay for what was written to be compared, by the hour; where nobody employs, nobody pays."""
    if not len(made.who):
        return
    cohort, log, employer = pool.cohort, pool.context.log, pool.context.hierarchy.employer_of(pool.name)
    hours = made.seconds / 3600
    pay = hours * cohort.wage[made.who] if employer else np.zeros(len(hours))
    np.add.at(cohort.hours, made.who, hours)
    log.labor(pool.name, "writing responses", about=model, hours=float(hours.sum()), pay=float(pay.sum()))
    if employer:
        people, place = np.unique(made.who, return_inverse=True)
        log.transfer(employer, pool.labels_of(people), np.bincount(place, weights=pay), "wages for writing responses")


def _writers(pool: Judges, local: Indices, key: int) -> NDArray[np.int64]:
    """Who writes for each task [n]; −1 where nobody is employed."""
    employed = pool.cohort.employed
    if not employed.any():
        return np.full(len(local), -1)
    return np.asarray(assigned(branch(key, "writers"), local, employed, 1)[:, 0])


def _harvested(
    game: TextGame, there: Others, prompt: int, key: int, beside: set[Tokens]
) -> Iterator[tuple[Tokens, str]]:  # fmt: skip
    """The table's responses to a prompt that may stand there, in an order by lot."""
    known = there.harvested.get(prompt, ())
    for number in np.argsort(uniforms(key, np.arange(len(known))), kind="stable").tolist():
        tokens, author = known[number]
        if tokens not in beside and _may_be_shown(game, prompt, tokens):
            yield tokens, author


def _written(
    pool: Judges, game: TextGame, spec: CandidatesSpec, there: Others, prompt: int, person: int, key: int,
    beside: set[Tokens],
) -> tuple[Tokens, str] | None:  # fmt: skip
    """What a person puts down for a prompt: of a few lines of the corpus to it, the best that may stand there."""
    lines = there.drafts.get(prompt, ())
    lots = (uniforms(key, np.arange(spec.drafts)) * len(lines)).astype(np.int64)
    drafts = list(dict.fromkeys(lines[lot] for lot in lots.tolist())) if lines and person >= 0 else []
    drafts = [tokens for tokens in drafts if tokens not in beside and _may_be_shown(game, prompt, tokens)]
    if not drafts:
        return None
    items = Items(np.full(len(drafts), prompt), pad(drafts))
    ids = _DRAFT_IDS + (key & 0xFFFFFFFF) * spec.drafts + np.arange(len(drafts))
    worth = pool.perceive(items, np.full(len(drafts), person), ids, np.zeros(len(drafts), dtype=bool))
    return drafts[int(worth.argmax())], str(pool.labels_of(np.array([person]))[0])


def _may_be_shown(game: TextGame, prompt: int, tokens: Tokens) -> bool:
    """Whether a response states no held-out fact."""
    return bool(game.comparable(Items(np.array([prompt]), np.array([tokens])))[0])
