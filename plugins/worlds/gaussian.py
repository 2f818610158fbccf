"""The reference regime: responses are feature vectors, values are directions, theory is exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from simlab.arrays import Array, Indices
from simlab.components.criterion import Criterion
from simlab.components.exchange import TRUTH, Observer
from simlab.errors import InvalidInput
from simlab.rng import Streams, uniforms
from simlab.worlds.world import Game, Items, World


class Gaussian(World):
    """A language game without language: responses φ ~ N(0, I_d), utilities θ·φ, so that ρ(i, j) = cos(θ_i, θ_j).

    Criteria are orthonormal directions: those that are criteria elsewhere, and any other that is declared, as in
    `criteria: {kindness: {}}`. The reward model is linear, the policy an exponential
    tilt of the reference (its optimum under a KL leash, Ziegler et al. 2019: a shift of the mean). Panels hold
    responses of the reference only, because there ρ is the cosine exactly.
    """

    name = "gaussian"
    own_criteria = True
    directions = ("engaging", "honest")
    networks = False
    words = False
    dimensions: int = Field(64, ge=2, le=4096, description="length d of a response vector")

    def open(self, streams: Streams, criteria: Sequence[Criterion]) -> GaussianGame:
        return GaussianGame(self.dimensions)


class GaussianGame(Game):
    """The gaussian world in play. Criteria get their axes in the order in which they are first named."""

    panel_of_reference = True
    seen_alike = True
    midpoint = 0.0

    def __init__(self, dimensions: int) -> None:
        self.dimensions = tuple(f"axis_{i}" for i in range(dimensions))
        self.difficulty = np.ones(dimensions)
        self.axes: dict[str, int] = {}

    def axis(self, criterion: str) -> int:
        """The axis of a criterion: by its name, so that naming one more criterion (hardly ever) moves another."""
        if criterion not in self.axes:
            if len(self.axes) == len(self.dimensions):
                raise InvalidInput(
                    f"{len(self.dimensions)} dimensions are too few: each criterion, as {criterion}, takes one"
                )
            axis = Streams(0).key(criterion) % len(self.dimensions)
            while axis in self.axes.values():
                axis = (axis + 1) % len(self.dimensions)
            self.axes[criterion] = axis
        return self.axes[criterion]

    def value(self, weights: Mapping[str, float]) -> Array:
        vector = np.zeros(len(self.dimensions))
        for criterion, weight in weights.items():
            vector[self.axis(criterion)] = weight
        return vector

    def panel_prompts(self, count: int) -> Indices:
        return np.arange(count)

    def draw_prompts(self, key: int, count: int, *, compared: bool = False) -> Indices:
        return (uniforms(key, np.arange(count)) * 2**31).astype(np.int64)

    def features(self, items: Items) -> Array:
        return items.response

    def observers(self, names: Sequence[str], keys: Sequence[int], knowledge: Sequence[float]) -> list[Observer]:
        return [TRUTH] * len(names)  # nothing here is a matter of belief

    def perceived(self, items: Items, observers: Sequence[Observer], who: Indices) -> Array:
        return items.response

    def approval(self, vector: Array, features: Array) -> Array:
        """The share of reference responses that would have been worse."""
        from scipy.special import ndtr  # slow to import, and `--help` loads this file

        utility = features @ vector if vector.ndim == 1 else np.einsum("nd,nd->n", features, vector)
        return np.asarray(ndtr(utility / np.maximum(np.linalg.norm(vector, axis=-1), 1e-12)))

    def wording(self, items: Items) -> dict[str, Any]:
        from simlab.tables.recorder import coded

        distinct, place = np.unique(items.prompt, return_inverse=True)
        words = [f"prompt {number}" for number in distinct.tolist()]
        return {"prompt": coded(place, words), "response": coded(np.zeros(len(items)), [""])}

    def transcript(self, items: Items) -> dict[str, Any]:
        """Each criterion's column is the share of reference responses that are worse in it."""
        from scipy.special import ndtr

        from simlab.tables.recorder import coded

        return {
            **self.wording(items),
            "force": coded(np.zeros(len(items)), ["question"]),
            "fact_held_out": np.zeros(len(items), dtype=bool),
            "answered": np.ones(len(items), dtype=bool),
            **{name: ndtr(items.response[:, axis]) for name, axis in self.axes.items()},
        }
