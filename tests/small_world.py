"""A small hierarchy in the gaussian world, as a file and as runs of it, for tests of laws, labor and determinism.

Changes are given by dotted path, as on the command line: `{"parties.pool.count": 5, "relations.1.sample": 0.5}`.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from simlab.engine.jobs import Jobs, Store
from simlab.plugins.registry import Registry, discover
from simlab.scenario import Scenario, load
from simlab.simulation import Simulation
from simlab.tables import table_files
from simlab.tables.recorder import Recorder
from simlab.tables.schemas import TABLES

LOOK, AUDIT, LEARN, TRAIN = (f"relations.{i}" for i in range(4))

HIERARCHY: dict[str, Any] = {
    "name": "hierarchy",
    "days": 1,
    "world": {"kind": "gaussian", "dimensions": 8},
    "panel": {"prompts": 500},
    "waterfall": {"redraw": []},  # a third of a day's time, and no other table's business; tests of it ask for redraws
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


def changed(said: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario with some of its entries put otherwise, or added."""
    data = copy.deepcopy(dict(said))
    for path, value in copy.deepcopy(dict(changes)).items():
        *way, last = path.split(".")
        here: Any = data
        for step in way:
            here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
        if not isinstance(here, list):
            here[last] = value
        else:
            here[int(last) : int(last) + 1] = [value]  # one beyond the end is added
    return data


def written(path: Path, changes: Mapping[str, Any] | None = None, said: Mapping[str, Any] = HIERARCHY) -> Path:
    """A scenario file (JSON is YAML)."""
    path.write_text(json.dumps(changed(said, changes or {}), indent=1))
    return path


def plugins_of(folder: Path) -> Registry:
    """The plugins of a scenario in this folder: those beside it, too, if there are any."""
    return discover(folder) if any(folder.glob("*.py")) else built_ins()


@cache
def built_ins() -> Registry:
    """The plugins of scenarios that use no others, found once: a search takes as long as a day of a small world."""
    return discover(local=False)


MEASURED = frozenset(  # tables of what everybody prefers after each round
    (
        "agreement",
        "alarms",
        "alignment",
        "flattening",
        "groups",
        "minimal_pairs",
        "on_policy",
        "orders",
        "raters",
        "responses",
        "waterfall",
        "win_rate",
    )
)


class Played:
    """A simulation that has been run: its parties as they ended, and its tables as attributes."""

    def __init__(self, simulation: Simulation, folder: Path, measured: bool = True) -> None:
        self.context = simulation
        self._folder = folder
        self._measured = measured

    @property
    def comparisons(self) -> pd.DataFrame:
        """Comparisons of responses; those of agents are `comparisons_of_agents`."""
        rows = self._table("comparisons")
        return rows[rows.order == 1].reset_index(drop=True)

    @property
    def comparisons_of_agents(self) -> pd.DataFrame:
        """Comparisons of order 2 and above."""
        rows = self._table("comparisons")
        rows = rows[rows.order > 1].reset_index(drop=True)
        return rows if self._measured else rows.drop(columns="gold")  # which is by what was measured

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table that is there, by name, as it is."""
        stored = {name: path for name in TABLES if (path := table_files.stored(self._folder, name)) is not None}
        return {name: table_files.read(path, name).to_pandas() for name, path in stored.items()}

    def __getattr__(self, table: str) -> pd.DataFrame:
        return self._table(table)

    def _table(self, table: str) -> pd.DataFrame:
        assert self._measured or table not in MEASURED, f"{table} is empty: play it with measured=True"
        path = table_files.stored(self._folder, table)
        if path is None:
            raise AttributeError(table)
        return table_files.read(path, table).to_pandas()


def replications(
    folder: Path, changes: Mapping[str, Any], seeds: Iterable[int], *, measured: bool = False
) -> Iterator[Played]:
    """The same scenario under several seeds; each run's files are gone when the next one begins.

    Who asks for a table of preferences (`alignment`, `raters`, `win_rate`, `responses` and the like) asks for runs that
    are `measured`, which take twice as long.
    """
    scenario = load(written(folder / "scenario.yaml", changes), plugins=plugins_of(folder))
    for seed in seeds:
        here = Path(tempfile.mkdtemp(dir=folder))
        yield played(scenario.model_copy(update={"seed": seed}), here, measured=measured)
        shutil.rmtree(here)


def payments(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger with one row a transfer, in columns payer and payee, and its two sides checked against each other."""
    sides = ledger.groupby("transfer").amount.agg(["sum", "size"])
    assert sides["sum"].eq(0).all()
    assert sides["size"].eq(2).all()
    received = ledger[ledger.amount > 0]
    return received.rename(columns={"account": "payee", "counterparty": "payer"}).reset_index(drop=True)


def played(scenario: Scenario, folder: Path, store: Store | None = None, *, measured: bool = True) -> Played:
    """One run, without the care `simlab.run` takes of its folder."""
    simulation = Simulation(scenario, Jobs(store or Store(None), "cpu"), measured=measured)
    with Recorder(folder, "test", scenario.added_columns()) as recorder, threadpool_limits(limits=1):
        simulation.run(recorder)
        recorder.close()
    return Played(simulation, folder, measured)


def play(folder: Path, changes: Mapping[str, Any] | None = None, *, seed: int = 0, measured: bool = False) -> Played:
    """One run of the small hierarchy, its files in a new folder within `folder`; as in `replications`."""
    scenario = load(written(folder / "scenario.yaml", changes or {}), seed=seed, plugins=plugins_of(folder))
    return played(scenario, Path(tempfile.mkdtemp(dir=folder)), measured=measured)


def play_as(
    said: Mapping[str, Any],
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    measured: bool = True,
) -> Played:
    """One run of another scenario than the small hierarchy."""
    scenario = load(written(folder / "scenario.yaml", changes, said), seed=seed, plugins=plugins_of(folder))
    return played(scenario, Path(tempfile.mkdtemp(dir=folder)), measured=measured)


FIRST = Path(__file__).parent.parent / "scenarios" / "01_first.yaml"
HURRIED = (  # what makes FIRST take seconds: networks that hardly learn, but come the whole way
    "days=2", "relations.0.every=1", "relations.1.every=1", "relations.2.every=1", "relations.3.every=1",
    "relations.2.sample=120", "relations.3.sample=16", "relations.3.consequence.learner.iterations=1",
    "parties.lm.width=16", "parties.lm.layers=1", "parties.lm.pretraining.steps=20",
    "parties.lm.pretraining.batch=16", "panel.prompts=500", "parties.pool.count=5", "world.countries=4",
)  # fmt: skip


def hurried() -> list[str]:
    """Arguments of `simlab run` for the small form of FIRST, in a hurry."""
    return [str(FIRST), "--small", *(word for setting in HURRIED for word in ("--set", setting))]


def simlab_command(*words: str, cache: Path, hash_seed: int = 0) -> subprocess.Popen[str]:
    """`simlab` in a process of its own, remembering computations in `cache`."""
    environment = {**os.environ, "SIMLAB_CACHE": str(cache), "PYTHONHASHSEED": str(hash_seed), "COLUMNS": "100"}
    command = [sys.executable, "-m", "simlab", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=FIRST.parent.parent, env=environment, stdout=pipe, stderr=pipe, text=True)
