"""The contract of efforts."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.components.effort import WorkSituation
from simlab.components.return_values import not_numbers
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_PEOPLE = 12
_ROUNDING = 1e-9


def _situations() -> dict[str, WorkSituation]:
    """Work that is seldom checked, work that is always checked, and work for piece rates with a prize."""
    from simlab.components.pay import PieceSpec, TournamentSpec

    return {
        "hourly pay": samples.work(_PEOPLE),
        "hourly pay without review": samples.work(_PEOPLE, review=None),
        "close checks": samples.work(_PEOPLE, audited=1.0),
        "piece rates": samples.work(_PEOPLE, pay=PieceSpec(rate=0.5)),
        "a tournament": samples.work(_PEOPLE, pay=TournamentSpec(bonus=5.0, winners=3), cost=4.0),
    }


def _effort(plugin: Any, situation: WorkSituation) -> Array:
    """Care and pace [2, R]."""
    return np.stack([np.asarray(plugin.choose(situation)), np.asarray(plugin.hurry(situation))])


@check("effort")
def answers(subject: Subject) -> Iterator[str]:
    """It chooses care and pace for everybody: arrays [R]."""
    for what, situation in _situations().items():
        for method in ("choose", "hurry"):
            if wrong := not_numbers(getattr(subject.made(), method)(situation), (_PEOPLE,)):
                yield f"{method} must give one number for each of {_PEOPLE} people; for {what} it gave {wrong}"


@check("effort")
def bounded(subject: Subject) -> Iterator[str]:
    """Care is in [0, 1]; pace beyond the usual one is at least 0 and finite."""
    for what, situation in _situations().items():
        care, pace = _effort(subject.made(), situation)
        if not np.all((care >= 0) & (care <= 1)):
            yield f"chose care {care[~((care >= 0) & (care <= 1))][0]:g} for {what}, outside [0, 1]"
        if not np.all((pace >= 0) & np.isfinite(pace)):
            yield f"chose pace {pace[~((pace >= 0) & np.isfinite(pace))][0]:g} for {what}"


@check("effort")
def reproducible(subject: Subject) -> Iterator[str]:
    """In the same situation it chooses the same."""
    for what, situation in _situations().items():
        if not np.array_equal(_effort(subject.made(), situation), _effort(subject.made(), situation)):
            yield f"chose otherwise when asked again for {what}"


@check("effort")
def order(subject: Subject) -> Iterator[str]:
    """What one person chooses does not depend on the order in which people are listed."""
    for what, situation in _situations().items():
        turned = _effort(subject.made(), situation[np.arange(_PEOPLE)[::-1]])[:, ::-1]
        if not np.allclose(_effort(subject.made(), situation), turned, rtol=0, atol=_ROUNDING):
            yield f"chose otherwise for {what} when people are listed in another order"


@check("effort")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the situation it is given as it is."""
    for situation in _situations().values():
        before = copy.deepcopy(situation)
        _effort(subject.made(), situation)
        if repr(before) != repr(situation):
            yield "changed the situation it was given"
