"""Guideline policies: how a corporation revises its guideline, and what it knows when it meets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from simlab.components.component import Component
from simlab.components.shown_data import ShownData


class GuidelinePolicy(Component):
    """How a corporation revises its guideline: asked at every meeting of those who set it."""

    kind: ClassVar[str] = "guideline"

    def criteria(self) -> Sequence[str]:
        """The criteria it may give weight to, beyond those of the guideline it is given."""
        return ()

    def revise(self, situation: GuidelineReview) -> Mapping[str, float] | None:
        """The weights that are operative from now on, or None if they stay as they are."""
        raise NotImplementedError(f"guideline policy {self.name!r} does not define revise")


@dataclass(frozen=True, slots=True)
class Term(ShownData):
    """One term of a guideline: from one occasion to revise it to the next, and what came of it meanwhile."""

    begun: float  # days
    ended: float  # days
    weights: Mapping[str, float]  # what was operative
    revenue: float  # $
    cost: float  # $
    satisfaction: float  # share of users asked who were satisfied, as last heard; NaN if nobody was asked
    incidents: Mapping[str, int]  # complaints and violations, by the criterion that was violated

    @property
    def rate(self) -> float:
        """Revenue, in $ a day."""
        return self.revenue / (self.ended - self.begun)


@dataclass(frozen=True, slots=True)
class GuidelineReview(ShownData):
    """What those who set a guideline know when they meet. The last of `history` is the term that ends now."""

    day: float  # since the run began
    version: int  # of the guideline in force
    turn: int  # how often this policy was asked before
    weights: Mapping[str, float]  # operative now
    first: Mapping[str, float]  # operative when this policy took over
    history: tuple[Term, ...]  # the terms so far, the last of which ends now
    returned: float  # what shareholders last made of the ledger; NaN before
    key: int  # of this meeting's own random stream, see `simlab.rng`
