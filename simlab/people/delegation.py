"""Raters who let a machine rank for them: the loop by which a model's judgement comes back to it as human feedback.

Veselovsky, Ribeiro & West (2023, "Artificial artificial artificial intelligence") find that a third to nearly half
of crowd workers did so for a writing task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.machines.machine import Machine
from simlab.rankings import differences, preferred
from simlab.rng import uniforms
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import DelegationSpec


def machine_called(context: Context, name: str) -> Machine | None:
    """The machine of this name, if it has learnt anything yet."""
    machine = context.parties[name]
    assert isinstance(machine, Machine), "validation refuses other parties"
    return machine if machine.learned else None


class Delegation:
    """Which people of a pool ask a machine, and what it says. A machine that was never trained is not asked."""

    def __init__(self, context: Context, pool: str, spec: DelegationSpec) -> None:
        self.context = context
        self.spec = spec
        self.key = context.rng.key(pool, "delegates")

    @property
    def machine(self) -> Machine | None:
        """The machine they ask, if it has learnt anything yet."""
        return machine_called(self.context, self.spec.to)

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these persons [n] delegate, now that there is a machine to ask."""
        if self.machine is None:
            return np.zeros(len(numbers), dtype=bool)
        return uniforms(self.key, numbers) < self.spec.share

    def differences(self, items: Items, options: int) -> Array:
        """How much better the machine finds the left response of each pair [m, pairs] of rankings of K."""
        machine = self.machine
        assert machine is not None
        return differences(machine.opinion(items).reshape(-1, options))

    def labels(self, differences: Array) -> NDArray[np.int64]:
        """The labels they copy [m, pairs]."""
        return preferred(differences)

    def utility(self, panel: Panel) -> Array:
        """What the machine finds of each response of a panel [n]."""
        machine = self.machine
        assert machine is not None
        return machine.utility(panel)
