"""The look `majority_vote`: agreement with the majority of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement, both
from simlab.components.rater_view import UNSAID

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class MajorityVote(simlab.Look):
    """Whether a person says what most of the others say who ranked the same pair; a tie among them is half right.

    The majority of m who err independently with chance ε is wrong with chance P(Bin(m, ε) > m/2) (Condorcet 1785), so
    that it stands in for gold the better the more there are, and for the common error the better, too. Costs nobody's
    hours; needs an overlap of at least 2.
    """

    name = "majority_vote"
    overlap = 2

    def expected(self, answer: ForeseenAnswer) -> Array:
        """ab + (1 − a)(1 − b), with b the chance that most of the others are right, half of a tie."""
        from scipy.stats import binom

        half = answer.others / 2
        tie = binom.pmf(half, answer.others, answer.peers) if answer.others % 2 == 0 else 0.0
        return both(answer.right, binom.sf(half, answer.others, answer.peers) + tie / 2)

    def score(self, work: DeliveredWork) -> Array:
        place, label = work.others()
        votes = np.bincount(place, weights=np.array([0.0, 1.0, -1.0])[label], minlength=len(work))
        most = np.where(votes > 0, 1, np.where(votes < 0, 2, 0))
        alone = np.bincount(place, minlength=len(work)) == 0
        return agreement(work.said, np.where(alone, UNSAID, most))
