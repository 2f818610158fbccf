"""A hundred thousand raters make a hundred comparisons each, all of them recorded: simlab beside Mesa 3.

Run as `python -m tests.benchmarks.bench_raters [--raters 1000 10000 100000] [--comparisons 100] [--repeat 1]
[--only simlab]`; Mesa is the extra `bench`. Every run is a process of its own, and the kinds take turns, so that a busy
machine is as busy for one as for the other: the ratios at the end of a line are what to read. simlab runs
`many_raters.yaml` whole; Mesa is spared the machines and the measurements (see `mesa_raters.py`). What a process
imports, plugins too, it imports before the clock starts.

Times are in seconds. *CPU* (user and system) and *wall* are from the start of the clock to its last event; µs is that
CPU time for one comparison. What simlab has recorded by then is a table, on disk; *table* is how long (CPU, and hardly
less than wall) it takes to make one of what Mesa has collected. *Compaction*, which comes after both, is simlab's
turning Arrow streams into Parquet and hashing every column, and Mesa's writing its tables to Parquet. Peak memory is
the process's resident set. The ratios are Mesa's time to simlab's: of CPU without the table, of CPU with it, and of
wall with it, which is how long somebody waits for a table of all comparisons.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SCENARIO = Path(__file__).parent / "many_raters.yaml"
KINDS = ("simlab", "mesa steps", "mesa rows", "mesa arrays")
OVERLAP, DAYS = 100, 10
LOST = 0.001  # of the comparisons, at most: whoever draws too many leaves some undone


def run_simlab(raters: int, comparisons: int, folder: Path) -> dict[str, float]:
    """Run the scenario with so many raters; seconds are told apart by the stages that simlab reports."""
    import pandas  # noqa: F401  # as Mesa does
    import scipy.special  # noqa: F401  # as the world of the scenario does

    import simlab
    import simlab.simulation
    import simlab.tables.recorder
    from simlab.plugins.registry import discover

    discover(SCENARIO.parent)
    run_file = simlab.run
    began = time.process_time(), time.perf_counter()
    compacting: list[float] = []

    def watch(stage: str, day: float, days: float, share: float) -> None:
        if stage == "writing tables":
            compacting[:] = time.process_time(), time.perf_counter()

    overlap = min(OVERLAP, raters)
    tasks = raters * comparisons // overlap
    settings = {"parties.pool.count": raters, "parties.pool.overlap": overlap, "relations.2.sample": tasks}
    overrides = [f"{key}={value}" for key, value in settings.items()]
    run = run_file(SCENARIO, out=folder / "run", overrides=overrides, progress=watch)
    ended = time.process_time(), time.perf_counter()
    rows = {name: int(table["rows"]) for name, table in run.manifest["tables"].items()}
    return {**_spent(began, compacting, compacting, ended), "rows": rows["comparisons"], "all_rows": sum(rows.values())}


def run_mesa(variant: str, raters: int, comparisons: int, folder: Path) -> dict[str, float]:
    """The same comparisons by agents of Mesa."""
    from tests.benchmarks.mesa_raters import Pool

    began = time.process_time(), time.perf_counter()
    model = Pool(raters, comparisons, min(OVERLAP, raters), DAYS, variant, seed=1)
    for _ in range(model.steps_to_take):
        model.step()
    stepped = time.process_time(), time.perf_counter()
    columns = model.columns()
    tabled = time.process_time(), time.perf_counter()
    rows, all_rows = model.write(columns, folder)
    ended = time.process_time(), time.perf_counter()
    return {**_spent(began, stepped, tabled, ended), "rows": rows, "all_rows": all_rows}


def _spent(began: Any, stepped: Any, tabled: Any, ended: Any) -> dict[str, float]:
    cpu, wall = (stepped[i] - began[i] for i in (0, 1))
    table, waited = (tabled[i] - began[i] for i in (0, 1))
    return {"cpu": cpu, "wall": wall, "cpu_tabled": table, "wall_tabled": waited, "compaction": ended[0] - tabled[0]}


def measured(kind: str, raters: int, comparisons: int) -> dict[str, float]:
    """One run in a process of its own: what it says of itself, its peak memory in MiB, and MiB left on disk."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.bench_raters", "--inside", kind, folder]
        command += ["--raters", str(raters), "--comparisons", str(comparisons)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"{kind} with {raters:,} raters ended with status {status}")
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found: dict[str, float] = {**json.loads(said), "memory": memory, "disk": disk / 2**20}
    wanted = raters * comparisons
    if abs(found["rows"] - wanted) > LOST * wanted + raters:  # simlab also compares the raters themselves
        raise SystemExit(f"{kind}: {found['rows']:,} comparisons recorded, expected {wanted:,}")
    return found


def report(raters: int, comparisons: int, kinds: tuple[str, ...], repeat: int) -> None:
    """One line a kind: the fastest of `repeat` runs that take turns, and its ratios to the first kind's."""
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(repeat):
        for kind in kinds:
            runs[kind].append(measured(kind, raters, comparisons))
    best = {kind: min(found, key=lambda one: one["wall_tabled"]) for kind, found in runs.items()}
    for kind, one in best.items():
        micro = 1e6 * one["cpu"] / (raters * comparisons)
        ratios = (one[what] / best[kinds[0]][what] for what in ("cpu", "cpu_tabled", "wall_tabled"))
        print(
            f"{raters:>9,} × {comparisons:<4} {kind:12s} {one['all_rows']:>10,.0f} rows  cpu {one['cpu']:7.2f}  "
            f"wall {one['wall']:7.2f}  {micro:6.2f} µs  table {one['cpu_tabled'] - one['cpu']:5.2f}  "
            f"compaction {one['compaction']:5.2f}  memory {one['memory']:6.0f} MiB  disk {one['disk']:5.0f} MiB  "
            f"ratios {'  '.join(f'{ratio:.1f}' for ratio in ratios)}",
            flush=True,
        )


def main(given: argparse.Namespace) -> None:
    """Measure every size, or be one of the processes that are measured."""
    if given.inside:
        kind, folder = given.inside
        run = run_simlab if kind == "simlab" else lambda *size: run_mesa(kind.split()[1], *size)
        print(json.dumps(run(given.raters[0], given.comparisons, Path(folder))))
        return
    for raters in given.raters:
        report(raters, given.comparisons, tuple(given.only or KINDS), given.repeat)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raters", type=int, nargs="+", default=[1000, 10_000, 100_000], help="sizes of the pool")
    parser.add_argument("--comparisons", type=int, default=100, help="how many each makes")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each kind")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="kinds to run; ratios are to the first")
    parser.add_argument("--inside", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    main(parser.parse_args())
