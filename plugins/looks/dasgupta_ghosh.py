"""The look `dasgupta_ghosh`: peer prediction by agreement on the same pair, less agreement on different ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab
from simlab.arrays import Array
from simlab.components.look import both
from simlab.measures.peer_prediction import AGREEMENT, payments

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class DasguptaGhosh(simlab.Look):
    """Agreement with a peer on a pair, less their agreement on different pairs, R in [−1, 1]; the score is (1 + R)/2.

    Dasgupta & Ghosh (2013, "Crowdsourced judgement elicitation with endogenous proficiency", WWW): no report
    pays more than the truthful one, and coin tosses, or always the same side, bring R = 0 and a score of ½. The mean is
    over all peers and penalty pairs. Two who err with chances ε₁ and ε₂ are paid R = ½(1 − 2ε₁)(1 − 2ε₂) on average,
    where either side is as often better; an undecided answer is half of each. Costs nobody's hours; needs an overlap of
    at least 2.
    """

    name = "dasgupta_ghosh"
    overlap = 2

    def expected(self, answer: ForeseenAnswer) -> Array:
        """(1 + R)/2 with R = ½(2a − 1)(2b − 1): half of what agreement with a peer is above chance."""
        return 0.5 + (both(answer.right, answer.peers) - 0.5) / 2

    def score(self, work: DeliveredWork) -> Array:
        return (1 + payments(work.pair, work.who, work.label, work.rows, AGREEMENT)) / 2
