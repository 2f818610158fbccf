"""Nothing is put together: every rater's every label is learned from."""

from __future__ import annotations

from typing import ClassVar

import simlab
from simlab.arrays import Array


class Unmerged(simlab.Aggregator):
    """Each label counts by itself; raters who disagree pull the reward model both ways.

    So Ouyang et al. (2022) learned from labels.
    """

    name = "none"
    merges: ClassVar[bool] = False

    def aggregate(self, votes: simlab.Votes) -> Array:
        return votes.share()
