"""Whole runs, remembered: what laws of runs are observed with, by nothing but the tables that a run leaves.

A law names a scenario of `RUNS` and the entries it puts otherwise; laws that ask for the same run share it. The seed
that a law is observed with says which of several independent worlds it is: 1000·k + w is world w at every point k, so
that a law's points, its control and other laws meet in the same runs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from simlab.theory.raters import registry
from simlab.theory.small_world import HIERARCHY, changed

if TYPE_CHECKING:
    from pandas import DataFrame

    from simlab.scenario import Scenario

KEPT = 100  # runs
LOOK, AUDIT, LEARN, TRAIN = (f"relations.{i}" for i in range(4))

PLAIN: dict[str, Any] = {"panel.prompts": 500, "waterfall.redraw": [], f"{AUDIT}.sample": 0.0001}
ORDERS: dict[str, Any] = {
    **PLAIN,
    "days": 2,
    "world.dimensions": 16,
    "parties.acme.audit_seconds": 60,
    "parties.acme.audit_wage": 40,
    "parties.pool": {"kind": "raters", "count": 100, "wage": 20, "seconds_spread": 0.3, "held_out": 0},
    "parties.leads": {"kind": "auditors", "count": 10, "wage": 30, "seconds_spread": 0.3, "hours": 24},
    "parties.managers": {"kind": "auditors", "count": 5, "wage": 50, "seconds_spread": 0.3, "hours": 24},
    f"{LEARN}.sample": 4000,
    "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5},
    "relations.5": {"principal": "managers", "agent": "leads", "every": 1, "sample": 0.5},
}
NETWORK: dict[str, Any] = {
    "name": "network",
    "days": 1,
    "world": {"kind": "almanac", "countries": 4},
    "panel": {"prompts": 500},
    "waterfall": {"redraw": []},
    "parties": {
        "users": {"kind": "users", "values": {"brief": 1}, "count": 100},
        "acme": {"kind": "corporation", "guideline": {"operative": {"brief": 1}}},
        "pool": {"kind": "raters", "count": 5, "held_out": 0, "policy": {"kind": "mistaken", "flip": 0}},
        "rm": {"kind": "reward_model"},
        "lm": {
            "kind": "language_model", "width": 16, "layers": 1, "heads": 2, "pretraining": {"steps": 40, "batch": 32},
        },
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "pool", "every": 1, "sample": 0.1},
        {"principal": "pool", "agent": "rm", "every": 1, "sample": 300,
         "consequence": {"kind": "gradient", "learner": {"kind": "bradley_terry", "epochs": 3}}},
        {"principal": "rm", "agent": "lm", "every": 1, "sample": 64,
         "consequence": {"kind": "gradient",
                         "learner": {"kind": "ppo", "iterations": 6, "rate": 2e-3, "score_clip": 1000},
                         "shape": {"kind": "plain", "beta": 0.05}}},
    ],
}  # fmt: skip
RUNS: dict[str, dict[str, Any]] = {  # scenarios, each as a hierarchy and what is otherwise in it
    "plain": changed(HIERARCHY, PLAIN),  # of the gaussian world: one pool, one reward model
    "orders": changed(HIERARCHY, ORDERS),  # the same with auditors, and auditors of auditors
    "network": NETWORK,  # of the almanac: a transformer that stammers, and learns to be brief
}


class Tables:
    """The tables of a run that is over, as attributes; its files in `folder` are removed with this."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self._read: dict[str, DataFrame] = {}
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def __getattr__(self, name: str) -> DataFrame:
        from simlab.tables import table_files

        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._read:
            path = table_files.stored(self.folder, name)
            if path is None:
                raise AttributeError(name)
            self._read[name] = table_files.read(path, name).to_pandas()
        return self._read[name]

    def at_order(self, name: str, order: int) -> DataFrame:
        """The rows of a table that are about one order of judgement."""
        rows = getattr(self, name)
        return rows[rows.order == order]

    @cached_property
    def last_round(self) -> int:
        """The last round of training, from 1."""
        return int(self.policy["round"].max())


def run(seed: int, scenario: str, changes: Mapping[str, Any], *, measured: bool = True) -> Tables:
    """The tables of a scenario of RUNS with some entries put otherwise.

    `measured`: with tables of what everybody prefers after each round, which take most of the time.
    """
    return _run(seed % 1000, scenario, json.dumps(dict(changes), sort_keys=True), measured)


def forget() -> None:
    """Remember no run any more."""
    _run.cache_clear()


@lru_cache(maxsize=KEPT)
def _run(world: int, scenario: str, changes: str, measured: bool) -> Tables:
    from simlab.engine.jobs import Jobs, Store
    from simlab.rng import Streams
    from simlab.simulation import Simulation
    from simlab.tables.recorder import Recorder

    said = _scenario(scenario, changes)
    said = said.model_copy(update={"seed": Streams(world).key("theory", "whole run") % 2**63})
    tables = Tables(tempfile.mkdtemp(prefix="simlab-theory-"))
    simulation = Simulation(said, Jobs(Store(None), "cpu"), measured=measured)
    recorder = Recorder(tables.folder, "theory", said.added_columns())
    with threadpool_limits(limits=1), recorder:
        simulation.run(recorder)
        recorder.close()
    return tables


@lru_cache(maxsize=KEPT)
def _scenario(scenario: str, changes: str) -> Scenario:
    from simlab.scenario import load

    with tempfile.TemporaryDirectory(prefix="simlab-theory-") as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_text(json.dumps(changed(RUNS[scenario], json.loads(changes))), encoding="utf-8")
        return load(file, plugins=registry())
