"""The response that wins most of its comparisons."""

from __future__ import annotations

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import decided, win_shares


class Borda(simlab.Aggregator):
    """Responses ordered by the share of their comparisons that they won (Borda 1781), among those of one prompt."""

    name = "borda"

    def aggregate(self, votes: simlab.Votes) -> Array:
        left, right = votes.items()
        score = win_shares(left, right, votes.wins)
        first, _ = votes.by_task()
        return decided((score[left] - score[right])[first])
