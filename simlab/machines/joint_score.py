"""What several reward models make of a response together, where that is no weighted sum of their scores.

A combination rule (`plugins/combinations`) takes what lies between a worst and a best. So each standardized score is
taken as the share of the reference model's responses that are worse, were they normally distributed; the rule makes one
number of these, and that is standardized again over the reference model's responses, so that a leash means what it
means of one reward model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.components.combination import Combination
from simlab.relation import UtilityFunction


@dataclass(frozen=True, slots=True)
class JointScore:
    """A rule for the scores of these judges, with the zero and the unit of what it makes of them."""

    rule: Combination
    names: tuple[str, ...]
    weights: tuple[float, ...]
    centre: float = 0.0
    scale: float = 1.0

    def of(self, scores: Array) -> Array:
        """The joint score [n] of standardized scores [D, n]."""
        from scipy.special import ndtr  # slow to import

        shares = np.asarray(ndtr(np.asarray(scores, dtype=np.float64).T))
        found = UtilityFunction(self.rule, self.names).utilities(shares, np.array(self.weights))
        return np.asarray((found - self.centre) / self.scale)

    def standardized(self, scores: Array) -> JointScore:
        """The same with the zero and the unit that these scores of the reference model's responses [D, n] give it."""
        raw = JointScore(self.rule, self.names, self.weights).of(scores)
        return JointScore(self.rule, self.names, self.weights, float(raw.mean()), float(raw.std()) or 1.0)

    def written(self) -> dict[str, Any]:
        """As an input of jobs, see `read`."""
        told = {"names": list(self.names), "weights": list(self.weights)}
        return {"rule": self.rule, **told, "centre": self.centre, "scale": self.scale}


def read(written: Mapping[str, Any]) -> JointScore:
    """What `JointScore.written` wrote down."""
    names, weights = tuple(written["names"]), tuple(written["weights"])
    return JointScore(written["rule"], names, weights, written["centre"], written["scale"])


def joint(rule: Combination | None, judges: Sequence[str], weights: Sequence[float]) -> JointScore | None:
    """The rule by which these judges' scores become one; None where that is their weighted sum."""
    return None if rule is None or rule.additive else JointScore(rule, tuple(judges), tuple(weights))
