"""Raters who take the longer response for the better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.choice_noise import logistic, scaled
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView
from simlab.errors import InvalidInput

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class LengthBias(LogitWithTies):
    """Bradley–Terry raters with a leaning to length: P(left) = σ(Δ/τ ± λ), + where the left has more words.

    `longer` is how often the longer of two responses is preferred where length has nothing to do with how good they
    are: .62 among the annotators of AlpacaFarm (Dubois et al. 2023, arXiv:2305.14387). λ is found from it once, with
    τ, on the pretrained model's pairs; or give λ as `swing`. In a ranking a response gains λ in proportion to how many
    of the others are shorter. Noise-free people are not swayed. In worlds without words there is no length: refused.
    """

    name = "length_bias"
    needs = ("words",)
    longer: float = Field(0.62, gt=0.0, lt=1.0, description="target share of pairs in which the longer is preferred")
    swing: float | None = Field(None, ge=-20, le=20, description="λ, log-odds of being longer; instead of longer")

    def calibrated(self, differences: Array) -> Self:
        """τ for the target agreement, then λ for the target share of longer ones, over all these pairs."""
        noisy = super().calibrated(differences)
        if self.swing is not None:
            return noisy
        x = scaled(np.asarray(differences, dtype=float).ravel(), np.asarray(noisy.temperature or 0.0))
        low, high = -20.0, 20.0
        if not share(low, x) < self.longer < share(high, x):
            raise InvalidInput(
                f"people of so little noise cannot prefer the longer response in {self.longer:.0%} of pairs; "
                "lower `agreement`, or bring `longer` closer to .5"
            )
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if share(middle, x) < self.longer else (low, middle)
        return noisy.model_copy(update={"swing": (low + high) / 2})

    def leaning(self, options: int, cohort: Cohort, scene: RaterView | None) -> Array | None:
        length = None if scene is None else scene.see("length")
        if length is None:
            return None
        swing = np.log(self.longer / (1 - self.longer)) if self.swing is None else self.swing
        shorter = (length[:, None, :] < length[:, :, None]).sum(axis=2)
        return np.asarray(swing * shorter / (options - 1))


def share(swing: float, x: Array) -> float:
    """How often the longer is preferred, where differences x/τ are as likely one way as the other."""
    return float(np.mean(logistic(x + swing) + logistic(-x + swing)) / 2)
