"""Write the golden outputs anew: `python -m tests.golden [NAME …]`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import simlab
from simlab.engine.jobs import Store

from . import MACHINE, differences, golden_file, machine, scenarios, summary


def main(names: list[str]) -> int:
    """Run the small form of each scenario, or of those named, and say what moved."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "cache")
        for scenario in scenarios():
            if names and scenario.stem not in names:
                continue
            run = simlab.run(scenario, small=True, out=Path(folder) / scenario.stem, local=False, store=store)
            now, file = summary(run), golden_file(scenario)
            before = json.loads(file.read_text()) if file.exists() else {}
            moved = differences(now, before, loose=False)
            print(
                "\n  ".join([f"{scenario.stem}: {len(moved)} of {len(now)} numbers moved", *(moved if before else ())])
            )
            file.write_text(json.dumps(now, indent=0) + "\n")
    if not names:  # all of them are of this machine
        MACHINE.write_text(machine() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
