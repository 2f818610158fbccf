"""The hooks, in the order of their calling: what a plugin file may define besides components.

A function of one of these names in a plugin file (or in an installed package's plugin module) is called at its
moment; it may leave out parameters it does not need. The methods of a `Logger` are called in the same way, in runs
that ask for it. Hooks are called at start-up, when a machine has learned, or once a round, never per judgement.
They look on: nothing they return is used, and what they are told are copies or cannot be changed, so a run has
the same tables with and without them. A function called `simlab_…` that is not in this list, or that asks for
something its hook is not told, is refused before a run starts.

    # plugins/watch.py
    def simlab_round_finished(round, time, tables):
        print(round, time, tables["alignment"].num_rows)

A run that is taken up again after an interruption is told from its beginning, and so is one that `simlab verify`
runs again; a run that is complete already is only loaded, and nobody is told. Times are simulated days. A hook that
raises ends the run, with a sentence that names its file and line; one that raises `simlab.InvalidInput` when the
run starts refuses it by a sentence of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import pyarrow as pa

    from simlab.arrays import Array
    from simlab.components.component import Component
    from simlab.scenario import Scenario

hookspec = pluggy.HookspecMarker("simlab")


@hookspec
def simlab_register(register: Callable[[type[Component]], None]) -> None:
    """At start-up: call `register(cls)` for every component class of this plugin.

    Only needed where the loader's own rule (every component class the file defines) will not do. A plugin that
    has this hook registers nothing else.
    """


@hookspec
def simlab_run_started(run: str, scenario: Scenario, path: Path) -> None:
    """A run begins: its id (a hash), a copy of its scenario, and its folder, before the clock starts."""


@hookspec
def simlab_pretraining_finished(run: str, model: str, time: float, losses: Array) -> None:
    """A language model has been pretrained: the loss of each step [steps], in nats a token, measured on its batch.

    In a world of vectors nothing is pretrained, and there are no losses.
    """


@hookspec
def simlab_imitation_finished(run: str, model: str, time: float, losses: Array) -> None:
    """A language model has learned from what people wrote for it: the loss of each step [steps], in nats a token.

    Called only where the scenario asks for demonstrations.
    """


@hookspec
def simlab_reward_model_trained(run: str, model: str, update: int, time: float, metrics: Mapping[str, float]) -> None:
    """A reward model has learned from rankings, for the `update`-th time, counted from 1.

    `metrics` has the measures of the table `reward_model` by the names of their columns (`loss`, `accuracy_gold`, …).
    """


@hookspec
def simlab_policy_trained(run: str, model: str, update: int, time: float, metrics: Mapping[str, Array]) -> None:
    """A language model has learned to please a reward model, for the `update`-th time, counted from 1.

    `metrics` has the measures of the table `policy` by the names of their columns, one value an iteration [n].
    """


@hookspec
def simlab_round_finished(run: str, round: int, time: float, tables: Mapping[str, pa.Table]) -> None:
    """A round of training is over, everybody has been asked what they prefer now, and the rows are written.

    Round 0 is the model as pretrained. `tables` has the rows written since the last round, by table; a table without
    new rows is left out. What is only known at the very end (the last flows and settlements) is in the run's folder.
    """


@hookspec
def simlab_run_finished(run: str, status: str, error: str) -> None:
    """A run ended, in whatever way: `status` is "finished", and its tables are all there; or "failed", and `error`
    says why; or "interrupted" by Ctrl-C. A process that is killed tells nobody."""
