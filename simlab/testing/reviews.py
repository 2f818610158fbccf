"""The contract of review rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.components.return_values import given, not_numbers
from simlab.components.review import PerformanceRecord
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_ROUNDING = 1e-9


@check("review")
def answers(subject: Subject) -> Iterator[str]:
    """It says True or False of everybody: an array [R]."""
    record = samples.standing()
    found = subject.made().decide(record)
    if np.shape(found) != (len(record),) or np.asarray(found).dtype != bool:
        yield f"decide gave {given(found)}; it should be True or False of {len(record)} people"


@check("review")
def reproducible(subject: Subject) -> Iterator[str]:
    """On the same record it decides the same."""
    if not np.array_equal(_decided(subject, samples.standing()), _decided(subject, samples.standing())):
        yield "decided otherwise when asked again"


@check("review")
def order(subject: Subject) -> Iterator[str]:
    """A decision does not depend on the order in which people are listed."""
    record = samples.standing()
    turned = _decided(subject, record[np.arange(len(record))[::-1]])[::-1]
    if not np.array_equal(_decided(subject, record), turned):
        yield "decided otherwise when people are listed in another order"


@check("review")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the record it is given as it is."""
    record, before = samples.standing(), samples.standing()
    _decided(subject, record)
    if repr(record) != repr(before):
        yield "changed the record it was given"


@check("review")
def few(subject: Subject) -> Iterator[str]:
    """What it says does not depend on whether nobody, one person or many are reviewed; nobody is an empty answer."""
    for rows in (slice(0, 0), slice(0, 1)):
        record = samples.standing()[rows]
        found = _decided(subject, record)
        if found.shape != (len(record),) or found.dtype != bool:
            yield f"decide gave {found.dtype} of shape {found.shape} for {len(record)} people"


@check("review")
def chance(subject: Subject) -> Iterator[str]:
    """The chance of being dismissed is in [0, 1], and `needed` a number of answers of at least 1."""
    rule = subject.made()
    accuracy, audits = (grid.ravel() for grid in np.meshgrid([0.2, 0.5, 0.8, 1.0], [1.0, 5.0, 20.0]))
    answer = rule.chance(accuracy, audits, np.linspace(0.4, 0.9, 9))
    wrong = not_numbers(answer, accuracy.shape)
    found = np.asarray([] if wrong else answer)
    if wrong:
        yield f"chance must give numbers of shape {accuracy.shape}; it gave {wrong}"
    elif not np.all((found >= -_ROUNDING) & (found <= 1 + _ROUNDING)):
        yield f"says that the chance of being dismissed is {found[~((found >= 0) & (found <= 1))][0]:g}"
    needed = rule.needed()
    if not isinstance(needed, int) or needed < 1:
        yield f"says that it needs {needed!r} checked answers; it should be a whole number of at least 1"


def _decided(subject: Subject, record: PerformanceRecord) -> NDArray[Any]:
    return np.asarray(subject.made().decide(record))
