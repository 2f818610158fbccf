"""The effort `gold_bonus`: care where more is to be had by it than it costs, look by look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.effort import WorkSituation


class GoldBonus(simlab.Effort):
    """Full care if the next payday is expected to bring at least as much more as the care costs, else none.

    The worker's side of pay that rests on gold (`pay: double_or_nothing`; Shah & Zhou 2015). The chance that G gold
    answers are all right is convex in care while its cost is linear, so that no middle course is ever best. Looks no
    further than the next payday; for the fear of losing the job see `no_shirking`.
    """

    name = "gold_bonus"

    def choose(self, situation: WorkSituation) -> Array:
        full, none = np.ones(len(situation)), np.zeros(len(situation))
        return np.where(situation.income(full) - situation.income(none) >= situation.effort_cost, 1.0, 0.0)
