"""Make the golden outputs anew: `python -m tests.golden [NAME …]`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import simlab
from simlab.engine.jobs import Store
from simlab.plugins.registry import discover
from simlab.scenario import load

from . import SEEDS, Summary, differences, form, golden, golden_file, machine, scenarios, summary


def main(names: list[str]) -> int:
    """Run the form of each scenario that is compared, or of those named, and say what moved."""
    with tempfile.TemporaryDirectory() as folder:
        for scenario in scenarios():
            if names and scenario.stem not in names:
                continue
            file = golden_file(scenario)
            found = made(scenario, Path(folder))
            before = json.loads(file.read_text()) if file.exists() else {}
            moved = differences(own(scenario, Path(folder)), before) if before else []
            print("\n  ".join([f"{scenario.stem}: {len(moved)} numbers moved", *moved]), flush=True)
            file.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n")
    return 0


def made(scenario: Path, folder: Path) -> dict[str, Any]:
    """The golden output of a scenario: with its own seed where nothing is trained, else with the seeds after it."""
    said = load(scenario, discover(local=False), small=True)
    trained = said.world.networks
    seeds = [said.seed + 1 + i for i in range(SEEDS)] if trained else [said.seed]
    about = {"form": ["--small", *form(scenario)], "seeds": seeds, "machine": machine()}
    return {"made": about, **golden([of_seed(scenario, seed, folder) for seed in seeds])}


def own(scenario: Path, folder: Path) -> Summary:
    """What the scenario comes to with the seed it names."""
    return of_seed(scenario, load(scenario, discover(local=False), small=True).seed, folder)


def of_seed(scenario: Path, seed: int, folder: Path) -> Summary:
    """What it comes to with one seed; runs share what they compute alike."""
    out, store = folder / f"{scenario.stem}-{seed}", Store(folder / "cache")
    run = simlab.run(scenario, small=True, seed=seed, overrides=form(scenario), out=out, local=False, store=store)
    return summary(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
