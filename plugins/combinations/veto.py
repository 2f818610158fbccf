"""Thresholds that nothing else makes up for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.combination import weighted_sum

Limit = Annotated[float, Field(ge=0, le=1)]


class Veto(simlab.Combination):
    """Below the limit of a criterion a response is worse than any that keeps all limits; otherwise, weighted.

    A conjunctive rule (Coombs 1964, A Theory of Data; Einhorn 1970) before a compensatory one: what Nozick calls
    side constraints (Anarchy, State, and Utopia, 1974, ch. 3), which bound what may be done for the sake of goals.
    Among responses that break limits, who breaks fewer is better, then the sum decides. Limits are the same for
    everybody; weights are as each understands them. A criterion may be a limit and have no weight.

    The utility is Σ w·s, less (1 + Σ|w|) for every limit broken, with scores held to [0, 1].
    """

    name = "veto"
    example: ClassVar[Mapping[str, Any]] = {"limits": {"harmless": 0.5}}
    limits: dict[str, Limit] = Field(
        min_length=1, description="score by each of these criteria below which a response is ruled out"
    )

    def criteria(self) -> tuple[str, ...]:
        return tuple(self.limits)

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        held = np.clip(scores, 0, 1)
        limit = np.array([self.limits.get(name, 0.0) for name in criteria])
        broken = np.sum(held < limit, axis=1)
        worst = 1 + np.abs(weights).sum(axis=-1)
        return weighted_sum(held, weights) - broken * worst
