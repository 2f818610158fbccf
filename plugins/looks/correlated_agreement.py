"""The look `correlated_agreement`: peer prediction by reports that go together more often than by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.look import both
from simlab.measures.peer_prediction import correlated, correlated_by_group, groups_of, payments

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class CorrelatedAgreement(simlab.Look):
    """As `dasgupta_ghosh`, for more than two signals: labels agree that go together more often than by chance.

    Shnayder, Agarwal, Frongillo & Parkes (2016, "Informed truthfulness in multi-task peer prediction", EC), in the
    detail-free form: Δ(a, b) = P(a, b) − P(a)·P(b) is estimated from all labels delivered since the last look, and the
    payment R is [Δ > 0] on the same pair less that on different ones; the score is (1 + R)/2. "Undecided" is a signal
    of its own here, and counts as one where people agree what is hard to tell. No report pays more than the truthful
    one in equilibrium, and one that does not depend on the pair is paid R = 0. With `groups`, people are grouped by how
    their labels go together with others', and each two groups have a Δ of their own (Agarwal, Mandal, Parkes & Shah
    2017, "Peer prediction with heterogeneous users", EC): somebody who always marks the worse side is as informative as
    somebody who marks the better one. Costs nobody's hours; needs an overlap of at least 2.
    """

    name = "correlated_agreement"
    overlap = 2
    groups: int = Field(1, ge=1, le=10, description="how many groups of people have a Δ of their own")

    def expected(self, answer: ForeseenAnswer) -> Array:
        """(1 + R)/2 with R = ½(2a − 1)(2b − 1): half of what agreement with a peer is above chance."""
        return 0.5 + (both(answer.right, answer.peers) - 0.5) / 2

    def score(self, work: DeliveredWork) -> Array:
        said = work.pair, work.who, work.label
        if self.groups == 1:
            return (1 + payments(*said, work.rows, correlated(work.pair, work.label))) / 2
        group = groups_of(*said, self.groups)
        return (1 + payments(*said, work.rows, correlated_by_group(*said, group), group)) / 2
