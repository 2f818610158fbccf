"""Logit choice, and leanings on top of it: what many rater policies have in common.

A policy in `plugins/raters/` that derives from `Logit` says only in what it differs: how noisy somebody is at this
moment (`spread`), or to which responses people lean for reasons other than how good they are (`leaning`).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simlab.arrays import Array
from simlab.components.choice_noise import logistic, one_measure_of_noise, scaled, temperature_for
from simlab.components.cohort import Cohort
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView


class Logit(RaterPolicy):
    """P(left) = σ(Δ/τ + b) of what is decided: Bradley–Terry with a leaning b of this log-odds.

    K-way rankings are Plackett–Luce by Gumbel-max. Ties, where there are any, are Davidson's. `agreement` sets the
    noise such people would have without their leanings, so that a control without them is exactly as noisy.
    """

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"agreement": ("temperature",), "temperature": ("agreement",)}
    agreement: float | None = Field(0.75, gt=0.5, le=1.0, description="target agreement of two raters; 1 is noise-free")
    temperature: float | None = Field(None, ge=0.0, description="τ, in units of utility; instead of agreement")

    @model_validator(mode="before")
    @classmethod
    def _one_measure_of_noise(cls, given: Any) -> Any:
        """A temperature that is given leaves no agreement to aim at, and the other way round."""
        return one_measure_of_noise(given, "temperature")

    def calibrated(self, differences: Array) -> Self:
        """This policy with τ such that two raters agree as targeted where both decide, clear pairs counting alike."""
        if self.agreement is None:
            return self
        found = temperature_for(self.agreement, differences)
        return self.model_copy(update={"temperature": found, "agreement": None})

    def spread(self, cohort: Cohort, scene: RaterView | None) -> Array:
        """τ of each person [n], now."""
        return np.asarray((self.temperature or 0.0) * cohort.noise)

    def leaning(self, options: int, cohort: Cohort, scene: RaterView | None) -> Array | None:
        """Log-odds [n, K] that each response has over others that are as good; None: no leaning."""
        return None

    def tie_weight(self) -> float:
        """Davidson's ν."""
        return 0.0

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        difference = scaled(utilities[:, 0] - utilities[:, 1], self.spread(cohort, scene))
        leaning = self.leaning(2, cohort, scene)
        if leaning is not None:
            difference = difference + (leaning[:, 0] - leaning[:, 1])
        undecided = self._undecided(difference)
        left = logistic(difference)
        return np.stack([left * (1 - undecided), (1 - left) * (1 - undecided), undecided], axis=1)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        options = utilities.shape[1]
        tau = self.spread(cohort, scene)[:, None]
        leaning = self.leaning(options, cohort, scene)
        if leaning is not None:
            utilities = utilities + tau * leaning
        waited = np.log(uniforms[:, :options])
        np.negative(waited, out=waited)  # τ·log of it is a Gumbel draw, taken from utility
        ranked = None if options == 2 else utilities - tau * np.log(waited)
        labels = []
        for column, (i, j) in enumerate(combinations(range(options), 2), start=options):
            difference = scaled(utilities[:, i] - utilities[:, j], tau[:, 0])
            if ranked is None:  # the same with half the logarithms
                label = sooner(waited, difference, tau[:, 0])
            else:
                label = np.where(ranked[:, i] > ranked[:, j], 1, np.where(ranked[:, i] < ranked[:, j], 2, 0))
            if self.tie_weight():
                label[uniforms[:, column] < self._undecided(difference)] = 0
            labels.append(label)
        return np.stack(labels, axis=1)

    def _undecided(self, difference: Array) -> Array:
        half = np.abs(difference) / 2  # ν / (e^{Δ/2} + e^{-Δ/2} + ν), written so that it cannot overflow
        shrink = np.exp(-half)
        return np.asarray(self.tie_weight() * shrink / (1 + shrink**2 + self.tie_weight() * shrink))


class LogitWithTies(Logit):
    """The same with a parameter for ties."""

    ties: float = Field(
        0.0, ge=0.0, le=100.0, description="Davidson's ν: 0 never undecided, 1 a third at equal utility"
    )

    def tie_weight(self) -> float:
        return self.ties


def sooner(waited: Array, difference: Array, tau: Array) -> NDArray[np.int64]:
    """Which of two is ranked first [n]: the one with the shorter of two exponential times [n, 2], divided by e^u/τ;
    neither (0) if they are as good and there is no noise."""
    with np.errstate(over="ignore"):
        later = np.exp(difference)
        later *= waited[:, 1]
    label = 2 - (waited[:, 0] < later).astype(np.int64)
    if tau.min(initial=1.0) <= 0:
        label[(tau <= 0) & (difference == 0)] = 0
    return label
