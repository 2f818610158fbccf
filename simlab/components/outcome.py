"""Outcomes: one number of a finished run, for studies that ask how it changes."""

from __future__ import annotations

from typing import Any, ClassVar

from simlab.components.component import Component


class Outcome(Component):
    """One number of a run, made from its tables.

    `value` is shown a finished run as `simlab.load` returns it: tables as attributes, each a DataFrame. NaN says that
    this run has no such number.
    """

    kind: ClassVar[str] = "outcome"
    unit: ClassVar[str] = ""  # of the number; "" if it has none

    def value(self, run: Any) -> float:
        """The number."""
        raise NotImplementedError(f"outcome {self.name!r} does not define value")
