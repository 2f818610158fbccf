"""Raters who do not decide where the difference is below what they notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array
from simlab.components.choice_noise import logistic, one_measure_of_noise, scaled, temperature_for

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class RaoKupper(simlab.RaterPolicy):
    """Bradley–Terry with a threshold (Rao & Kupper 1967, JASA 62): P(left) = π_l/(π_l + θπ_r) = σ(Δ/τ − ln θ).

    With π = exp(u/τ); what neither side gets is undecided, (θ² − 1)π_lπ_r/((π_l + θπ_r)(θπ_l + π_r)). The pairs of a
    ranking are chosen each by itself. Give τ in units of utility, or `agreement` on what is decided.
    """

    name = "rao_kupper"
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"agreement": ("temperature",), "temperature": ("agreement",)}
    agreement: float | None = Field(0.75, gt=0.5, le=1.0, description="target agreement of two raters; 1 is noise-free")
    temperature: float | None = Field(None, ge=0.0, description="τ, in units of utility; instead of agreement")
    theta: float = Field(1.5, ge=1.0, le=1e6, description="θ: 1 never undecided, 2 a third at equal utility")

    @model_validator(mode="before")
    @classmethod
    def _one_measure_of_noise(cls, given: Any) -> Any:
        return one_measure_of_noise(given, "temperature")

    def calibrated(self, differences: Array) -> RaoKupper:
        """This policy with τ such that two raters agree as targeted where both decide, clear pairs counting alike."""
        if self.agreement is None:
            return self
        found = temperature_for(self.agreement, differences, self._if_decided)
        return self.model_copy(update={"temperature": found, "agreement": None})

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = scaled(utilities[:, 0] - utilities[:, 1], (self.temperature or 0.0) * cohort.noise)
        left, right = self._sides(difference)
        return np.stack([left, right, np.maximum(0.0, 1 - left - right)], axis=1)

    def _sides(self, difference: Array) -> tuple[Array, Array]:
        notice = np.log(self.theta)
        return logistic(difference - notice), logistic(-difference - notice)

    def _if_decided(self, difference: Array) -> Array:
        left, right = self._sides(difference)
        return np.asarray(left / (left + right))
