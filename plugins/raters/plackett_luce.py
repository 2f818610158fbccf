"""Raters who rank by choosing the best, then the best of the rest, and so on."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import Logit

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class PlackettLuce(Logit):
    """K-wise choice (Luce 1959; Plackett 1975, Applied Statistics 24): P(order) = Π w_i / Σ of the w not yet placed.

    w = exp(u/τ). As K-wise feedback for a reward model: Zhu, Jordan & Jiao 2023, arXiv:2301.11270. With `places` only
    so many are filled, from the top, as Plackett did for the betting on horses: all that are left behind are below
    those placed, and undecided among themselves.
    """

    name = "plackett_luce"
    places: int | None = Field(None, ge=1, le=9, description="how many are ranked, from the best; null: all")

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        label = super().choose(utilities, cohort, uniforms)
        options = utilities.shape[1]
        if self.places is None or self.places >= options - 1:
            return label
        pairs = list(combinations(range(options), 2))
        beaten = np.zeros(utilities.shape, dtype=np.int64)  # by how many others
        for column, (i, j) in enumerate(pairs):
            beaten[:, i] += label[:, column] == 2
            beaten[:, j] += label[:, column] == 1
        behind = beaten >= self.places
        return np.stack([np.where(behind[:, i] & behind[:, j], 0, label[:, c]) for c, (i, j) in enumerate(pairs)], 1)
