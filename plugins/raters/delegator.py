"""Raters who look themselves, and where they are not sure ask a machine."""

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


class Delegator(LogitWithTies):
    """Bradley–Terry raters who defer to a machine below a certainty of their own (learning to defer: Madras, Pitassi &
    Zemel 2018, arXiv:1711.06664, read from the human's side; reliance on advice: Parasuraman & Riley 1997).

    Where the chance of either answer is below `sure`, the machine `to` says which, once it has learnt something. Each
    has looked, so it takes the usual time. Who does not look at all, and lets the machine do everything in less time,
    is the pool's `delegation`, which goes with any policy; the two together are possible.
    """

    name = "delegator"
    needs = ("machine",)
    to: str = Field("rm", min_length=1, max_length=64, description="the reward or language model they ask")
    sure: float = Field(0.75, ge=0.5, le=1.0, description="certainty below which they ask; ½ never, 1 always")
    share: float = Field(1.0, ge=0.0, le=1.0, description="chance that a person asks at all")

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        own = super().probabilities(utilities, cohort, scene)
        advice = None if scene is None else scene.see(f"machine:{self.to}")
        if advice is None:
            return own
        sign = np.sign(advice[:, 0] - advice[:, 1])
        said = np.stack([sign > 0, sign < 0, sign == 0], axis=1).astype(float)
        asks = (own.max(axis=1) < self.sure) & (lots(scene, "delegates", cohort.number) < self.share)
        return np.where(asks[:, None], said, own)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        return RaterPolicy.choose(self, utilities, cohort, uniforms, scene)
