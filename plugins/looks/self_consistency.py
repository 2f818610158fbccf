"""The look `self_consistency`: the same pair again, to the same person, with its sides swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement, both

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class SelfConsistency(simlab.Look):
    """Whether a person who is asked the same pair again, with its sides swapped, says the same.

    Intra-rater agreement (Gwet 2014, Handbook of Inter-Rater Reliability); swapping sides takes a habit of
    marking one side for what it is (Zheng et al. 2023, "Judging LLM-as-a-judge", of position bias). The
    second answer is paid work. Somebody whose answers are wrong with chance ε by accident says the same with chance
    1 − 2ε(1 − ε); whoever always misreads the guideline in the same way is perfectly consistent.
    """

    name = "self_consistency"
    again = "same"

    def expected(self, answer: ForeseenAnswer) -> Array:
        """Agreement of two answers that are given with as much care; 1 − 2ε(1 − ε) if both are wrong with chance ε."""
        return both(answer.right, answer.again)

    def score(self, work: DeliveredWork) -> Array:
        return agreement(work.said, work.again)
