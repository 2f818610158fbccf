"""Raters who feel each response a little better or worse than it is, and follow the feeling."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array
from simlab.components.choice_noise import one_measure_of_noise, scaled, temperature_for

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Thurstone(simlab.RaterPolicy):
    """Case V of the law of comparative judgement (Thurstone 1927, Psychological Review 34): P(left) = Φ(Δ/(σ√2)).

    Every response is felt with independent normal noise of standard deviation σ, and a ranking is the order of the
    feelings. σ is in units of utility; give it, or give `agreement` and it is found once, on the pretrained model's
    pairs.
    """

    name = "thurstone"
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"agreement": ("deviation",), "deviation": ("agreement",)}
    agreement: float | None = Field(0.75, gt=0.5, le=1.0, description="target agreement of two raters; 1 is noise-free")
    deviation: float | None = Field(None, ge=0.0, description="σ of what is felt, in utility; instead of agreement")

    @model_validator(mode="before")
    @classmethod
    def _one_measure_of_noise(cls, given: Any) -> Any:
        return one_measure_of_noise(given, "deviation")

    def calibrated(self, differences: Array) -> Thurstone:
        """This policy with σ such that two raters agree as targeted."""
        if self.agreement is None:
            return self
        found = temperature_for(self.agreement, differences, _normal)
        return self.model_copy(update={"deviation": found, "agreement": None})

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        sigma = (self.deviation or 0.0) * cohort.noise
        left = _normal(scaled(utilities[:, 0] - utilities[:, 1], sigma))
        return np.stack([left, 1 - left, np.zeros_like(left)], axis=1)

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        from scipy.special import ndtri  # slow to import, and `--help` loads this file

        options = utilities.shape[1]
        felt = utilities + ((self.deviation or 0.0) * cohort.noise)[:, None] * ndtri(uniforms[:, :options])
        pairs = [felt[:, i] - felt[:, j] for i, j in combinations(range(options), 2)]
        return np.stack([np.where(d > 0, 1, np.where(d < 0, 2, 0)) for d in pairs], axis=1)


def _normal(x: Array) -> Array:
    """Φ(x/√2): the chance that the left is felt better, x standard deviations of one feeling apart."""
    from scipy.special import ndtr

    return np.asarray(ndtr(x / np.sqrt(2)))
