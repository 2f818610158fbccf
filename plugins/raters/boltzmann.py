"""Raters who choose the better response more often, the better it is."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import simlab
from simlab.components import Array
from simlab.parties.calibration import logistic, one_measure_of_noise, scaled, temperature_for

if TYPE_CHECKING:
    from simlab.parties.cohort import Cohort


class Boltzmann(simlab.RaterPolicy):
    """Bradley–Terry (1952) choice with Davidson (1970) ties; K-way rankings are Plackett–Luce by Gumbel-max.

    With π = exp(u/τ): P(left) = π_l / (π_l + π_r + ν√(π_l π_r)), P(undecided) = ν√(π_l π_r) / (the same).
    A pair of a K-way ranking is undecided with the same Davidson probability, and otherwise as ranked; so every
    pair of a ranking has exactly the pair's own probabilities. τ is in units of utility; give it, or give
    `agreement` and it is found once, on the pretrained model's pairs.
    """

    name = "boltzmann"
    agreement: float | None = Field(0.75, gt=0.5, le=1.0, description="target agreement of two raters; 1 is noise-free")
    temperature: float | None = Field(None, ge=0.0, description="τ, in units of utility; instead of agreement")
    ties: float = Field(
        0.0, ge=0.0, le=100.0, description="Davidson's ν: 0 never undecided, 1 a third at equal utility"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_measure_of_noise(cls, given: Any) -> Any:
        """A temperature that is given leaves no agreement to aim at, and the other way round."""
        return one_measure_of_noise(given, "temperature")

    def calibrated(self, differences: Array) -> Boltzmann:
        """This policy with τ such that two raters agree as targeted on decided labels."""
        if self.agreement is None:
            return self
        found = temperature_for(self.agreement, differences)
        return self.model_copy(update={"temperature": found, "agreement": None})

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        difference = scaled(utilities[:, 0] - utilities[:, 1], (self.temperature or 0.0) * cohort.noise)
        undecided = self._undecided(difference)
        left = logistic(difference)
        return np.stack([left * (1 - undecided), (1 - left) * (1 - undecided), undecided], axis=1)

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        options = utilities.shape[1]
        tau = ((self.temperature or 0.0) * cohort.noise)[:, None]
        ranked = utilities - tau * np.log(-np.log(uniforms[:, :options]))
        labels = []
        for column, (i, j) in enumerate(combinations(range(options), 2), start=options):
            undecided = self._undecided(scaled(utilities[:, i] - utilities[:, j], tau[:, 0]))
            label = np.where(ranked[:, i] > ranked[:, j], 1, np.where(ranked[:, i] < ranked[:, j], 2, 0))
            labels.append(np.where(uniforms[:, column] < undecided, 0, label))
        return np.stack(labels, axis=1)

    def _undecided(self, difference: Array) -> Array:
        half = np.abs(difference) / 2  # ν / (e^{Δ/2} + e^{-Δ/2} + ν), written so that it cannot overflow
        shrink = np.exp(-half)
        return np.asarray(self.ties * shrink / (1 + shrink**2 + self.ties * shrink))
