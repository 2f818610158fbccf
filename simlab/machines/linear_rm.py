"""A reward model of vectors: a direction."""

from __future__ import annotations

import numpy as np

from simlab.arrays import Array
from simlab.machines.reward_backend import Head
from simlab.worlds.world import Items


class LinearHead(Head):
    """Directions in the space of response vectors [M, d], one for each member."""

    def __init__(self, members: int, dimensions: int) -> None:
        self.directions = np.zeros((members, dimensions))

    @property
    def direction(self) -> Array:
        """The mean of the members' directions [d], by which it scores."""
        return np.asarray(self.directions.mean(axis=0))

    def each(self, items: Items) -> Array:
        return np.stack([items.response @ direction for direction in self.directions])
