"""Arguments of Python functions that say yes or no, or whom to tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.errors import InvalidInput, Problem
from simlab.names import clip


def require_flags(**said: Any) -> None:
    """Raise InvalidInput for the first of these arguments that is neither yes nor no: True, False (numpy's, too), 1, 0.

    Python takes any text for a yes, so that `small="no"` would run the small form without a word.
    """
    for name, value in said.items():
        if not (isinstance(value, bool | np.bool_) or (isinstance(value, int) and value in (0, 1))):
            raise InvalidInput(Problem(f"{name}={clip(repr(value))} says neither yes nor no", f"{name}=True, or False"))


def require_functions(**said: Any) -> None:
    """Raise InvalidInput for the first of these arguments that is neither None nor can be called."""
    for name, value in said.items():
        if value is not None and not callable(value):
            raise InvalidInput(
                Problem(f"{name}={clip(repr(value))} cannot be called", "give a function, or leave it out")
            )
