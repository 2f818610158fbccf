"""The effort `linear`: care and pace follow what pays for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array
from simlab.components.incentives import responses

if TYPE_CHECKING:
    from simlab.components.effort import WorkSituation


class Linear(simlab.Effort):
    """Effort a = C⁻¹b at two tasks, care and pace, for pay that grows by b with them and a cost of c·½a′Ca.

    The worker's side of a linear contract (Holmström & Milgrom 1991; with pace left out, b/c). c is the cost of full
    care over a period; C has 1 for care, `pace_cost` for doubling the pace, and `rivalry` between them: where they
    compete for the same attention, paying for pace alone (a piece rate) takes care away. Pay that does not change with
    care buys none.
    """

    name = "linear"
    pace_cost: float = Field(1.0, gt=0, le=1e6, description="cost of twice the usual pace, in multiples of full care's")
    rivalry: float = Field(0.0, ge=-1e3, le=1e3, description="how far care and pace get in each other's way, C₁₂")
    fastest: float = Field(2.0, ge=0, le=100, description="highest pace beyond the usual one, as a share of it")

    @model_validator(mode="after")
    def _convex(self) -> Any:
        if self.rivalry**2 >= self.pace_cost:
            raise ValueError(f"rivalry² must be below pace_cost, {self.pace_cost:g}: costs would not be convex")
        return self

    def choose(self, situation: WorkSituation) -> Array:
        return np.clip(self.efforts(situation)[:, 0], 0.0, 1.0)

    def hurry(self, situation: WorkSituation) -> Array:
        return np.clip(self.efforts(situation)[:, 1], 0.0, self.fastest)

    def efforts(self, situation: WorkSituation) -> Array:
        """Care and pace [R, 2] that people would choose if both could take any value.

        Whom effort costs nothing makes as much of it as ever pays.
        """
        none, full = np.zeros(len(situation)), np.ones(len(situation))
        lowest = situation.income(none)
        slopes = np.stack([situation.income(full) - lowest, situation.income(none, 1.0) - lowest], axis=1)
        matrix = np.array([[1.0, self.rivalry], [self.rivalry, self.pace_cost]])
        cost = np.where(situation.effort_cost > 0, situation.effort_cost, 1.0)[:, None]
        free = np.where(slopes > 0, np.inf, 0.0)
        return np.where(situation.effort_cost[:, None] > 0, responses(slopes / cost, matrix), free)
