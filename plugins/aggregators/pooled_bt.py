"""Everybody's votes fitted as if they were one person's."""

from __future__ import annotations

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import pooled_bradley_terry


class PooledBradleyTerry(simlab.Aggregator):
    """One strength for each response of a prompt, P(left) = σ(θ_left − θ_right) (Bradley & Terry 1952).

    Where K responses are ranked at a time it makes one order of votes that may contradict one another: Borda's, if
    all pairs were asked equally often (Siththaranjan et al. 2024, theorem 3.1). For pairs it is the share of votes.
    """

    name = "pooled_bt"
    ridge: float = Field(1e-6, gt=0, le=1e3, description="penalty on strengths; more of it trusts few votes less")

    def aggregate(self, votes: simlab.Votes) -> Array:
        left, right = votes.items()
        strength = pooled_bradley_terry(left, right, votes.wins, ridge=self.ridge)
        first, _ = votes.by_task()
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * (strength[left] - strength[right])[first]))
