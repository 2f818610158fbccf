"""Raters who mark something without having read anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.effort import tossed
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView, lots, second

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Shirker(LogitWithTies):
    """A share of the pool does a share of its work without looking, and marks by habit (spammers: Raykar & Yu 2012,
    JMLR 13; straight-lining: Krosnick 1991).

    How often is given, not chosen. People who *decide* how much care to take, given their pay and how they are
    audited, are the pool's `effort` (`no_shirking`, after Shapiro & Stiglitz), which goes with any policy and also
    saves them time; this is for a rate that is known, and for other habits than tossing a coin.
    """

    name = "shirker"
    share: float = Field(1.0, ge=0.0, le=1.0, description="chance that a person is one who shirks")
    careless: float = Field(0.3, ge=0.0, le=1.0, description="share of such a person's rankings made without looking")
    habit: Literal["coin", "first", "undecided"] = Field("coin", description="what is marked then")

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        rate = (self.careless * self._shirks(cohort, scene))[:, None]
        habit = {"coin": [0.5, 0.5, 0.0], "first": [1.0, 0.0, 0.0], "undecided": [0.0, 0.0, 1.0]}[self.habit]
        return np.asarray((1 - rate) * super().probabilities(utilities, cohort, scene) + rate * np.array(habit))

    def attention(self, cohort: Cohort, scene: RaterView | None = None) -> Array:
        return 1.0 - self.careless * self._shirks(cohort, scene)

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        label = super().choose(utilities, cohort, uniforms, scene)
        careless = (second(uniforms[:, 0], "careless") < self.careless) & self._shirks(cohort, scene)
        if self.habit == "coin":
            label[careless] = tossed(second(uniforms[careless, : utilities.shape[1]], "toss"))
        else:
            label[careless] = 1 if self.habit == "first" else 0
        return label

    def _shirks(self, cohort: Cohort, scene: RaterView | None) -> NDArray[np.bool_]:
        return lots(scene, "shirks", cohort.number) < self.share
