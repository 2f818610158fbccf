"""Demonstrations: before anybody ranks anything, people write down how the language model ought to answer.

The model is then trained on what they wrote, as in the first of InstructGPT's three steps (Ouyang et al. 2022,
arXiv:2203.02155, §3). To write, people think of a few *drafts*, which are what the authors of the corpus once
answered to such a prompt, and put down the one that is best as they themselves perceive it and by the guideline as
they understand it. So demonstrations are no better than what somebody has said before, and as biased as the pool.
Used by `language_model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.engine.holdout import prompts_held_out, share_held_out
from simlab.machines.candidates import TRIES
from simlab.people import table_rows
from simlab.people.assignment import assigned
from simlab.rng import branch, uniforms
from simlab.worlds.text import TextGame
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.choice import Judges
    from simlab.scenario import DemonstrationsSpec

_DRAFT_IDS = 1 << 42  # numbers of drafts, beyond those of any task, of calibration and of exams


@dataclass(slots=True)
class Demonstrations:
    """What was written: a response each [n], by whom, and in how many seconds."""

    items: Items
    who: Indices
    seconds: Array

    def __len__(self) -> int:
        return len(self.items)


def write(pool: Judges, game: TextGame, spec: DemonstrationsSpec, key: int) -> Demonstrations:
    """Let the pool's people write. Held-out facts are asked of nobody, and what strays to one is not handed in; nor do
    they write for prompts that are held out from reward models, which grow from the model that is shown this."""
    cohort = pool.cohort
    if not cohort.employed.any():
        return Demonstrations(game.items([], []), np.zeros(0, dtype=np.int64), np.zeros(0))
    kept = prompts_held_out(pool.context, share_held_out(pool.context))
    prompts, drafts = _drafts(game, spec, key, kept)
    number = np.arange(len(prompts))
    who = assigned(branch(key, "writers"), number, cohort.employed, 1)[:, 0]
    ids = _DRAFT_IDS + number[:, None] * spec.drafts + np.arange(spec.drafts)
    nobody = np.zeros(drafts.size, dtype=bool)  # no user asked these, so they have no hidden situation
    items = game.items(np.repeat(prompts, spec.drafts).tolist(), drafts.ravel().tolist())
    worth = pool.perceive(items, np.repeat(who, spec.drafts), ids.ravel(), nobody).reshape(drafts.shape)
    chosen = items[number * spec.drafts + worth.argmax(axis=1)]
    fit = game.comparable(chosen)
    pace = cohort.seconds[who] / pool.spec.seconds  # a person who is quick to compare is quick to write
    return Demonstrations(chosen[fit], who[fit], (spec.seconds * pace)[fit])


def hand_in(pool: Judges, model: str, shown: Demonstrations) -> None:
    """Write down what was written for a model, and pay for it by the hour; where nobody employs, nobody pays."""
    cohort, log, employer = pool.cohort, pool.context.log, pool.context.hierarchy.employer_of(pool.name)
    hours = shown.seconds / 3600
    pay = hours * cohort.wage[shown.who] if employer else np.zeros(len(shown))
    np.add.at(cohort.hours, shown.who, hours)
    table_rows.demonstrations(pool, model, shown.items, shown.who, shown.seconds, pay)
    log.labor(pool.name, "demonstrating", about=model, hours=float(hours.sum()), pay=float(pay.sum()))
    if employer:
        people, place = np.unique(shown.who, return_inverse=True)
        log.transfer(employer, pool.labels_of(people), np.bincount(place, weights=pay), "wages for demonstrating")


def _drafts(
    game: TextGame, spec: DemonstrationsSpec, key: int, kept: NDArray[np.bool_]
) -> tuple[Indices, NDArray[np.str_]]:
    """Prompts [n] and what comes to mind [n, drafts]: lines of the corpus, each as likely as it is frequent.

    Prompts `kept` [prompts] back are drawn again, a few times.
    """
    said: dict[int, list[str]] = {}
    for author in game.corpus():
        said.setdefault(author.prompt, []).append(author.response)
    prompts = game.draw_prompts(branch(key, "prompts"), spec.count, compared=True)
    for again in range(TRIES):
        if not (back := kept[prompts]).any():
            break
        prompts[back] = game.draw_prompts(branch(key, "prompts", again), spec.count, compared=True)[back]
    known = np.array([prompt in said for prompt in prompts.tolist()], dtype=bool) & ~kept[prompts]
    lots = uniforms(branch(key, "drafts"), np.arange(len(prompts))[:, None], np.arange(spec.drafts)[None, :])[known]
    prompts = prompts[known]
    lines = [
        [said[prompt][int(lot * len(said[prompt]))] for lot in row]
        for prompt, row in zip(prompts.tolist(), lots.tolist(), strict=True)
    ]
    return prompts, np.array(lines, dtype=np.str_).reshape(len(prompts), spec.drafts)
