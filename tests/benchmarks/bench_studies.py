"""What a study costs beside its runs: `python -m tests.benchmarks.bench_studies [RUNS]`.

Prints one JSON object: CPU seconds of a run of `00_gaussian`, measured in every round and in the last; which share of a
study's CPU time is spent inside runs; and how much faster two processes are than one, by the clock, in one sitting.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import simlab

SCENARIO = Path(__file__).parent.parent.parent / "scenarios" / "00_gaussian.yaml"


def study(folder: Path, runs: int, measure: str, jobs: int) -> dict[str, float]:
    """A study of so many seeds, as somebody types it: wall and CPU seconds of all its processes, and of its runs."""
    name = f"{measure}-{jobs}"
    file = folder / f"{name}.yaml"
    said = {"name": "bench", "scenario": str(SCENARIO), "seeds": runs, "measure": measure}
    file.write_text(json.dumps(said))
    words = [sys.executable, "-m", "simlab", "study", str(file), "--out", str(folder / name), "--jobs", str(jobs)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = simlab.load(folder / name)
    assert isinstance(found, simlab.StudyRuns)
    return {"wall": wall, "cpu": cpu, "inside": float(found.outcomes.cpu.sum())}


def main(runs: int) -> None:
    """Print the object."""
    with tempfile.TemporaryDirectory() as folder:
        every, last, both = (study(Path(folder), runs, *how) for how in (("every", 1), ("last", 1), ("last", 2)))
    print(
        json.dumps(
            {
                "runs": runs,
                "cpu_a_run_every": round(every["inside"] / runs, 3),
                "cpu_a_run_last": round(last["inside"] / runs, 3),
                "share_inside_runs": round(last["inside"] / last["cpu"], 3),
                "speedup_of_two": round(last["wall"] / both["wall"], 2),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
