"""Guideline policies: how a corporation revises its guideline, and what it knows when it meets."""

from __future__ import annotations

import math
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

    def verdict(self, situation: GuidelineReview) -> Verdict | None:
        """Why it revises as it does, for the table `meetings`; None if it has nothing to say."""
        return None

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
    user_days: float = 0.0  # users times the days on which they were served
    joined: int = 0  # persons who became users
    lost: int = 0  # persons who left, or went to another corporation

    @property
    def rate(self) -> float:
        """Revenue, in $ a day."""
        return self.revenue / (self.ended - self.begun)

    @property
    def profit(self) -> float:
        """Revenue less cost, in $ per user and day; NaN if there were no users."""
        return (self.revenue - self.cost) / self.user_days if self.user_days else math.nan

    @property
    def attrition(self) -> float:
        """Users lost less users who joined, as a share of all users per day; NaN if there were none."""
        return (self.lost - self.joined) / self.user_days if self.user_days else math.nan

    @property
    def newcomers(self) -> float:
        """Persons a day who became users: who came anew, or from another corporation."""
        return self.joined / (self.ended - self.begun)

    @property
    def users(self) -> float:
        """How many were served, mean over the term."""
        return self.user_days / (self.ended - self.begun)

    def lifetime(self, patience: float) -> float:
        """Days for which a user counts with owners whose interest in the future falls to 1/e in `patience` days T.

        They are 1/(1/T + a), a the attrition: the perpetuity of a base that goes on growing or shrinking as it does
        (Gordon 1959, "Dividends, Earnings, and Stock Prices"; of customers, Gupta, Lehmann & Stuart 2004, "Valuing
        Customers", J. Marketing Research 41(1), in continuous time). Of a base that grows as fast as owners discount
        there is no such number; it counts 100 T at most. NaN if there were no users.
        """
        return patience / max(1 + self.attrition * patience, 0.01) if self.user_days else math.nan

    def value(self, patience: float) -> float:
        """What a user is worth to such owners, in $: the profit of this term, for that long."""
        return self.profit * self.lifetime(patience)

    def tenure(self, patience: float) -> float:
        """Days for which one user counts with such owners, who may leave and brings nobody: 1/(1/T + l).

        l is the share of users lost per day, newcomers left aside. NaN if there were no users.
        """
        return 1 / (1 / patience + self.lost / self.user_days) if self.user_days else math.nan

    def equity(self, patience: float, base: float) -> float:
        """What `base` users and all who come after them are worth to such owners, in $, if every day is as in the term.

        That is customer equity (Gupta, Lehmann & Stuart 2004, in continuous time): with profit m per user and day, J
        newcomers a day and the loss l, users n follow n' = J − l·n, so that ∫ m·n·e^(−t/T) dt is
        m·(base + J·T)/(1/T + l). Theirs takes off what it costs to acquire a user; here all costs are in the profit.
        NaN if there were no users.
        """
        return self.profit * self.tenure(patience) * (base + self.newcomers * patience)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy found at a meeting: what the term was worth to it, what the best before was, and what it does."""

    worth: float  # in the policy's own terms
    best: float  # of the terms it remembers; NaN if there is none
    move: str  # as "continued" or "taken back"
    why: str  # in words


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
