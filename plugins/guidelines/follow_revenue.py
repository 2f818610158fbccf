"""A guideline that follows the money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.guideline_policy import Term, Verdict
from simlab.rng import branch, normals


class FollowRevenue(simlab.GuidelinePolicy):
    """Hill climbing on revenue: a change of the guideline that went with more of it is continued, any other taken back.

    Each meeting compares what the term that ends has brought with the best of the `memory` terms before. If it is
    more, the guideline takes another step the same way; if not, it goes back to the weights of that term and tries a
    step in a random direction (keyed). This is win-stay, lose-shift (Robbins 1952): it needs no reason why something
    pays, and is fooled by whatever else moves revenue. By default terms are compared by the *growth* of revenue, since
    users are a stock that a guideline fills or drains. By *value* they are compared by what a user is worth to owners
    of so much `patience`: profit per user and day, over 1/patience + the share of users lost per day (Gordon 1959;
    Gupta, Lehmann & Stuart 2004). Without patience only today's profit counts, with much of it those who leave do.
    Neither misses those who do not come: by *equity* terms are compared by what the users there are now would be
    worth, and all who come after them within the owners' horizon, if every day were as in that term (customer equity,
    same authors). The number of users is the same in all that are compared, that of the term that ends.
    What a term brings may be owed to the guideline of an earlier one: labels given by it today teach the model that
    users meet tomorrow. With `lag` it is credited to the weights of so many terms before.
    The length of the guideline stays; its direction is searched.
    """

    name = "follow_revenue"
    step: float = Field(0.2, gt=0, le=10, description="length of a step, in norms of the first guideline")
    by: Literal["growth", "level", "value", "equity"] = Field(
        "growth",
        description="what is compared: growth of revenue per day over the term before, revenue per day, what a user"
        " is worth to the owners, or what all users are, with those to come",
    )
    patience: float = Field(
        365.0,
        gt=0,
        le=1e6,
        description="of owners, in days: their discount is 1/patience per day; for by: value and by: equity",
    )
    memory: int = Field(3, ge=1, le=10_000, description="terms it looks back to")
    lag: int = Field(
        0, ge=0, le=100, description="terms by which what a term brings is late: whose weights it is due to"
    )
    also: tuple[str, ...] = Field((), description="criteria of no weight at first that it may come to value")
    lowest: float = Field(0.0, ge=-1e6, le=0, description="lowest weight it gives to a criterion")

    def criteria(self) -> tuple[str, ...]:
        return self.also

    def revise(self, situation: simlab.GuidelineReview) -> Mapping[str, float] | None:
        names = list(dict.fromkeys([*situation.first, *situation.weights, *self.also]))

        def vector(weights: Mapping[str, float]) -> Array:
            return np.array([weights.get(name, 0.0) for name in names])

        norm = np.linalg.norm(vector(situation.first))
        base = vector(situation.weights)
        heading = np.array([float(normals(branch(situation.key, name), 0)) for name in names])
        recent = self._recent(situation.history)
        if len(recent) > 1:
            (best, most), (last, now) = max(recent[:-1], key=lambda pair: pair[1]), recent[-1]
            if self.lag:  # what is operative now has brought nothing yet
                base = vector(last.weights)
            taken = vector(last.weights) - vector(best.weights)
            if now > most and taken.any():
                heading = taken
            elif now <= most:
                base = vector(best.weights)
        new = np.maximum(base + self.step * norm * heading / np.linalg.norm(heading), self.lowest)
        if not new.any():
            return None
        return dict(zip(names, (new * norm / np.linalg.norm(new)).tolist(), strict=True))

    def verdict(self, situation: simlab.GuidelineReview) -> Verdict | None:
        recent = self._recent(situation.history)
        if not recent:
            return None
        last, now = recent[-1]
        if len(recent) == 1:
            return Verdict(now, math.nan, "begun", "nothing to compare with")
        best, most = max(recent[:-1], key=lambda pair: pair[1])
        changes = [f"{self.by} {_change(now, most)}"]
        if self.by in ("value", "equity"):
            lives = [self._life(term) for term in (last, best)]
            changes += [f"profit per user {_change(last.profit, best.profit)}", f"lifetime {_change(*lives)}"]
        if self.by == "equity":
            changes.append(f"newcomers {_change(last.newcomers, best.newcomers)}")
        return Verdict(now, most, "continued" if now > most else "taken back", ", ".join(changes))

    def _recent(self, history: Sequence[Term]) -> list[tuple[Term, float]]:
        """The terms that are compared, the last of which has just ended, each with what it was worth.

        Their weights are those they are credited to.
        """
        history = [replace(t, weights=history[max(0, n - self.lag)].weights) for n, t in enumerate(history)]
        if self.by == "growth":
            brought = _growth(history)
        elif self.by == "level":
            brought = [(term, term.rate) for term in history]
        elif self.by == "value":
            brought = [(term, term.value(self.patience)) for term in history if term.user_days]
        else:
            served = [term for term in history if term.user_days]
            brought = [(term, term.equity(self.patience, served[-1].users)) for term in served]
        return brought[-self.memory - 1 :]

    def _life(self, term: Term) -> float:
        """Days for which a user of this term counts: with newcomers in it, or apart from them."""
        return term.lifetime(self.patience) if self.by == "value" else term.tenure(self.patience)


def _change(now: float, before: float) -> str:
    """A change in words: as a share of what it was, if that was something."""
    return f"{(now - before) / before:+.1%}" if before > 0 else f"{now:.3g} after {before:.3g}"


def _growth(history: Sequence[Term]) -> list[tuple[Term, float]]:
    """Each term but the first, with the growth of revenue per day over the one before, as a share of it."""
    return [(term, (term.rate - before.rate) / max(before.rate, 1e-9)) for before, term in pairwise(history)]
