"""A reward model of vectors: a direction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.learner import Learner, VectorRankingLesson
from simlab.machines.reward_backend import Evidence, Fit, RewardBackend, own_key
from simlab.machines.training_jobs import train_vector
from simlab.rankings import evidence as pairs_of
from simlab.rng import branch, uniforms
from simlab.worlds.world import Items


class LinearRM(RewardBackend):
    """Directions in the space of response vectors [M, d], one for each member."""

    def __init__(self, members: int, dimensions: int) -> None:
        self.directions = np.zeros((members, dimensions))

    @property
    def direction(self) -> Array:
        """The mean of the members' directions [d], by which it scores."""
        return np.asarray(self.directions.mean(axis=0))

    def each(self, items: Items) -> Array:
        return np.stack([items.response @ direction for direction in self.directions])

    def fresh(self) -> LinearRM:
        return LinearRM(*self.directions.shape)

    def written(self) -> dict[str, Any]:
        return {"directions": self.directions.copy()}

    def learn(self, learner: Learner, evidence: Evidence, key: int) -> Fit:
        """A single member learns from all rankings in `train`; of several, each from as many of these drawn with
        replacement (a bootstrap, Efron 1979), since an exact fit has no seed; nor has it epochs."""
        rows, members = np.flatnonzero(evidence.train), len(self.directions)
        if members == 1:
            return Fit(self._member(0, learner, evidence, rows, key), [])
        found = []
        for member in range(members):
            lot = uniforms(branch(key, "member", member), np.arange(len(rows)))
            drawn = (lot * len(rows)).astype(np.int64)
            found.append(self._member(member, learner, evidence, rows[drawn], key))
        return Fit({name: float(np.mean([f[name] for f in found])) for name in found[0]}, [])

    def _member(
        self, member: int, learner: Learner, evidence: Evidence, rows: NDArray[np.int64], key: int
    ) -> dict[str, float]:
        """One member learns from some of the rankings; its loss is that of Bradley and Terry."""
        from simlab.nets.closed_form import softplus

        difference, wins, weights = pairs_of(evidence.rankings, rows, evidence.shares_of(rows))
        before = self.directions[member].copy()
        lesson = VectorRankingLesson(difference, wins, weights, own_key(key, member) % 2**63)
        self.directions[member] = after = train_vector(learner, before, lesson)
        margin = difference @ after
        loss = softplus(margin) - wins * margin
        change = float(np.linalg.norm(after - before))
        mean = float(loss.mean() if weights is None else np.average(loss, weights=weights))
        return {"loss": mean, "trunk_change": float("nan"), "head_change": change, "flops": 0.0}


def explained(differences: Array, labels: NDArray[Any]) -> Array:
    """The weights [d] by which differences [n, d] of two responses best explain labels [n] (Bradley–Terry)."""
    from simlab.nets.closed_form import fit_linear

    return fit_linear(differences, labels)
