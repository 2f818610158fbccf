"""The contract of what answers for a language model, in worlds of words and of vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.learner import Learner
from simlab.components.reward_shape import RewardShape
from simlab.machines.learning_curve import Look, Watch
from simlab.machines.reward_backend import Evidence
from simlab.worlds.world import Items


@dataclass(frozen=True, slots=True)
class Round:
    """By what a language model is taught in one round: the judges as they then are, and whose dislike is a cost."""

    judges: list[dict[str, Any]]  # see `RewardModel.taught`; each with the `weight` of its score among them
    limit: dict[str, Any] | None
    batch: int  # responses that are judged at a time
    joint: dict[str, Any] | None = None  # how their scores become one, see `JointScore`; None: they are added up


@dataclass(frozen=True, slots=True)
class Taught:
    """What a round came to: one mapping a batch, as the `policy` table has them, and floating-point operations; and
    the reward shape as it has become; `looks` at it meanwhile, if any were asked for."""

    rows: Sequence[Mapping[str, float]]
    flops: float
    shape: RewardShape
    looks: Sequence[Look] = ()


class LanguageBackend(ABC):
    """What a language model is made of."""

    @abstractmethod
    def pretrain(self) -> float:
        """Come to be; returns the floating-point operations it took."""

    def authorship(self) -> float:
        """Hours for which people once wrote what it was made of; 0 for what was made of nothing."""
        return 0.0

    def losses(self) -> Array:
        """The loss of each step by which it became its own reference, in nats a token; none of what has no steps."""
        return np.zeros(0)

    @abstractmethod
    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        """One response per prompt; draw i is keyed by (key, i), or (key, places[i])."""

    @abstractmethod
    def learn(self, learner: Learner, round: Round, shape: RewardShape, key: int, watch: Watch | None = None) -> Taught:
        """Learn to please the judges, by the draws of this key; to be watched changes nothing."""

    def learn_rankings(
        self, learner: Learner, evidence: Evidence, key: int
    ) -> tuple[Sequence[Mapping[str, float]], float]:
        """Learn what was preferred, by the draws of this key: mappings as the `policy` table has them, and the
        floating-point operations. Only of networks."""
        raise NotImplementedError

    @abstractmethod
    def fresh(self) -> LanguageBackend:
        """One of its kind that is still its own reference."""

    @abstractmethod
    def preference(self, items: Items) -> Array:
        """log π − log π_ref [n]."""

    def reading(self, items: Items) -> float:
        """The floating-point operations of reading these once; 0 for what is no network."""
        del items
        return 0.0


def _rows(tokens: NDArray[np.int64]) -> list[list[int]]:
    """Tokens [n, T] as lists without their padding."""
    return [[token for token in row if token] for row in tokens.tolist()]
