"""A guideline that walks to another one, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

import simlab


class Walk(simlab.GuidelinePolicy):
    """From the guideline as it was to `to`, in `steps` equal steps, one at each meeting; then it stays there.

    For "the distance from the Golden Rule to shareholder value is but a step" (Kockelman, ch. 4): what does the
    language model become on the way? A criterion that only one of the two names has weight 0 in the other.
    """

    name = "walk"
    example: ClassVar[Mapping[str, Any]] = {"to": {"brand": 1.0, "retention": 1.0}}
    to: dict[str, float] = Field(min_length=1, description="where it ends: weight of each criterion")
    steps: int = Field(4, ge=1, le=10_000, description="meetings it takes to get there")

    def criteria(self) -> list[str]:
        return list(self.to)

    def revise(self, situation: simlab.GuidelineReview) -> Mapping[str, float] | None:
        if situation.turn >= self.steps:
            return None
        way = (situation.turn + 1) / self.steps
        start, end = situation.first, self.to
        return {name: (1 - way) * start.get(name, 0.0) + way * end.get(name, 0.0) for name in {**start, **end}}
