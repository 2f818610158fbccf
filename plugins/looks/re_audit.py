"""The look `re_audit`: a random share of what is looked at is looked at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement
from simlab.components.rater_view import UNSAID

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork


class ReAudit(simlab.Look):
    """Agreement with the principal's own opinion, the mean of two by different auditors for a random `share`.

    The second opinion is drawn by pair, so that auditors do not know which they will be held against; whoever sits
    above them sees both in their work, and auditors have peers at all. Scores get no less biased, only less noisy (Lord
    & Novick 1968, of parallel measurements): where auditors are right with chance b, and a person with chance a,
    one opinion agrees with chance p = ab + (1 − a)(1 − b) and varies by p(1 − p), the mean of two by b(1 − b)/2 less.
    """

    name = "re_audit"
    opinions = 2
    held_against = "principal"
    share: float = Field(0.1, ge=0, le=1, description="share of the pairs looked at that is looked at twice")

    def foreseen(self) -> float:
        return 1 + self.share

    def wanted(self, work: DeliveredWork) -> NDArray[np.int64]:
        """Two of a share of the pairs, one of the others."""
        return 1 + (work.lot < self.share).astype(np.int64)

    def score(self, work: DeliveredWork) -> Array:
        each = agreement(work.said[:, None], work.opinion)
        asked = (work.opinion != UNSAID).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(each, axis=1) / np.where(asked, asked, np.nan))
