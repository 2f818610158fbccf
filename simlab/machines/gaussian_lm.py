"""A language model whose responses are vectors: a Gaussian whose mean moves."""

from __future__ import annotations

import numpy as np

from simlab.arrays import Array, Indices
from simlab.components import return_values
from simlab.components.learner import Learner, VectorRewardLesson
from simlab.components.reward_shape import RewardShape
from simlab.machines.language_backend import LanguageBackend, Round, Taught
from simlab.machines.learning_curve import Look, Watch
from simlab.machines.shaped_reward import adapted, coefficient, cost_direction, direction_paid, scored_direction
from simlab.machines.training_jobs import train_vector
from simlab.rng import branch, normals
from simlab.worlds.world import Items


class GaussianLM(LanguageBackend):
    """A normal distribution N(mean, I) over response vectors; log π − log π_ref = mean·φ − |mean|²/2."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.mean = np.zeros(self.dimensions)

    def pretrain(self) -> float:
        return 0.0

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        places = np.arange(len(prompts)) if places is None else places
        draws = normals(branch(key, "words"), places[:, None], np.arange(self.dimensions)[None, :])
        draws += self.mean
        return Items(prompts, draws)

    def fresh(self) -> GaussianLM:
        return GaussianLM(self.dimensions)

    def learn(self, learner: Learner, round: Round, shape: RewardShape, key: int, watch: Watch | None = None) -> Taught:
        """Move the mean by a reward θ·φ/scale; KL = |mean|²/2. θ is what the shape makes of the score's direction, its
        members' and the cost's, which is minus that of the reward model that limits."""
        looks = [] if watch is None else [self._look(0, watch)]
        judges, limit = round.judges, round.limit
        score, cost = scored_direction(judges), cost_direction(limit)
        reward = direction_paid(shape, judges, limit)
        beta = max(return_values.number(shape, "leash"), 1e-6)
        self.mean = train_vector(learner, self.mean, VectorRewardLesson(reward, beta, key % 2**63))
        if watch is not None:
            looks.append(self._look(1, watch))
        kl = float(self.mean @ self.mean / 2)
        scored = float(score @ self.mean) - sum(j["weight"] * j["centre"] / j["scale"] for j in judges)
        total = scored + float((reward - score) @ self.mean)
        paid = float("nan")
        if limit is not None and cost is not None:
            paid = float(cost @ self.mean) + limit["centre"] / limit["scale"]
        row = {
            "objective_kl": kl, "objective_entropy": self.dimensions / 2 * float(np.log(2 * np.pi * np.e)),
            "objective_scores": scored, "objective_rlhf_reward": total - beta * kl,
            "objective_non_score_reward": total - scored - beta * kl, "objective_cost": paid,
            "coefficient": coefficient(shape),
        }  # fmt: skip
        return Taught([row], 0.0, adapted(shape, row), looks)

    def _look(self, iteration: int, watch: Watch) -> Look:
        """What it now answers to these prompts; k1 and k3 of a whole response, as if that were one token."""
        items, kl = self.sample(watch.prompts, watch.key), float(self.mean @ self.mean / 2)
        ratio = -self.preference(items)
        return Look(iteration, items, float(0 - ratio.mean()), float((np.exp(ratio) - 1 - ratio).mean()), kl)

    def surpassed(self, vector: Array, values: Array) -> Array:
        """The chance [n] that it says something of less than each of these values by this vector."""
        from scipy.special import ndtr  # slow to import

        return np.asarray(ndtr((values - vector @ self.mean) / np.linalg.norm(vector)))

    def preference(self, items: Items) -> Array:
        return np.asarray(items.response @ self.mean - self.mean @ self.mean / 2)
