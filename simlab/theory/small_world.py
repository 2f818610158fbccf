"""Whole runs of a small hierarchy in the gaussian world: what laws of hierarchies are observed with.

Changes are given by dotted path, as on the command line: `play(seed, {"parties.pool.count": 5, "days": 2})`. Files
live in a temporary folder and are gone when the call returns.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.rng import Streams
from simlab.theory.raters import registry

if TYPE_CHECKING:
    from pandas import DataFrame

    from simlab.measures.panel import Panel
    from simlab.scenario import Scenario
    from simlab.simulation import Simulation

LEARN, TRAIN = "relations.2", "relations.3"
HIERARCHY: dict[str, Any] = {
    "name": "theory",
    "days": 1,
    "world": {"kind": "gaussian", "dimensions": 64},
    "panel": {"prompts": 500},
    "parties": {
        "users": {"kind": "users", "values": {"helpful": 1}, "count": 100},
        "acme": {"kind": "corporation", "guideline": {"operative": {"helpful": 1}}},
        "pool": {"kind": "raters", "count": 8, "policy": {"kind": "mistaken", "flip": 0.2}},
        "rm": {"kind": "reward_model"},
        "lm": {"kind": "language_model"},
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "pool", "every": 1, "sample": 0.2},
        {"principal": "pool", "agent": "rm", "every": 1, "sample": 200, "consequence": "gradient"},
        {"principal": "rm", "agent": "lm", "every": 1, "sample": 2, "consequence": "gradient"},
    ],
}


class Run:
    """A run that is over: its parties as they ended, the table `policy`, and what its model said after each round.

    `panels` holds responses to the same prompts, made from the same draws, beginning with the untrained model's.
    """

    def __init__(self, simulation: Simulation, policy: DataFrame, panels: list[Panel]) -> None:
        self.simulation = simulation
        self.parties = simulation.parties
        self.policy = policy
        self.panels = panels

    def rho(self, a: str, b: str) -> float:
        """How well the utilities of two parties correlate on the untrained model's responses."""
        return correlation(self.simulation, self.panels[0], a, b)


def play(seed: int, changes: Mapping[str, Any]) -> Run:
    """One whole run; only that nothing is measured on the way but what a law asks for, which takes most of the time."""
    from simlab.tables import table_files

    with _recorded(seed, changes) as (simulation, folder, recorder):
        panels: list[Panel] = []

        def asked(what: str, **said: Any) -> None:
            if what == "round_finished":
                panels.append(panel(simulation, 500))

        simulation.tell = asked
        with recorder:
            simulation.run(recorder)
            recorder.close()
        stored = table_files.stored(folder, "policy")
        assert stored is not None
        return Run(simulation, table_files.read(stored, "policy").to_pandas(), panels)


def stand(seed: int, changes: Mapping[str, Any]) -> Simulation:
    """The same hierarchy before its clock runs: all parties are there, and raters have been hired."""
    from simlab.parties.raters import Raters

    with _recorded(seed, changes) as (simulation, _, recorder), recorder:
        simulation.log.recorder = recorder
        for pool in simulation.of_kind(Raters):
            pool.recruit(pool.spec.count)
    return simulation


@contextmanager
def _recorded(seed: int, changes: Mapping[str, Any]) -> Iterator[tuple[Simulation, Path, Any]]:
    """A simulation, and a recorder that writes into a folder which is there for a moment."""
    from simlab.engine.jobs import Jobs, Store
    from simlab.simulation import Simulation
    from simlab.tables.recorder import Recorder

    scenario = _scenario(json.dumps(changed(HIERARCHY, changes))).model_copy(update={"seed": seed})
    with tempfile.TemporaryDirectory(prefix="simlab-theory-") as folder:
        simulation = Simulation(scenario, Jobs(Store(None), "cpu"), measured=False)
        yield simulation, Path(folder), Recorder(folder, "theory", scenario.added_columns())


@lru_cache(maxsize=64)
def _scenario(text: str) -> Scenario:
    """A scenario as `load` reads it, from the text of a file (JSON is YAML)."""
    from simlab.scenario import load

    with tempfile.TemporaryDirectory(prefix="simlab-theory-") as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file, plugins=registry())


def changed(said: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario with some of its entries put otherwise, or added (one beyond the end of a list)."""
    data = copy.deepcopy(dict(said))
    for path, value in changes.items():
        *way, last = path.split(".")
        here: Any = data
        for step in way:
            here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
        if isinstance(here, list):
            here[int(last) : int(last) + 1] = [value]
        else:
            here[last] = value
    return data


def panel(simulation: Simulation, prompts: int, responses: int = 2) -> Panel:
    """Responses of the untrained language model to as many prompts: what parties are asked about."""
    from simlab.measures.panel import Panel
    from simlab.parties.language_model import LanguageModel

    (model,) = simulation.of_kind(LanguageModel)
    asked = np.repeat(simulation.game.panel_prompts(prompts), responses)
    items = model.backend.sample(asked, simulation.rng.key("theory", "panel"))
    return Panel(items, asked, simulation.game.features(items))


def correlation(simulation: Simulation, seen: Panel, a: str, b: str) -> float:
    """How well the utilities of two parties correlate on a panel, as the alignment table has it."""
    from simlab.measures.statistics import pearson

    first, second = (seen.centred(simulation.parties[name].utility(seen)) for name in (a, b))
    return pearson(first, second)


def gold(run: Run, values: Callable[[Array], Array] = lambda u: u, number: int = -1) -> float:
    """How much better responses were after a round (the last) by users' own utility u, or by `values` of it."""
    before, now = (run.parties["users"].utility(run.panels[k]) for k in (0, number))
    return float(np.mean(values(now) - values(before)))


def divergence(run: Run, number: int = -1) -> float:
    """How far the language model had gone from its reference by then, KL in nats as the policy table has it."""
    rows = run.policy
    return float(rows[rows["round"] == range(len(run.panels))[number]].objective_kl.iloc[-1])


def averaged(seed: int, worlds: int, observe: Callable[[int], float]) -> float:
    """The mean of `observe` over several independent small worlds, whose seeds follow from one."""
    keys = [Streams(seed).key("theory", "world", i) % 2**63 for i in range(worlds)]
    return float(np.mean([observe(key) for key in keys]))
