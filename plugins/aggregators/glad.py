"""Votes weighed by their authors' ability, and by how easy the pair is."""

from __future__ import annotations

import numpy as np

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import glad


class Glad(simlab.Aggregator):
    """Generative model of labels, abilities and difficulties (Whitehill et al. 2009): P(correct) = σ(α_rater β_pair).

    Undecided votes say nothing in this model; a pair that has no other stays undecided.
    """

    name = "glad"

    def aggregate(self, votes: simlab.Votes) -> Array:
        first, task = votes.by_task()
        found = np.full(len(first), 0.5)
        decided = votes.label != 0
        if decided.any():
            tasks, place = np.unique(task[decided], return_inverse=True)
            _, worker = np.unique(votes.worker[decided], return_inverse=True)
            fit = glad(place.ravel(), worker.ravel(), (votes.label[decided] == 1).astype(np.int64))
            found[tasks] = fit.posterior
        return found
