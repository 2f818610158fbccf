"""Priorities: a criterion counts only among what all before it find equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, field_validator

import simlab
from simlab.arrays import Array

_FIRST = 1e12  # more than any weight, so that what `order` names comes before what it does not


class Lexicographic(simlab.Combination):
    """The first criterion in which two responses differ decides, as the first letter in a dictionary does.

    Rawls's serial order, "which requires us to satisfy the first principle in the ordering before we can move on to
    the second" (A Theory of Justice, 1971, §8); InstructGPT's labelers were told which criterion goes before which
    (Ouyang et al. 2022, §3.4). Criteria that `order` leaves out follow by the size of their weights, so that whoever
    misreads the weights may get priorities wrong; of a weight only the sign counts otherwise. Scores of one grade
    are equal: without grades the first criterion of a blurred eye would decide everything. (Grades, unlike a least
    noticeable difference, keep preference transitive: Tversky 1969, Intransitivity of Preferences.)

    The utility is the number whose digits are the grades, first criterion first, so that noise of choice drowns what
    comes last first. Beyond a dozen criteria it is below what a preference can tell.
    """

    name = "lexicographic"
    order: tuple[str, ...] = Field((), description="criteria from first to last; others follow by size of their weight")
    step: float = Field(0.25, ge=0.01, le=1, description="width of a grade: scores that round to one grade are equal")

    @field_validator("order")
    @classmethod
    def _each_once(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(order)) < len(order):
            raise ValueError("name each criterion once")
        return order

    def criteria(self) -> tuple[str, ...]:
        return self.order

    def directed(self) -> tuple[str, ...]:
        return self.order

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        top = round(1 / self.step)
        oriented = np.where(weights < 0, 1 - scores, scores)
        grade = np.floor(np.clip(oriented, 0, 1) * top + 0.5) * (weights != 0)  # [n, D]; ½ of a grade goes up
        place = {name: rank for rank, name in enumerate(self.order)}
        named = np.array([place.get(name, -1) for name in criteria])
        first = np.argsort(np.where(named >= 0, named - _FIRST, -np.abs(weights)), axis=-1, kind="stable")
        digits = np.take_along_axis(grade, np.broadcast_to(first, grade.shape), axis=1)
        worth = (top + 1.0) ** -np.arange(1, len(criteria) + 1)
        return np.asarray(np.einsum("nd,d->n", digits, worth))
