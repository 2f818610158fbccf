"""A panel: the items by which parties are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.measures.statistics import centre, ranks
from simlab.worlds.world import Items


@dataclass(slots=True)
class Panel:
    """The responses every party is asked about. `group` [n] says which responses answer the same prompt."""

    items: Items
    group: NDArray[np.int64]
    features: Array  # true features [n, D]

    def centred(self, utilities: Array) -> Array:
        """Utilities [n] or [n, many] less their mean within each prompt."""
        return centre(utilities, self.group)

    def ranked(self, utilities: Array) -> Array:
        """The rank [n] of each item among those that answer the same prompt, 1 for the worst; equals share theirs."""
        return ranks(utilities, self.group)
