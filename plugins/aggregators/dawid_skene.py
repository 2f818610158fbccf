"""Votes weighed by how reliable their authors prove to be."""

from __future__ import annotations

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import dawid_skene


class DawidSkene(simlab.Aggregator):
    """Each rater's error rates and the truth of each pair, estimated together by EM (Dawid & Skene 1979).

    The truth is left or right; what raters say may also be undecided, which is evidence like any other. Knows
    nothing but the votes: raters who are wrong together are taken to be right.
    """

    name = "dawid_skene"
    smoothing: float = Field(0.0, ge=0, le=1000, description="votes added to each cell of each rater's error rates")
    steps: int = Field(1000, ge=1, le=1_000_000, description="EM steps at most")

    def aggregate(self, votes: simlab.Votes) -> Array:
        _, task = votes.by_task()
        _, worker = np.unique(votes.worker, return_inverse=True)
        share = votes.share()
        start = np.stack([share, 1 - share], axis=1)
        said = np.choose(votes.label, (2, 0, 1))  # left, right, undecided
        fit = dawid_skene(task, worker.ravel(), said, start, smoothing=self.smoothing, steps=self.steps)
        return np.asarray(fit.posterior[:, 0])
