"""Auditors who wave through: of some of the answers they are shown they say what stands there, without a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import Logit
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class WaveThrough(Logit):
    """A share `rate` of answers is confirmed as it was given; the others are judged as by `boltzmann`.

    An auditor of fidelity F who waves through at rate w, shown answers of fidelity F′, has (1 − w)·F + w·F′, and finds
    of wrong answers only 1 − w as many. Raters, who are shown the labels of those before them, confirm the majority's.
    Source: acquiescence in checking work, as in Parasuraman & Manzey 2010 ("Complacency and bias in human use of
    automation", Human Factors 52), who find that what is mostly right is not looked at.
    """

    name = "wave_through"
    needs = ("earlier",)
    rate: float = Field(0.5, ge=0.0, le=1.0, description="w, the share of answers confirmed without a look")

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        own = super().probabilities(utilities, cohort, scene)
        if scene is None or scene.earlier is None:
            return own
        said = scene.earlier[:, 0]  # [n, 3] of undecided, left, right
        shown = np.stack([said[:, 1] > said[:, 2], said[:, 2] > said[:, 1], said[:, 1] == said[:, 2]], axis=1)
        seen = said.sum(axis=1) > 0
        mixed = (1 - self.rate) * own + self.rate * shown
        return np.asarray(np.where(seen[:, None], mixed, own))

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        return RaterPolicy.choose(self, utilities, cohort, uniforms, scene)
