"""One person, one vote."""

from __future__ import annotations

import simlab
from simlab.arrays import Array
from simlab.measures.label_models import decided


class Majority(simlab.Aggregator):
    """What most raters of a pair say; undecided where the two sides are even.

    Of m (odd) raters who each err with chance ε it errs with chance Σ_{k > m/2} C(m,k) ε^k (1−ε)^{m−k} (Condorcet
    1785): ε = .2 and m = 3 give .104.
    """

    name = "majority"

    def aggregate(self, votes: simlab.Votes) -> Array:
        return decided(votes.share() - 0.5)
