"""The look `correlated_agreement`: peer prediction by reports that go together more often than by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab
from simlab.arrays import Array
from simlab.measures.peer_prediction import correlated, payments

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork


class CorrelatedAgreement(simlab.Look):
    """As `dasgupta_ghosh`, for more than two signals: labels agree that go together more often than by chance.

    Shnayder, Agarwal, Frongillo & Parkes (2016, "Informed truthfulness in multi-task peer prediction", EC), in the
    detail-free form: Δ(a, b) = P(a, b) − P(a)·P(b) is estimated from all labels delivered since the last look, of
    everybody alike, and the payment R is [Δ > 0] on the same pair less that on different ones; the score is (1 + R)/2.
    "Undecided" is a signal of its own here, and counts as one where people agree what is hard to tell. No report pays
    more than the truthful one in equilibrium, and one that does not depend on the pair is paid R = 0. (Agarwal, Mandal,
    Parkes & Shah 2017, "Peer prediction with heterogeneous users", EC, estimate Δ by groups of people.) Costs nobody's
    hours; needs an overlap of at least 2.
    """

    name = "correlated_agreement"
    overlap = 2

    def score(self, work: DeliveredWork) -> Array:
        agree = correlated(work.pair, work.label)
        return (1 + payments(work.pair, work.who, work.label, work.rows, agree)) / 2
