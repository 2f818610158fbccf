"""A run of a few rounds that writes rows like a simulation does, for the tests of recorder and runs.

As a program, `python small_run.py DIR`, it writes one to disk and can be killed meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simlab.provenance import simlab_version
from simlab.runs.folder import open_run
from simlab.tables.recorder import Recorder, coded

EXTRA = {"responses": ["helpful", "brief"]}
MANIFEST = {
    "run": "5eed", "scenario": "small", "seed": 3, "days": 20.0, "world": "gaussian",
    "version": simlab_version(),
    "parameters": {"name": "small", "days": 20.0},
}  # fmt: skip


def add_round(recorder: Recorder, number: int, *, shift: float = 0.0) -> None:
    """The rows of one round; `shift` makes a run that is not quite the same."""
    rng = np.random.default_rng(number)
    n, workers = 40, [f"pool:{i}" for i in range(4)]
    if number == 0:
        recorder.add("employment", worker=workers, person=workers, employer="acme", hired=0.0, ended=None, reason=None)
    else:
        recorder.add(
            "employment",
            worker=[f"pool:{number + 3}"],
            person="",
            employer="acme",
            hired=float(number),
            ended=None,
            reason=None,
        )
        recorder.add(
            "employment",
            worker=workers[:1],
            person=workers[:1],
            employer="acme",
            hired=0.0,
            ended=float(number),
            reason="fired again",
        )
    recorder.add(
        "comparisons", time=float(number), round=number, order=1, principal="pool", agent="rm",
        task=np.arange(n) + n * number, ranking=np.arange(n), worker=coded(rng.integers(0, 4, n), workers),
        left=np.arange(n), right=np.arange(n) + n, label=rng.integers(0, 3, n), source="rater",
        held_out=rng.random(n) < 0.1, guideline_version=1, perceived=rng.normal(size=n) + shift,
        gold=rng.integers(0, 3, n), duration=rng.random(n), pay=rng.random(n),
    )  # fmt: skip
    recorder.add(
        "responses", time=float(number), round=number, corporation="acme", agent="lm",
        prompt=[f"question {i} ?" for i in range(n)], response=[f"answer {i % (number + 2)} ." for i in range(n)],
        force="question", fact_held_out=False, answered=rng.random(n) < 0.9,
        helpful=np.where(rng.random(n) < 0.2, np.nan, rng.random(n)), brief=rng.random(n),
    )  # fmt: skip


def play(recorder: Recorder, rounds: int, between: Callable[[int], None] = lambda number: None) -> None:
    """All rounds, each flushed at its end."""
    for number in range(rounds):
        add_round(recorder, number)
        recorder.flush()
        between(number)


def write(directory: Path, rounds: int = 20, between: Callable[[int], None] = lambda number: None) -> None:
    """A whole run in its folder, or what is left to do of it."""
    with open_run(directory, MANIFEST, "name: small\n") as run:
        if run.finished:
            return
        with Recorder(directory, "5eed", EXTRA) as recorder:
            play(recorder, rounds, between)
            run.finish(recorder.close(), rounds=rounds)


if __name__ == "__main__":
    print("ready", flush=True)
    write(Path(sys.argv[1]), between=lambda number: time.sleep(0.005))
    print("done", flush=True)
