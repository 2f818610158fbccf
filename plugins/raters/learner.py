"""Raters who get surer with every ranking, up to what they are capable of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Learner(LogitWithTies):
    """Bradley–Terry raters whose noise falls exponentially with practice: τ·(floor + (1−floor)·e^(−n/scale)).

    n counts rankings made before. The exponential law of practice fits single people better than the power law, which
    fits averages (Heathcote, Brown & Mewhort 2000, Psychonomic Bulletin & Review 7). The power law, of any policy's
    noise and of time as well, is the pool's `learning`. τ, or the target agreement, is a beginner's.
    """

    name = "learner"
    scale: float = Field(100.0, gt=0.0, le=1e9, description="rankings after which all but 37 % of it is learnt")
    floor: float = Field(0.5, ge=0.0, le=1.0, description="noise of the practised, as a share of a beginner's")

    def spread(self, cohort: Cohort, scene: RaterView | None) -> Array:
        seen = None if scene is None else scene.see("experience")
        done = np.asarray(cohort.tasks if seen is None else seen, dtype=float)
        return np.asarray(super().spread(cohort, scene) * (self.floor + (1 - self.floor) * np.exp(-done / self.scale)))
