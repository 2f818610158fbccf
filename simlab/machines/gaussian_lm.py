"""A language model whose responses are vectors: a Gaussian whose mean moves."""

from __future__ import annotations

import numpy as np

from simlab.arrays import Array, Indices
from simlab.machines.language_backend import Body
from simlab.rng import branch, normals
from simlab.worlds.world import Items


class TiltBody(Body):
    """A normal distribution N(mean, I) over response vectors; log π − log π_ref = mean·φ − |mean|²/2."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.mean = np.zeros(self.dimensions)

    def pretrain(self) -> float:
        return 0.0

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        places = np.arange(len(prompts)) if places is None else places
        draws = normals(branch(key, "words"), places[:, None], np.arange(self.dimensions)[None, :])
        return Items(prompts, self.mean + draws)

    def preference(self, items: Items) -> Array:
        return np.asarray(items.response @ self.mean - self.mean @ self.mean / 2)
