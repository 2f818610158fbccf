"""Raters who become another rater in the course of their work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView, leanings

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort

_FARTHEST = np.log(1000.0)  # nobody becomes more than so many times as noisy, or as sure


class Drifter(LogitWithTies):
    """Bradley–Terry raters whose accuracy drifts: noise grows by e^rate every hundred rankings, or shrinks.

    Differential rater functioning over time (Wolfe, Moulder & Myford 2001, Journal of Applied Measurement 2; Myford &
    Wolfe 2009): on average, and each in their own direction, normal about `rate` with deviation `rate_spread`,
    drawn once a person. τ, or the target agreement, is of the first day.
    """

    name = "drifter"
    rate: float = Field(0.2, ge=-10, le=10, description="growth of log noise per hundred rankings, mean")
    rate_spread: float = Field(0.2, ge=0, le=10, description="standard deviation of it between people")

    def spread(self, cohort: Cohort, scene: RaterView | None) -> Array:
        seen = None if scene is None else scene.see("experience")
        done = np.asarray(cohort.tasks if seen is None else seen, dtype=float)
        rate = self.rate + self.rate_spread * leanings(scene, "drift", cohort.number)
        drift = np.clip(rate * done / 100, -_FARTHEST, _FARTHEST)
        return np.asarray(super().spread(cohort, scene) * np.exp(drift))
