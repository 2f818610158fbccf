"""A guideline that follows the money."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

import simlab
from simlab.streams import branch, normals


class FollowRevenue(simlab.GuidelinePolicy):
    """Hill climbing on revenue: a change that went with more of it is continued, any other is taken back.

    Each meeting compares the revenue per day of the term that ends with the best of the `memory` terms before. If
    it is higher, the guideline takes another step the same way; if not, it goes back to the best of those and
    tries a step in a random direction (keyed). Win-stay, lose-shift (Robbins 1952): it needs no reason why
    something pays. The length of the guideline stays what it was; only its direction is searched.
    """

    name = "follow_revenue"
    step: float = Field(0.2, gt=0, le=10, description="length of a step, in norms of the first guideline")
    memory: int = Field(3, ge=1, le=10_000, description="terms it looks back to")
    also: tuple[str, ...] = Field((), description="criteria of no weight at first that it may come to value")
    lowest: float = Field(0.0, ge=-1e6, le=0, description="lowest weight it gives to a criterion")

    def criteria(self) -> tuple[str, ...]:
        return self.also

    def revise(self, situation: simlab.Situation) -> Mapping[str, float] | None:
        names = list(dict.fromkeys([*situation.first, *situation.weights, *self.also]))

        def vector(weights: Mapping[str, float]) -> np.ndarray:
            return np.array([weights.get(name, 0.0) for name in names])

        norm = np.linalg.norm(vector(situation.first))
        base = vector(situation.weights)
        heading = np.array([float(normals(branch(situation.key, name), 0)) for name in names])
        if len(situation.history) > 1:
            *before, last = situation.history[-self.memory - 1 :]
            best = max(before, key=lambda term: term.rate)
            taken = vector(last.weights) - vector(best.weights)
            if last.rate > best.rate and taken.any():
                heading = taken
            elif last.rate <= best.rate:
                base = vector(best.weights)
        new = np.maximum(base + self.step * norm * heading / np.linalg.norm(heading), self.lowest)
        if not new.any():
            return None
        return dict(zip(names, (new * norm / np.linalg.norm(new)).tolist(), strict=True))
