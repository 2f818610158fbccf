"""The market: how many users of each intent are with each corporation, what they owe, and where they go.

Numbers of people, not people: those who leave, switch or arrive are apportioned by probability, without a draw, so
that nothing in the market is noise but the satisfaction that was sampled. Used by `society.Users`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.scenario import UsersSpec

Counts = NDArray[np.int64]
UNHEARD = 0.5  # reputation of a corporation about which nobody has said anything yet


def apportioned(total: int, weights: Array) -> Counts:
    """`total` people in proportion to `weights`: whole numbers of its shape that sum to it, by largest remainder.

    This is Hamilton's method; equal remainders go to the first. No weight at all gives nobody anything.
    """
    mass = weights.sum()
    if not mass > 0:
        return np.zeros(weights.shape, dtype=np.int64)
    exact = total * weights.ravel() / mass
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole.reshape(weights.shape))


@dataclass(slots=True)
class Movement:
    """What happened to one corporation's users since they were last looked at, in persons."""

    arrived: int = 0
    left: int = 0  # the market
    switched_in: int = 0
    switched_out: int = 0


@dataclass(slots=True)
class Tally:
    """What has happened to one corporation's users since the first day."""

    days: float = 0.0  # users times the days on which they were served
    joined: int = 0  # persons
    lost: int = 0


class Market:
    """The users of one party [F firms, S intents]. `prices` are in $ per user and day, `open` says who serves now."""

    def __init__(self, spec: UsersSpec, firms: Sequence[str], prices: Sequence[float]) -> None:
        self.spec = spec
        self.firms = tuple(firms)
        self.prices = np.array(prices, dtype=float)
        intents = np.array([intent.share for intent in spec.intents] or [1.0])
        self.intents: Array = intents / intents.sum()
        shares = np.array([spec.shares.get(firm, 0.0) if spec.shares else 1.0 for firm in firms])
        self.members = apportioned(spec.count, np.outer(shares, self.intents))
        self.reputation = np.full(self.members.shape, UNHEARD)
        self.owed = np.zeros(len(firms))  # $, since it was last collected
        self.moved = [Movement() for _ in firms]
        self.tallies = [Tally() for _ in firms]
        self._coming = np.zeros(self.members.shape)  # newcomers, of whom only whole persons arrive

    def place(self, firm: str) -> int:
        """The row of a corporation."""
        return self.firms.index(firm)

    def count(self, firm: str | None = None) -> int:
        """Users of one corporation, or of all."""
        return int(self.members.sum() if firm is None else self.members[self.place(firm)].sum())

    def accrue(self, firm: str, days: float) -> None:
        """Everybody who is with `firm` owes it for so many days more."""
        self.owed[self.place(firm)] += self.count(firm) * self.prices[self.place(firm)] * days
        self.tallies[self.place(firm)].days += self.count(firm) * days

    def collect(self, firm: str) -> float:
        """What is owed to `firm`, in $; nothing is from then on."""
        owed = float(self.owed[self.place(firm)])
        self.owed[self.place(firm)] = 0.0
        return owed

    def report(self, firm: str) -> Movement:
        """What happened to the users of `firm` since this was last asked."""
        moved, self.moved[self.place(firm)] = self.moved[self.place(firm)], Movement()
        return moved

    def hear(self, firm: str, satisfied: Array) -> None:
        """What users of each intent [S] say of `firm`: the share of them that was satisfied."""
        self.reputation[self.place(firm)] = satisfied

    def choice(self, intent: int, open: NDArray[np.bool_], *, outside: bool) -> Array:
        """Chances [F + 1] that a user of this intent goes to each firm, or (the last) does without.

        A multinomial logit (McFadden 1974) in reputation and price; zeros if there is nowhere to go.
        """
        spec = self.spec
        value = np.full(len(self.firms) + 1, -np.inf)
        value[:-1][open] = (spec.choosiness * self.reputation[:, intent] - spec.thrift * self.prices)[open]
        if outside and spec.outside is not None:
            value[-1] = spec.choosiness * spec.outside
        best = value.max()
        if best == -np.inf:
            return np.zeros(len(value))
        chance = np.exp(value - best)
        return np.asarray(chance / chance.sum())

    def depart(self, firm: str, satisfied: Array, open: NDArray[np.bool_]) -> int:
        """Of the dissatisfied users of `firm`, 1 − satisfied [S], a share leaves; returns how many persons.

        They go to another firm that is `open` [F], or do without.
        """
        here, total = self.place(firm), 0
        elsewhere = open & (np.arange(len(self.firms)) != here)
        for intent, content in enumerate(satisfied.tolist()):
            chance = self.choice(intent, elsewhere, outside=True)
            if not chance.any():
                continue
            leaving = round(int(self.members[here, intent]) * self.spec.leave * (1 - content))
            to = apportioned(leaving, chance)
            self.members[here, intent] -= leaving
            self.members[:, intent] += to[:-1]
            self.moved[here].left += int(to[-1])
            self.moved[here].switched_out += int(to[:-1].sum())
            for other, came in enumerate(to[:-1].tolist()):
                self.moved[other].switched_in += came
                self.tallies[other].joined += came
            self.tallies[here].lost += leaving
            total += leaving
        return total

    def arrive(self, firm: str, days: float, open: NDArray[np.bool_]) -> int:
        """Newcomers of so many days who chose `firm`; returns how many persons."""
        here, total = self.place(firm), 0
        if not self.spec.growth or not open[here]:
            return 0
        for intent, share in enumerate(self.intents.tolist()):
            chance = self.choice(intent, open, outside=False)[here]
            self._coming[here, intent] += self.spec.growth * self.spec.count * days * share * chance
            come = int(self._coming[here, intent] + 1e-9)
            self._coming[here, intent] -= come
            self.members[here, intent] += come
            total += come
        self.moved[here].arrived += total
        self.tallies[here].joined += total
        return total
