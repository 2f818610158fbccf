"""Hiring: tests of candidates against gold, who passes, and what training does to those hired.

First functions of arrays, then what a pool does with them: `screen` when a run begins, `hire` for every vacancy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.clock import Steps
from simlab.components.rater_view import UNSAID
from simlab.components.review import PerformanceRecord, Review, decided
from simlab.machines.machine import judged_model
from simlab.people import payroll
from simlab.people.tasks import Exam
from simlab.rankings import preferred
from simlab.rng import branch
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.choice import Judges

_SPARE = 4  # pairs drawn for each item, since pairs that are equal under the guideline have no right answer
_EXAM_IDS = 1 << 41  # numbers of the exam's responses, beyond those of any task and of calibration


def set_exam(items: Items, utilities: Array, count: int) -> Exam:
    """An exam of up to `count` items from pairs of responses [2m] with these utilities [2m]: those that are no ties."""
    gold = preferred(utilities[::2] - utilities[1::2])
    chosen = np.flatnonzero(gold)[:count]
    return Exam(items[np.stack([2 * chosen, 2 * chosen + 1], axis=1).ravel()], gold[chosen])


def marks(labels: NDArray[np.int64], gold: NDArray[np.int64]) -> Array:
    """How each candidate's labels [R, n] do against gold [n]: 1 right, 0 wrong, ½ undecided."""
    return np.where(labels == 0, 0.5, (labels == gold[None, :]).astype(float))


def passed(answers: Array, test: Review) -> NDArray[np.bool_]:
    """Who passes [R]: those whom the review would not dismiss for these answers [R, n]."""
    return ~decided(test, PerformanceRecord.of(answers))


def best(scores: Array, share: float) -> NDArray[np.bool_]:
    """The best `share` of the candidates by their scores [R]; among equals the earlier ones."""
    taken = np.zeros(len(scores), dtype=bool)
    taken[np.argsort(-scores, kind="stable")[: round(share * len(scores))]] = True
    return taken


def retrained(misread: Array, rows: NDArray[np.int64], shrink: float) -> Array:
    """Own errors in reading a guideline [R, D] after those in `rows` were trained: theirs are `shrink` as large."""
    better = misread.copy()
    better[rows] *= shrink
    return better


# ---- on a pool ----------------------------------------------------------------------------------------------------


def screen(pool: Judges) -> Steps:
    """Set the pool's exam, put the first people to it, and replace those who fail. Without a test, nothing."""
    spec, context = pool.spec.screening, pool.context
    yield from ()
    if spec is None:
        return
    model = judged_model(context, pool.name)
    key = context.rng.key(pool.name, "exam")
    prompts = context.game.draw_prompts(branch(key, "prompts"), _SPARE * spec.items, compared=True)
    items = yield from model.respond(np.repeat(prompts, 2), key)
    truly = context.guideline_for(pool.name).utilities(context.game.features(items))
    pool.exam = set_exam(items, truly, spec.items)
    first = np.flatnonzero(pool.cohort.employed)
    pool.begin(_taken_on(pool, examine(pool, first)))
    pool.recruit(pool.places - int(pool.cohort.employed.sum()))


def hire(pool: Judges, count: int) -> NDArray[np.int64]:
    """The numbers of up to `count` new people, each of whom has passed the exam, if there is one."""
    spec = pool.spec.screening
    if spec is None or pool.exam is None:
        numbers = pool.admit(count)
        return _taken_on(pool, numbers[pool.cohort.employed[numbers]])
    hired: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    left = spec.candidates * count
    while (missing := count - sum(map(len, hired))) > 0 and left > 0:
        batch = pool.admit(min(missing, left))
        left -= len(batch)
        hired.append(examine(pool, batch))
    return _taken_on(pool, np.concatenate(hired))


def _taken_on(pool: Judges, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """These people, once what it takes to hire them has been paid."""
    payroll.spend(pool, payroll.HIRING, pool.spec.hiring_cost * len(numbers))
    return numbers


def examine(pool: Judges, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Let candidates sit the exam, turn away those who fail, and return the numbers of the others."""
    spec, exam, cohort = pool.spec.screening, pool.exam, pool.cohort
    assert spec is not None
    assert exam is not None
    numbers = numbers[cohort.employed[numbers]]
    if not len(exam) or not len(numbers):
        return numbers
    who, item = np.repeat(numbers, len(exam)), np.tile(np.arange(len(exam)), len(numbers))
    pairs = np.stack([2 * item, 2 * item + 1], axis=1).ravel()
    ranking_keys = _EXAM_IDS + item
    seconds = pool.durations(who, ranking_keys, 1)
    key = pool.context.rng.key(pool.name, "labels", "exam")
    alone = np.full((len(who), 1), UNSAID)
    label, _ = pool.labels(
        exam.items[pairs], who, _EXAM_IDS + pairs, ranking_keys, key, seconds=seconds, earlier_labels=alone
    )
    good = passed(marks(label.reshape(len(numbers), len(exam)), exam.gold), spec.test)
    away = numbers[~good]
    cohort.hired[numbers] = pool.context.now
    cohort.ended[away] = pool.context.now
    pool.work_state.turned_away[away] = 1.0
    for row in away.tolist():
        pool.labor_market.seek(pool.spec.market, pool, row)
    hours = float(seconds.sum()) / 3600
    pool.context.log.labor(pool.name, "screening", order=pool.work_order, hours=hours)
    payroll.spend(pool, payroll.TESTING, pool.spec.screening_cost * len(numbers))
    return numbers[good]
