"""Demand: how much users use a corporation, by channel, and what that brings. Used by `users.Users`.

Users have two standards. What they *endorse* are their values, by which they are satisfied or leave; what *brings them
back* are their habits, which nobody asks them about (the two systems of Kleinberg, Mullainathan & Raghavan 2022, "The
Challenge of Understanding What Users Want", arXiv:2202.11776; Thaler & Shefrin 1981, "An Economic Theory of
Self-Control"). The appeal of a corporation to either is the approval (`Game.approval`) that a sample of its responses
meets with by that standard, mean over the sample, between 0 and 1. Use of a channel has constant elasticity in both:

    q = rate · (endorsed / ½)^ε_values · (appeal / ½)^ε_habits   per user and day.

One half is what leaves everybody cold: in the gaussian world, the pretrained model. In that world a model moved by κ in
a direction at an angle of cosine c to a standard has an expected appeal of Φ(κ·c/√2), since an approval is Φ(ĥ·φ) and
ĥ·φ is normal with mean κ·c and variance 1 (`expected_appeal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import Array
from simlab.scenario.channels import ChannelsSpec, ElasticitySpec

COLD = 0.5  # the appeal of what leaves everybody cold
LEAST = 1e-9  # appeal: of none at all, a negative elasticity would make infinite use


def expected_appeal(shift: float, cosine: float) -> float:
    """In the gaussian world: the appeal of a model whose mean is moved by `shift` at this cosine to the standard."""
    from scipy.special import ndtr  # slow to import

    return float(ndtr(shift * cosine / np.sqrt(2)))


def use(elasticity: ElasticitySpec, endorsed: float, appeal: float) -> float:
    """Use of a channel, as a multiple of its rate, at these two appeals."""
    reflective, habitual = max(endorsed, LEAST) / COLD, max(appeal, LEAST) / COLD
    return float(reflective**elasticity.values * habitual**elasticity.habits)


@dataclass(frozen=True, slots=True)
class Sale:
    """What one channel brought one corporation since it was last collected."""

    channel: str
    days: float  # users times the days on which they were served
    demand: float  # units per user and day
    price: float  # $ per unit

    @property
    def quantity(self) -> float:
        """Units."""
        return self.days * self.demand

    @property
    def revenue(self) -> float:
        """In $."""
        return self.quantity * self.price


class Demand:
    """The use of every corporation of one party of users, channel by channel.

    All days since the last look are counted by what that look finds: its sample is of the responses given meanwhile.
    Where a look finds nobody to ask, appeals stay as they were last heard; at first both are one half.
    """

    def __init__(self, spec: ChannelsSpec, firms: Sequence[str]) -> None:
        self.channels = dict(spec.given())
        self.firms = tuple(firms)
        self.endorsed: Array = np.full(len(firms), COLD)
        self.appeal: Array = np.full(len(firms), COLD)
        self._days: Array = np.zeros(len(firms))  # users times days, since last collected

    def hear(self, firm: str, endorsed: float, appeal: float) -> None:
        """A look found these appeals of `firm`."""
        place = self.firms.index(firm)
        self.endorsed[place], self.appeal[place] = endorsed, appeal

    def accrue(self, firm: str, days: float) -> None:
        """So many user-days more with `firm`."""
        self._days[self.firms.index(firm)] += days

    def appeals(self, firm: str) -> tuple[float, float]:
        """To what users endorse and to their habits, as last heard."""
        place = self.firms.index(firm)
        return float(self.endorsed[place]), float(self.appeal[place])

    def collect(self, firm: str) -> tuple[float, list[Sale]]:
        """User-days with `firm` since it was last collected, and what each channel brought in them."""
        place = self.firms.index(firm)
        days, self._days[place] = float(self._days[place]), 0.0
        appeals = self.appeals(firm)
        return days, [
            Sale(name, days, spec.rate * use(spec.elasticity, *appeals), spec.price)
            for name, spec in self.channels.items()
        ]
