"""Efforts: how much care people take, given how they are paid and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.component import Component

if TYPE_CHECKING:
    from simlab.components.incentives import WorkSituation


class Effort(Component):
    """How much care people take, given how they are paid and checked; asked once a period, for everybody at once.

    The fields here are people's own terms, which every such plugin understands. Money is in $ per hour of work, so
    that it compares with the wage; a period is the time between two looks of the employer.
    """

    kind: ClassVar[str] = "effort"
    reckons: ClassVar[bool] = True  # whether people look at the situation at all; if not, it is not made up

    cost: float = Field(0.0, ge=0, le=1e6, description="what an hour of full care costs the person, in $ per hour")
    cost_spread: float = Field(0.0, ge=0, le=10, description="log-normal sd of that cost between people")
    careless_seconds: float = Field(
        1.0, gt=0, le=1, description="time a careless answer takes, as a share of a careful one's"
    )
    discount: float = Field(0.95, ge=0, lt=1, description="δ, worth of a $ at the next look of the employer")
    separation: float = Field(0.05, ge=0, lt=1, description="s, chance to lose the job by no fault, per look")
    outside: float = Field(0.0, ge=0, le=1e6, description="what being without this job is worth, in $ per hour")

    def choose(self, situation: WorkSituation) -> Array:
        """Care [R] in [0, 1]: the share of answers looked at with care; the others are marked by coin toss."""
        raise NotImplementedError(f"effort {self.name!r} does not define choose")

    def hurry(self, situation: WorkSituation) -> Array:
        """Pace [R] beyond the usual one, as a share of it; 0 unless a plugin says otherwise."""
        return np.zeros(len(situation))
