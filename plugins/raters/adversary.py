"""One rater, or a few, who want the machine to learn something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView, lots

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Adversary(LogitWithTies):
    """Strategic raters among honest ones (Bradley–Terry): they say what serves their aim, and always without noise.

    "reverse" says the opposite of what the guideline asks; "own" says what their own values ask, and more surely than
    they feel it: who reports every preference as certain pulls a reward model harder than who reports noise. No way of
    aggregating labels that heeds everybody is proof against it (Gibbard 1973, Econometrica 41); against reward models:
    Wang et al. 2023, arXiv:2311.09641. Name one by number (`rater: 17`), or give the share of those who are.
    """

    name = "adversary"
    share: float = Field(0.0, ge=0.0, le=1.0, description="chance that a person is an adversary")
    rater: int | None = Field(0, ge=0, description="the number of the one who is, whatever the share; null: nobody")
    aim: Literal["reverse", "own"] = Field("reverse", description="against the guideline, or for their own values")

    def needed(self) -> tuple[str, ...]:
        return ("values",) if self.aim == "own" else ()

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        honest = super().probabilities(utilities, cohort, scene)
        sign = np.sign(self._aimed(utilities, scene))
        aimed = np.stack([sign > 0, sign < 0, sign == 0], axis=1).astype(float)
        return np.where(self.strategic(cohort, scene)[:, None], aimed, honest)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        label = super().choose(utilities, cohort, uniforms, scene)
        aimed = RaterPolicy.choose(self, utilities, cohort, uniforms, scene)
        return np.where(self.strategic(cohort, scene)[:, None], aimed, label)

    def strategic(self, cohort: Cohort, scene: RaterView | None) -> NDArray[np.bool_]:
        """Who of these people [n] is an adversary."""
        chosen = lots(scene, "adversary", cohort.number) < self.share
        return np.asarray(chosen | (cohort.number == self.rater) if self.rater is not None else chosen)

    def _aimed(self, utilities: Array, scene: RaterView | None) -> Array:
        """By how much the left serves the aim better than the right [n]."""
        own = scene.see("own") if scene is not None and self.aim == "own" else None
        served = -utilities if self.aim == "reverse" else utilities if own is None else own
        return np.asarray(served[:, 0] - served[:, 1])
