"""The contract of guideline policies, by which those who set a guideline revise it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any

from simlab.components.return_values import given, not_a_number
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_LARGEST = 1e6  # what a scenario file may give a criterion for a weight


def _revised(subject: Subject) -> list[Any]:
    policy = subject.made()
    return [policy.revise(situation) for situation in samples.meetings()]


@check("guideline")
def answers(subject: Subject) -> Iterator[str]:
    """At every meeting it gives weights by the names of criteria, or None if the guideline stays as it is."""
    for found in _revised(subject):
        if found is not None and not (isinstance(found, Mapping) and all(isinstance(name, str) for name in found)):
            yield f"revise must give weights by the names of criteria, or None; it gave {given(found)}"


@check("guideline")
def finite(subject: Subject) -> Iterator[str]:
    """Weights are finite numbers of at most a million, and not all of them zero."""
    for found in (weights for weights in _revised(subject) if weights is not None):
        for name, weight in found.items():
            if not_a_number(weight) or not (math.isfinite(weight) and abs(weight) <= _LARGEST):
                yield f"gave {name!r} the weight {weight!r}"
        if not any(found.values()):
            yield "gave no criterion any weight"


@check("guideline")
def announced(subject: Subject) -> Iterator[str]:
    """It gives weight only to criteria of the first guideline, or named by `criteria()`, so that they are measured."""
    known = {*samples.meetings()[0].first, *subject.made().criteria()}
    for found in (weights for weights in _revised(subject) if weights is not None):
        for name in found:
            if name not in known:
                yield f"gave weight to {name!r}, which its criteria() do not name"


@check("guideline")
def reproducible(subject: Subject) -> Iterator[str]:
    """In the same situation it gives the same weights: all chance comes from the situation's key, all memory from its
    history."""
    policy = subject.made()
    situations = samples.meetings()
    forth = [policy.revise(situation) for situation in situations]
    back = [policy.revise(situation) for situation in situations[::-1]][::-1]
    if not forth == back == _revised(subject):
        yield "gave other weights when asked again about the same situation"


@check("guideline")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the situation it is given as it is."""
    policy = subject.made()
    for situation in samples.meetings():
        before = copy.deepcopy(situation)
        policy.revise(situation)
        if repr(situation) != repr(before):
            yield "changed the situation it was given"
