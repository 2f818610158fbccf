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

    @staticmethod
    def is_known(run: Any, party: str) -> bool:
        """Whether somebody of that name is in the run's scenario, left out or not: the sum over rows of a name that was
        misspelt would be 0, as if it were found."""
        parties = run.manifest.get("parameters", {}).get("parties")
        return parties is None or party in parties
