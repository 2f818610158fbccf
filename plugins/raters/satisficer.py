"""Raters who read on only until something is good enough."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.choice_noise import logistic, scaled
from simlab.components.logit import Logit

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Satisficer(Logit):
    """Takes the first response that is good enough (Simon 1955, QJE 69; in surveys Krosnick 1991, ACP 5).

    Responses are read in order, and each satisfies with chance A = σ((u − aspiration)/τ); if none does, they are
    compared after all. P(left) = A_l + (1−A_l)(1−A_r)σ(Δ/τ), P(right) = (1−A_l)A_r + (1−A_l)(1−A_r)σ(−Δ/τ). A
    ranking has those that satisfied first, in the order of reading. The aspiration is in utility as it is, not
    relative to the other response: in a world of texts a weighted sum of scores, in one of vectors 0 on average.
    """

    name = "satisficer"
    aspiration: float = Field(0.0, ge=-1e6, le=1e6, description="utility that is good enough")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        tau = self.spread(cohort, None)
        left, right = (logistic(scaled(utilities[:, i] - self.aspiration, tau)) for i in (0, 1))
        compared = (1 - left) * (1 - right)
        better = logistic(scaled(utilities[:, 0] - utilities[:, 1], tau))
        first, second = left + compared * better, (1 - left) * right + compared * (1 - better)
        return np.stack([first, second, np.zeros_like(first)], axis=1)

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        """One draw a response: whether it satisfies, and, of what is left of the draw, how it fares if not."""
        options = utilities.shape[1]
        tau = self.spread(cohort, None)[:, None]
        draws = uniforms[:, :options]
        enough = logistic(scaled(utilities - self.aspiration, tau))
        taken = draws < enough
        left_over = np.clip((draws - enough) / np.where(taken, 1.0, 1 - enough), 1e-300, 1 - 1e-16)
        felt = utilities - tau * np.log(-np.log(left_over))
        order = np.where(taken, -np.arange(options), -np.inf)
        labels = []
        for i, j in combinations(range(options), 2):
            among = np.where(felt[:, i] > felt[:, j], 1, np.where(felt[:, i] < felt[:, j], 2, 0))
            either = taken[:, i] | taken[:, j]
            labels.append(np.where(either, np.where(order[:, i] > order[:, j], 1, 2), among))
        return np.stack(labels, axis=1)
