"""The effort `diligent`: people do what they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.effort import WorkSituation


class Diligent(simlab.Effort):
    """Full care, whatever the pay and however seldom anybody checks.

    Such are the simulated teachers of most of the literature (B-Pref, Lee et al. 2021): they err, and never slack.
    """

    name = "diligent"
    reckons = False

    def choose(self, situation: WorkSituation) -> Array:
        return np.ones(len(situation))
