"""Raters who know what is better and sometimes mark the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Mistaken(simlab.RaterPolicy):
    """Flips the right label with probability ε, however clear the pair (B-Pref's "mistake" teacher, Lee et al. 2021).

    Pairs of equal utility are a coin toss. `flip: 0.5` labels by coin toss throughout: the null control of any
    claim that labels teach something. Two such raters agree with probability (1-ε)² + ε².
    """

    name = "mistaken"
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"agreement": ("flip",), "flip": ("agreement",)}
    flip: float | None = Field(0.1, ge=0.0, le=1.0, description="ε, the chance of the wrong label")
    agreement: float | None = Field(None, ge=0.5, le=1.0, description="instead of flip: target agreement of two raters")

    @model_validator(mode="before")
    @classmethod
    def _one_measure_of_noise(cls, given: Any) -> Any:
        """An agreement that is given takes the place of flip."""
        if not isinstance(given, dict):
            return given
        if given.get("agreement") is None:
            if given.get("flip", True) is None:
                raise ValueError("neither flip nor agreement: give flip or agreement")
        elif given.get("flip") is not None:
            raise ValueError("both flip and agreement: give flip or agreement")
        else:
            return {**given, "flip": None}
        return given

    @property
    def error(self) -> float:
        """ε, given or solved from (1-ε)² + ε² = agreement."""
        if self.agreement is None:
            assert self.flip is not None
            return self.flip
        return float(0.5 * (1 - np.sqrt(2 * self.agreement - 1)))

    def calibrated(self, differences: Array) -> Mistaken:
        """This policy with its ε found; the pairs do not matter."""
        return self.model_copy(update={"flip": self.error, "agreement": None})

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        right = 0.5 + (0.5 - self.error) * np.sign(utilities[:, 0] - utilities[:, 1])
        return np.stack([right, 1 - right, np.zeros_like(right)], axis=1)
