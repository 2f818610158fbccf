"""Types of arrays; a comment beside each names its shape, as `[n, D]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass


Array = NDArray[np.float64]


Indices = NDArray[np.int64]
