"""Raters who see what others said before them, and go along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.choice_noise import logistic, scaled
from simlab.components.logit import Logit
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Herding(Logit):
    """Every earlier label of the same pair counts as evidence: P(left) = σ(Δ/τ + h·(n_left − n_right)).

    h = ln(q/(1−q)), with q the chance `trust` that an earlier label is right, taken at face value as in experiments
    on cascades (Banerjee 1992, QJE 107; Bikhchandani, Hirshleifer & Welch 1992, JPE 100; Anderson & Holt 1997, AER 87):
    who trusts others as much as oneself falls in with two of them. Raters who rank the same responses come one after
    the other, in an order drawn for each task; auditors see what they audit. Noise-free people need nobody's advice.
    """

    name = "herding"
    needs = ("earlier",)
    trust: float = Field(0.65, gt=0.0, lt=1.0, description="q, how often others are taken to be right; ½ ignores them")

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        own = scaled(utilities[:, 0] - utilities[:, 1], self.spread(cohort, scene))
        if scene is not None and scene.earlier is not None:
            said = scene.earlier[:, 0]
            own = own + np.log(self.trust / (1 - self.trust)) * (said[:, 1] - said[:, 2])
        left = logistic(own)
        return np.stack([left, 1 - left, np.zeros_like(left)], axis=1)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        return RaterPolicy.choose(self, utilities, cohort, uniforms, scene)
