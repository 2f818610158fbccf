"""Raters with values they do not trade off against an employer's guideline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView, lots

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class OwnValues(LogitWithTies):
    """Ideologues: where their own values clearly speak, those decide; elsewhere they do as told (Bradley–Terry).

    Protected values, which admit no trade-off (Baron & Spranca 1997, OBHDP 70; Tetlock 2003, Trends in Cognitive
    Sciences 7): a lexicographic rule. People who weigh their values against the guideline, as one vector against
    another, are the pool's `compliance`, which goes with any policy. What their values are is the pool's `values`
    and `values_spread`; without any the policy is refused.
    """

    name = "own_values"
    needs = ("values",)
    clear: float = Field(0.5, ge=0.0, description="differences of own utility above this decide")
    share: float = Field(1.0, ge=0.0, le=1.0, description="chance that a person is an ideologue")

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        told = super().probabilities(utilities, cohort, scene)
        own = None if scene is None else scene.see("own")
        if own is None:
            return told
        difference = own[:, 0] - own[:, 1]
        decides = (np.abs(difference) > self.clear) & (lots(scene, "ideologue", cohort.number) < self.share)
        said = np.stack([difference > 0, difference < 0, difference == 0], axis=1).astype(float)
        return np.where(decides[:, None], said, told)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        return RaterPolicy.choose(self, utilities, cohort, uniforms, scene)
