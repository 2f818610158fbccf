"""The contract of criteria."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.components.exchange import TRUTH, Exchange, Observer
from simlab.components.return_values import not_a_number, not_numbers
from simlab.names import clip
from simlab.testing import samples
from simlab.testing.contract import Subject, check


@check("criterion")
def answers(subject: Subject) -> Iterator[str]:
    """It scores every sample exchange: a number for each, an array [exchanges, observers] for all of them."""
    criterion, exchanges, people = subject.made(), samples.exchanges(), samples.observers()
    for one in exchanges:
        if wrong := not_a_number(criterion.score(one, TRUTH)):
            fix = "it should be one number, or nan where there is nothing to say"
            yield f"score gave {wrong} for {_said(one)}; {fix}"
    shape = (len(exchanges), len(people))
    if wrong := not_numbers(criterion.score_batch(list(exchanges), list(people)), shape):
        yield f"score_batch gave {wrong}; it should be numbers of shape [exchanges, observers] = {shape}"


@check("criterion")
def finite(subject: Subject) -> Iterator[str]:
    """No score is infinite. NaN is allowed: it means that the criterion has nothing to say."""
    for one, row in zip(samples.exchanges(), _scores(subject.made()), strict=True):
        if np.isinf(row).any():
            yield f"scored {row[np.isinf(row)][0]:g} for {_said(one)}; say nan where there is nothing to say"


@check("criterion")
def speaks(subject: Subject) -> Iterator[str]:
    """Of some exchange it has something to say: it is not always NaN."""
    scores = _scores(subject.made())
    if np.isnan(scores).all():
        yield f"score gave nan for all of {len(scores)} samples; it should have something to say of some"


@check("criterion")
def bounded(subject: Subject) -> Iterator[str]:
    """Scores are in [0, 1], unless it declares bounded = False."""
    if not subject.declares("bounded"):
        return
    for one, row in zip(samples.exchanges(), _scores(subject.made()), strict=True):
        wrong = row[np.isfinite(row) & ((row < 0) | (row > 1))]
        if len(wrong):
            yield f"scored {wrong[0]:g} for {_said(one)}, outside [0, 1]"


@check("criterion")
def deterministic(subject: Subject) -> Iterator[str]:
    """Asked twice, it says the same, and so does another instance of it; unless it declares deterministic = False."""
    if not subject.declares("deterministic"):
        return
    criterion = subject.made()
    first = _scores(criterion)
    for again in (_scores(criterion), _scores(subject.made())):
        for one, a, b in zip(samples.exchanges(), first, again, strict=True):
            if not _same(a, b):
                yield f"scored {_of(a, b)} for {_said(one)}, and {_of(b, a)} when asked again"


@check("criterion")
def batch(subject: Subject) -> Iterator[str]:
    """`score_batch` and `score` agree on every exchange and observer."""
    if not subject.declares("deterministic"):
        return
    criterion = subject.made()
    for observer in samples.observers() if criterion.personal else [TRUTH]:
        for one in samples.exchanges():
            alone, together = criterion.score(one, observer), criterion.score_batch([one], [observer])[0, 0]
            if not _same(alone, together):
                yield f"score gave {alone:g} and score_batch {together:g} for {_said(one)}"


@check("criterion")
def order(subject: Subject) -> Iterator[str]:
    """A score does not depend on which exchanges are scored beside it, nor in which order."""
    if not subject.declares("deterministic"):
        return
    criterion, exchanges = subject.made(), samples.exchanges()
    whole, backwards = _scores(criterion), _scores(criterion, exchanges[::-1])[::-1]
    third = _scores(criterion, exchanges[::3])
    for place, one in enumerate(exchanges):
        if not _same(whole[place], backwards[place]):
            yield f"scored {_of(whole[place], backwards[place])} for {_said(one)}, and another score in another order"
        if place % 3 == 0 and not _same(whole[place], third[place // 3]):
            yield f"scored {_of(whole[place], third[place // 3])} for {_said(one)}, and another beside other exchanges"


@check("criterion")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the exchanges and observers it is given as they are."""
    exchanges, people = list(samples.exchanges()), list(samples.observers())
    before = [repr(one) for one in exchanges]
    subject.made().score_batch(exchanges, people)
    if [id(one) for one in exchanges] != [id(one) for one in samples.exchanges()] or len(people) != len(
        samples.observers()
    ):
        yield "changed the list of exchanges or observers it was given"
    for text, one in zip(before, exchanges, strict=False):
        if text != repr(one):
            yield f"changed an exchange it was given: {_said(one)}"


@check("criterion")
def personal(subject: Subject) -> Iterator[str]:
    """Scores depend on who looks if it declares personal = True, and only then."""
    if not subject.declares("deterministic"):
        return
    criterion = subject.made()
    by_observer = [_alone(criterion, samples.exchanges(), observer) for observer in samples.observers()]
    differ = [not _same(by_observer[0], other) for other in by_observer[1:]]
    yield from _declared(subject, "personal", any(differ), "who looks")


@check("criterion")
def hidden_truth(subject: Subject) -> Iterator[str]:
    """Scores depend on what is true, whatever the observer believes, if it declares hidden_truth, and only then."""
    if not subject.declares("deterministic"):
        return
    credulous = samples.observers()[1]
    differ = _differ(subject, [samples.otherwise(one) for one in samples.exchanges()], credulous)
    yield from _declared(subject, "hidden_truth", differ, "what is true, whatever the observer believes")


@check("criterion")
def needs_context(subject: Subject) -> Iterator[str]:
    """Scores depend on the prompt's context, which the model never sees, if it declares so, and only then."""
    if not subject.declares("deterministic"):
        return
    differ = _differ(subject, [samples.situated(one) for one in samples.exchanges()], TRUTH)
    yield from _declared(subject, "needs_context", differ, "the situation of the prompt")


def _declared(subject: Subject, trait: str, differs: bool, what: str) -> Iterator[str]:
    says = subject.declares(trait)
    if differs and not says:
        yield f"its scores depend on {what}, so declare {trait} = True"
    if says and not differs:
        yield f"declares {trait}, but no score of the samples depends on {what}"


def _differ(subject: Subject, others: Sequence[Exchange], observer: Observer) -> bool:
    criterion = subject.made()
    return not _same(_alone(criterion, samples.exchanges(), observer), _alone(criterion, others, observer))


def _alone(criterion: Any, exchanges: Sequence[Exchange], observer: Observer) -> Array:
    """What `score` says of each exchange [n], for criteria that are not personal, too."""
    return np.array([criterion.score(one, observer) for one in exchanges], dtype=float)


def _scores(criterion: Any, exchanges: Sequence[Exchange] | None = None) -> Array:
    found = criterion.score_batch(
        list(samples.exchanges() if exchanges is None else exchanges), list(samples.observers())
    )
    return np.asarray(found, dtype=float)


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a, dtype=float), np.asarray(b, dtype=float), equal_nan=True))


def _of(row: Array, other: Array) -> str:
    """The first score of a row that differs from another's."""
    return f"{row[~((row == other) | (np.isnan(row) & np.isnan(other)))][0]:g}"


def _said(one: Exchange) -> str:
    return f"{clip(one.response.text, 40)!r}"
