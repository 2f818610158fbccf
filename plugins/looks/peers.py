"""The look `peers`: agreement with what others said of the same pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement, both
from simlab.components.peers import mean_by

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class Peers(simlab.Look):
    """The share of the others who ranked the same pair that said the same.

    Observed agreement (Fleiss 1971, Psychological Bulletin 76), of one rater with the others: two people who err
    independently with chances ε₁ and ε₂ agree with chance ½[1 + (1 − 2ε₁)(1 − 2ε₂)]. What all get wrong alike counts as
    right. Costs nobody's hours; needs an overlap of at least 2.
    """

    name = "peers"
    overlap = 2

    def expected(self, answer: ForeseenAnswer) -> Array:
        """ab + (1 − a)(1 − b)."""
        return both(answer.right, answer.peers)

    def score(self, work: DeliveredWork) -> Array:
        place, label = work.others()
        return mean_by(place, agreement(work.said[place], label), len(work))
