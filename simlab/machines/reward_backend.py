"""The contract of what scores for a reward model, in worlds of words and of vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.learner import Learner
from simlab.rankings import Rankings, differences
from simlab.rng import branch
from simlab.worlds.world import Items


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reward model is to learn from."""

    rankings: Rankings
    train: NDArray[np.bool_]  # [m] which of them; the others are held out
    shares: Array | None  # [m, pairs] how much of a win the left has, if several labels were put together
    new: NDArray[np.bool_] | None = None  # [m] which were not there at the look before; None: all

    def shares_of(self, rows: NDArray[Any]) -> Array | None:
        """The shares of some of the rankings."""
        return None if self.shares is None else self.shares[rows]


@dataclass(frozen=True, slots=True)
class Fit:
    """What became of a lesson: `loss`, `trunk_change` and `head_change` (means over members), `flops` (in all), and
    what every epoch of every member came to, as rows of the table `epochs`."""

    figures: dict[str, float]
    epochs: list[dict[str, float]]


class RewardBackend(ABC):
    """What turns a response into raw numbers, one for each member."""

    @abstractmethod
    def each(self, items: Items) -> Array:
        """Raw scores [M, n] by each member."""

    def variances(self, items: Items) -> Array | None:
        """Variances [M, n] of the raw scores by each member; None of those whose scores are mere numbers."""
        del items
        return None

    @abstractmethod
    def learn(self, learner: Learner, evidence: Evidence, key: int) -> Fit:
        """Have every member learn, each by its own draws."""

    @abstractmethod
    def fresh(self) -> RewardBackend:
        """One of its kind that has learned nothing."""

    @abstractmethod
    def written(self) -> dict[str, Any]:
        """Its members as they now are, as inputs of jobs."""

    def score(self, items: Items) -> Array:
        """Raw scores [n]: the mean over members."""
        return np.asarray(self.each(items).mean(axis=0))

    def log_odds(self, items: Items, options: int) -> Array:
        """Log-odds [m, K(K−1)/2] that the left of each pair is preferred, of rankings of K `options` [m·K]."""
        return differences(self.score(items).reshape(-1, options))

    def reading(self, items: Items) -> float:
        """The floating-point operations of a score of each of these; 0 for what is no network."""
        del items
        return 0.0


def own_key(key: int, member: int) -> int:
    """The key of a member's own draws; the first has that of a reward model without others."""
    return branch(key, "member", member) if member else key
