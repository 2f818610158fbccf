"""The contract of looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simlab.arrays import Array
from simlab.components.look import DeliveredWork
from simlab.components.return_values import not_numbers
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_ROUNDING = 1e-9


@check("look")
def answers(subject: Subject) -> Iterator[str]:
    """It gives a number for each piece of work: arrays [n]."""
    work = samples.shown_to(subject.made(), samples.delivered())
    for method in ("wanted", "score"):
        if wrong := not_numbers(getattr(subject.made(), method)(work), (len(work),)):
            yield f"{method} must give numbers of shape {(len(work),)}; it gave {wrong}"


@check("look")
def bounded(subject: Subject) -> Iterator[str]:
    """Scores are in [0, 1], or NaN where it has nothing to say, and not everywhere (what it needs, its class declares:
    `opinions`, `again`, `machine`); it wants as many opinions of the principal's own as it may."""
    plugin, work = subject.made(), samples.delivered()
    wanted, found = np.asarray(plugin.wanted(work)), _scores(subject, work)
    if np.any((wanted < 0) | (wanted > plugin.opinions)):
        yield f"wants {wanted.max()} opinions of a piece; its class declares {plugin.opinions}"
    wrong = found[(found < -_ROUNDING) | (found > 1 + _ROUNDING)]
    if len(wrong):
        yield f"gave the score {wrong[0]:g}; they are in [0, 1]"
    if np.isnan(found).all():
        yield "has nothing to say of any piece of work"


@check("look")
def expected(subject: Subject) -> Iterator[str]:
    """What it expects to find of answers is a number in [0, 1] for each person, and more where more are right."""
    answer = samples.foreseen()
    found = subject.made().expected(answer)
    if wrong := not_numbers(found, answer.right.shape):
        yield f"expected must give numbers of shape {answer.right.shape}; it gave {wrong}"
        return
    said = np.asarray(found)
    if np.any((said < -_ROUNDING) | (said > 1 + _ROUNDING)):
        yield f"expects the score {said[np.argmax(np.abs(said - 0.5))]:g}; scores are in [0, 1]"
    if said[-1] < said[5] - _ROUNDING:
        yield "expects less of somebody who is always right than of a coin"


@check("look")
def reproducible(subject: Subject) -> Iterator[str]:
    """Of the same work it says the same."""
    first, second = (_scores(subject, samples.delivered()) for _ in range(2))
    if not np.array_equal(first, second, equal_nan=True):
        yield "said something else of the same work when asked again"


@check("look")
def order(subject: Subject) -> Iterator[str]:
    """What it says of a piece does not depend on the order in which the pieces are listed."""
    work = samples.delivered()
    turned = _scores(subject, work[np.arange(len(work))[::-1]])[::-1]
    if not np.allclose(_scores(subject, work), turned, equal_nan=True):
        yield "said something else of the same work in another order"


@check("look")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the work it is shown as it is."""
    work, before = (samples.shown_to(subject.made(), samples.delivered()) for _ in range(2))
    _scores(subject, work)
    if repr(work) != repr(before):
        yield "changed the work it was shown"


@check("look")
def few(subject: Subject) -> Iterator[str]:
    """Nothing looked at is an empty answer, and one piece an answer of one."""
    for count in (0, 1):
        found = _scores(subject, samples.delivered()[np.arange(count)])
        if found.shape != (count,):
            yield f"score gave shape {found.shape} for {count} pieces of work"


def _scores(subject: Subject, work: DeliveredWork) -> Array:
    plugin = subject.made()
    samples.shown_to(plugin, work)
    return np.asarray(plugin.score(work), dtype=float)
