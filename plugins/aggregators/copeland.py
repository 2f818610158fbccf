"""The response that beats most others."""

from __future__ import annotations

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import decided, win_shares


class Copeland(simlab.Aggregator):
    """Responses ordered by the share of the others that a majority finds worse (Copeland 1951); ties count half.

    Who beats every other in pairs (the Condorcet winner) comes first, which Borda does not promise.
    """

    name = "copeland"

    def aggregate(self, votes: simlab.Votes) -> Array:
        first, _ = votes.by_task()
        left, right = (side[first] for side in votes.items())
        score = win_shares(left, right, decided(votes.share() - 0.5))
        return decided(score[left] - score[right])
