"""Raters who say "no difference" the more often, the closer two responses are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import Logit
from simlab.components.rater_policy import RaterPolicy

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Davidson(Logit):
    """Bradley–Terry with ties (Davidson 1970, JASA 65): π_l : π_r : ν√(π_l π_r), with π = exp(u/τ).

    Between equals a share ν/(2+ν) is undecided. The default ν = .7468 is his estimate from Davis's pudding data. Each
    pair of a ranking is judged by itself, so that K-way rankings may run in circles; `boltzmann` with `ties` gives
    every pair these chances, too, and never does.
    """

    name = "davidson"
    nu: float = Field(0.7468, ge=0.0, le=100.0, description="ν: 0 never undecided, 1 a third at equals")

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        return RaterPolicy.choose(self, utilities, cohort, uniforms)

    def tie_weight(self) -> float:
        return self.nu
