"""A guideline that switches priorities on given days."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

import simlab


class Switch(BaseModel):
    """New priorities, from a day on."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    day: float = Field(ge=0, description="from this day on (at the first meeting on it or after it)")
    weights: dict[str, float] = Field(min_length=1, description="weight of each criterion from then on")


class Scheduled(simlab.GuidelinePolicy):
    """Priorities that are switched by plan, whatever happens.

    InstructGPT's labelers put helpfulness first while the model was trained, and truth and harmlessness first in
    the evaluation of what came of it (Ouyang et al. 2022, sections 3.4 and 3.6).
    """

    name = "scheduled"
    example: ClassVar[Mapping[str, Any]] = {"switches": ({"day": 10.0, "weights": {"truthful": 1.0, "harmless": 1.0}},)}
    switches: tuple[Switch, ...] = Field(min_length=1, description="each a day, and the weights from then on")

    @field_validator("switches")
    @classmethod
    def _in_order(cls, switches: tuple[Switch, ...]) -> tuple[Switch, ...]:
        if any(later.day <= earlier.day for earlier, later in pairwise(switches)):
            raise ValueError("days must rise from one switch to the next")
        return switches

    def criteria(self) -> list[str]:
        return [name for switch in self.switches for name in switch.weights]

    def revise(self, situation: simlab.GuidelineReview) -> Mapping[str, float] | None:
        due = [switch.weights for switch in self.switches if switch.day <= situation.day]
        return due[-1] if due else None
