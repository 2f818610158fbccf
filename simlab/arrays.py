"""Types of arrays; a comment beside each names its shape, as `[n, D]`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
