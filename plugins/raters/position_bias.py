"""Raters who lean to what they read first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class PositionBias(LogitWithTies):
    """Bradley–Terry with an order effect (Davidson & Beaver 1977, Biometrics 33): P(left) = π_l/(π_l + γπ_r).

    `first` is the chance that the first of two equally good responses is preferred, 1/(1+γ); below ½ the last is. In
    a ranking of K every place earlier counts as much again. Noise-free people are not swayed.
    """

    name = "position_bias"
    first: float = Field(0.6, gt=0.0, lt=1.0, description="chance that the first of two equals is preferred")

    def leaning(self, options: int, cohort: Cohort, scene: RaterView | None) -> Array:
        step = np.log(self.first / (1 - self.first))
        return np.asarray(step * np.arange(options)[::-1][None, :])
