"""Combination rules: how scores by several criteria become one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from simlab.arrays import Array
from simlab.components.component import Component


class Combination(Component):
    """How scores by several criteria become one number, by which responses are compared.

    `additive` says that the number is a sum, whose differences mean something; of other rules only the order counts,
    and measures take ranks within each prompt. What is in a rule's parameters is not misread by anybody; weights are.
    """

    kind: ClassVar[str] = "combination"
    additive: ClassVar[bool] = False

    def criteria(self) -> Sequence[str]:
        """The criteria its parameters name, which are measured whether or not they have a weight."""
        return ()

    def directed(self) -> Sequence[str]:
        """Of these, the ones that mean nothing without a weight, whose sign says which way is better."""
        return ()

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        """Utilities [n] of scores [n, D] by `criteria` [D], given weights [D], or [n, D] with some for each item.

        The utility of an item depends on its own scores and weights only. A weight below zero means less is better.
        Scores are in [0, 1], but for the blur of unskilled eyes; a criterion with nothing to say scores ½.
        """
        raise NotImplementedError(f"combination rule {self.name!r} does not define combine")

    def of_people(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        """What `combine` says of the same scores [n, D] by the weights [R, D] of each of R people, as [n, R]. A rule
        that can say it of all of them at once may do so."""
        return np.stack([self.combine(scores, weight, criteria) for weight in weights], axis=1)


def weighted_sum(scores: Array, weights: Array) -> Array:
    """Σ_k w_k·s_k [n] of scores [n, D], by weights [D], or [n, D] with some for each item."""
    return np.asarray(scores @ weights if weights.ndim == 1 else np.einsum("nd,nd->n", scores, weights))


def weighted_sums(scores: Array, weights: Array) -> Array:
    """Σ_k w_k·s_k [n, R] of scores [n, D], by the weights [R, D] of each of R people."""
    return np.asarray((weights @ scores.T).T)
