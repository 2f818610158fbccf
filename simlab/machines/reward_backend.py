"""The contract of what scores for a reward model, in worlds of words and of vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from simlab.arrays import Array
from simlab.worlds.world import Items


class Head(ABC):
    """What turns a response into raw numbers, one for each member."""

    @abstractmethod
    def each(self, items: Items) -> Array:
        """Raw scores [M, n] by each member."""

    def score(self, items: Items) -> Array:
        """Raw scores [n]: the mean over members."""
        return np.asarray(self.each(items).mean(axis=0))
