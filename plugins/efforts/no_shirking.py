"""The effort `no_shirking`: people work with care if the job is worth keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.components.effort import WorkSituation


class NoShirking(simlab.Effort):
    """Full care if a life of it is worth at least as much as a life of none, else none.

    Shapiro & Stiglitz 1984 ("Equilibrium unemployment as a worker discipline device", AER 74) in discrete time, with
    audits that also err: with e the cost of care, p the chance that carelessness is dismissed at a look, f the chance
    that care is, and (1−δ)V_U the worth of a period without the job, people work iff the pay is at least
    w* = (1−δ)V_U + e + e·[1−δ(1−s)(1−f)]/[δ(1−s)(p−f)]. Here the two lives are compared directly, so that any pay
    scheme and any review rule can stand behind p, f and w.
    """

    name = "no_shirking"

    def choose(self, situation: WorkSituation) -> Array:
        full, none = np.ones(len(situation)), np.zeros(len(situation))
        return np.where(self.worth(situation, full) >= self.worth(situation, none), 1.0, 0.0)

    def worth(self, situation: WorkSituation, care: Array) -> Array:
        """Value [R] of the job, in $, with so much care [R] ever after: V = income − cost + δ·(keep·V + (1−keep)·V_U).

        Keeping it takes not being dismissed, and no bad luck: keep = (1−s)·(1−P(dismissed)).
        """
        keep = (1 - situation.separation) * (1 - situation.dismissal(care))
        without = situation.idle / (1 - situation.discount)
        now = situation.income(care) - care * situation.effort_cost
        return (now + situation.discount * (1 - keep) * without) / (1 - situation.discount * keep)
