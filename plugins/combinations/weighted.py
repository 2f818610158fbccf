"""Criteria added up, each times its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import simlab
from simlab.arrays import Array
from simlab.components.combination import weighted_sum, weighted_sums


class Weighted(simlab.Combination):
    """The weighted sum Σ w·s: a gain by one criterion makes up for a loss by another, at the rate of their weights.

    What the laws of the gaussian world assume, and what one number out of a reward model is trained toward. Additive
    value needs criteria that are preferentially independent (Keeney & Raiffa 1976, Decisions with Multiple
    Objectives, ch. 3); where a duty is not for sale, take `veto` or `lexicographic`.
    """

    name = "weighted"
    additive: ClassVar[bool] = True

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        return weighted_sum(scores, weights)

    def of_people(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        return weighted_sums(scores, weights)
