"""The look `double_work`: a second person does the work again, and the principal decides where the two disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement, both
from simlab.components.rater_view import UNSAID

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class DoubleWork(simlab.Look):
    """Whether a second person of the pool, who is paid for it, says the same; if not, what the principal says decides.

    Independent double reading with arbitration, as of mammograms (Anttinen et al. 1993, Clinical Radiology 48) and of
    documents entered twice. With accuracies a and b, and a principal that is wrong with chance η, the expected score is
    ab + (1 − a)(1 − b) + a(1 − b)(1 − η) + (1 − a)·b·η, and the share that needs arbitration a(1 − b) + (1 − a)b. An
    undecided answer is no disagreement, and half right. What both get wrong passes.
    """

    name = "double_work"
    opinions = 1
    again = "other"

    def foreseen(self) -> float:
        """A quarter: as many as disagree where people are right six times in seven."""
        return 0.25

    def wanted(self, work: DeliveredWork) -> NDArray[np.int64]:
        """One where the two disagree."""
        return self._disputed(work).astype(np.int64)

    def expected(self, answer: ForeseenAnswer) -> Array:
        """As above, with what the principal says of either answer where the two disagree."""
        disputed = answer.right * (1 - answer.again) * answer.agreed(1.0)
        disputed += (1 - answer.right) * answer.again * answer.agreed(0.0)
        return both(answer.right, answer.again) + disputed

    def score(self, work: DeliveredWork) -> Array:
        decided = np.where(self._disputed(work), agreement(work.said, work.opinion[:, 0]), np.nan)
        return np.where(self._disputed(work), decided, agreement(work.said, work.again))

    def _disputed(self, work: DeliveredWork) -> NDArray[np.bool_]:
        both = (work.said != 0) & (work.again != 0) & (work.again != UNSAID)
        return np.asarray(both & (work.said != work.again))
