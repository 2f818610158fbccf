"""The contracts of combination rules, by which criteria become one number, and of charters, which are made of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simlab.arrays import Array
from simlab.components.charter import Charter
from simlab.components.return_values import not_numbers
from simlab.rng import Streams, uniforms
from simlab.testing.contract import Subject, check

_ROWS = 24
_CLOSE = 1e-9


@check("combination")
def answers(subject: Subject) -> Iterator[str]:
    """It gives one number for each item: an array [n]."""
    for weights in (np.ones(3), np.ones((_ROWS, 3))):
        if wrong := not_numbers(subject.made().combine(scores(_ROWS), weights, criteria(subject)), (_ROWS,)):
            yield f"combine must give numbers of shape {(_ROWS,)} for weights {weights.shape}; it gave {wrong}"


@check("combination")
def finite(subject: Subject) -> Iterator[str]:
    """Utilities are finite, also of blurred scores, which may lie beyond [0, 1], and where nothing has a weight."""
    for what, weights in (("equal weights", np.ones(3)), ("no weights", np.zeros(3)), ("weights below 0", -np.ones(3))):
        found = combined(subject, 3 * scores(_ROWS) - 1, weights)
        if not np.isfinite(found).all():
            yield f"gave {found[~np.isfinite(found)][0]:g} with {what}"


@check("combination")
def reproducible(subject: Subject) -> Iterator[str]:
    """Of the same scores it makes the same."""
    if not np.array_equal(combined(subject, scores(_ROWS)), combined(subject, scores(_ROWS))):
        yield "made something else of the same scores"


@check("combination")
def order(subject: Subject) -> Iterator[str]:
    """The utility of an item depends on its own scores only, whatever stands beside it."""
    whole = combined(subject, scores(_ROWS))
    for rows in (np.arange(_ROWS)[::-1], np.arange(0, _ROWS, 3)):
        if not np.allclose(whole[rows], combined(subject, scores(_ROWS)[rows]), rtol=0, atol=_CLOSE):
            yield "gave an item another utility beside other items"


@check("combination")
def rising(subject: Subject) -> Iterator[str]:
    """More of a criterion with a positive weight never makes an item worse."""
    low = 0.8 * scores(_ROWS)
    for place, name in enumerate(criteria(subject)):
        high = low.copy()
        high[:, place] += 0.2
        if np.any(combined(subject, high) < combined(subject, low) - _CLOSE):
            yield f"finds an item worse for more of {name!r}, which has a positive weight"


@check("combination")
def additive(subject: Subject) -> Iterator[str]:
    """Where it declares to be a sum, utilities of two items add up."""
    first, second = scores(_ROWS)[::2] / 2, scores(_ROWS)[1::2] / 2
    parts = combined(subject, first) + combined(subject, second) - combined(subject, np.zeros_like(first))
    if subject.declares("additive") and not np.allclose(combined(subject, first + second), parts, atol=_CLOSE):
        yield "declares additive, but its utilities do not add up"


@check("combination")
def of_people(subject: Subject) -> Iterator[str]:
    """Asked for many people at once, it gives what it gives for each of them."""
    weights = np.array([[1.0, 1.0, 1.0], [0.3, 2.0, 0.0], [-1.0, 0.5, 1.0]])
    at_once = np.asarray(subject.made().of_people(scores(_ROWS), weights, criteria(subject)))
    alone = np.stack([combined(subject, scores(_ROWS), weight) for weight in weights], axis=1)
    if at_once.shape != alone.shape or not np.allclose(at_once, alone, rtol=0, atol=_CLOSE):
        yield "of_people gives other utilities than combine gives for each"


@check("combination")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the scores and weights it is given as they are."""
    table, weights = scores(_ROWS), np.ones(3)
    combined(subject, table, weights)
    if not (np.array_equal(table, scores(_ROWS)) and np.array_equal(weights, np.ones(3))):
        yield "changed the scores or the weights it was given"


@check("charter")
def weighed(subject: Subject) -> Iterator[str]:
    """Some article can be measured, by criteria with weights that are finite numbers; of one that cannot, a note says
    why."""
    charter = subject.made()
    weights = charter.weights()
    if not any(weights.values()):
        yield "gives no criterion any weight"
    for name, weight in weights.items():
        if not np.isfinite(weight):
            yield f"gives {name!r} the weight {weight!r}"
    for article in charter.articles:
        if not article.text.strip():
            yield "has an article without words"
        if not article.criteria and not article.note.strip():
            yield f"says neither how {article.text!r:.60} is measured nor why it is not"


@check("charter")
def steady(subject: Subject) -> Iterator[str]:
    """Asked twice, it gives the same weights, and nobody else's."""
    charter: Charter = subject.made()
    charter.weights().clear()
    if charter.weights() != subject.made().weights():
        yield "gives other weights when asked again"


def criteria(subject: Subject) -> list[str]:
    """Three criteria: those its parameters name, and others."""
    return list(dict.fromkeys([*subject.made().criteria(), "helpful", "truthful", "harmless"]))[:3]


def scores(rows: int) -> Array:
    """Scores [rows, 3] of items, some of them the lowest or the highest there are."""
    found = uniforms(Streams(0).key("scores"), np.arange(rows)[:, None], np.arange(3)[None, :])
    found[0], found[1], found[2, 0] = 0.0, 1.0, 0.0
    return found


def combined(subject: Subject, table: Array, weights: Array | None = None) -> Array:
    """Utilities [n] of scores [n, 3], all criteria weighing the same unless weights are given."""
    weights = np.ones(3) if weights is None else weights
    return np.asarray(subject.made().combine(table, weights, criteria(subject)), dtype=float)
