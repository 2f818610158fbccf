"""The hooks, in the order of their calling: what a plugin file may define besides components.

A function of one of these names in a plugin file (or in an installed package's plugin module) is called at its
moment; it may leave out parameters it does not need. Hooks are called at start-up or once a round, never per
judgement. They look on: nothing they return is used, and what they change in a run breaks its repeatability.
A function called `simlab_…` that is not in this list is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from simlab.components import Component
    from simlab.scenario import Scenario

hookspec = pluggy.HookspecMarker("simlab")


@hookspec
def simlab_register(register: Callable[[type[Component]], None]) -> None:
    """At start-up: call `register(cls)` for every component class of this plugin.

    Only needed where the loader's own rule (every component class the file defines) will not do. A plugin that
    has this hook registers nothing else.
    """


@hookspec
def simlab_run_started(run: str, scenario: Scenario) -> None:
    """A run begins: its id (a hash) and its scenario, before the clock starts."""


@hookspec
def simlab_round_finished(run: str, round: int, time: float) -> None:
    """A round of training is over and its rows are written; `time` is the simulated day."""


@hookspec
def simlab_run_finished(run: str, status: str) -> None:
    """A run ended; `status` is "finished". A run that fails or is interrupted calls no hook."""
