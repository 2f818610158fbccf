"""The catalogue of components: how the rest of simlab asks which class a name means.

Scenarios are checked against a catalogue and never look for plugins themselves; `simlab.plugins.registry` is the one
that applications fill from files and installed packages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from simlab.components.component import Component
from simlab.errors import Problem


class Catalogue(Protocol):
    """The component classes that are known, by kind ("criterion", "rater", …) and name."""

    def get(self, kind: str, name: str) -> type[Component]:
        """The class of this kind and name. Raises `InvalidInput` with the closest name if there is none."""

    def names(self, kind: str) -> list[str]:
        """Names of the components of this kind, in order of discovery."""

    def classes(self) -> Iterable[type[Component]]:
        """Every component class, in order of discovery."""

    def unknown(self, kind: str, name: str) -> Problem:
        """What to say where a scenario names a component that is not there."""

    def doubtful(self, kind: str, name: str) -> Problem | None:
        """What to say where a scenario names a component that is defined twice; None if it is not."""

    def refused(self) -> list[Problem]:
        """What is wrong with plugins without which no run may start."""
