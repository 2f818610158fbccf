"""Damaged run folders by the hundred: `python -m tests.fuzz.folders --count 200 --seed 1`.

A small run, finished or interrupted, is damaged in one to three ways (`damages`), and then loaded, listed, traced,
compared, verified and run again. Whatever happened to it, every command says in a few lines what is wrong and with
which exit code, comes back soon, needs little memory, and touches nothing outside of the folder. A run that ends well
has the tables of the undamaged one.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import simlab
from simlab.cli import main
from tests.fuzz.damages import DAMAGES, RaterView
from tests.small_world import written

PATIENCE = 60.0  # seconds for one command, on a machine that has other things to do
GROWTH = 1 << 30  # bytes of memory that all of it may take more than an undamaged run does
SMALL = {
    "days": 2, "parties.users.count": 20, "relations.2.sample": 60, "parties.pool.wage": 21,
}  # fmt: skip


class Ground:
    """The runs that are damaged, in a folder of their own, and a folder beside them that nobody may touch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenario = written(folder / "world.yaml", SMALL)
        self.whole = simlab.run(self.scenario, out=folder / "whole", local=False)
        self.other = simlab.run(self.scenario, out=folder / "other", seed=2, local=False)
        with contextlib.suppress(KeyboardInterrupt):
            simlab.run(self.scenario, out=folder / "half", local=False, progress=_stop_late)
        assert simlab.load(folder / "half").status == "interrupted"
        assert (folder / "half" / "tables" / "comparisons.arrows").stat().st_size > 1000
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "precious.txt").write_text("a year of work\n")
        self.label = int(self.whole.comparisons.query("order == 1").task.min())
        self.kept = self.checksum()

    def checksum(self) -> str:
        """Of everything that lies outside of the folder that is damaged."""
        digest = hashlib.sha256()
        for root in (self.outside, self.folder / "whole", self.folder / "other"):
            for file in sorted(p for p in root.rglob("*") if p.is_file() and p.name != "lock"):
                digest.update(f"{file}\0".encode() + file.read_bytes())
        return digest.hexdigest()


def _stop_late(stage: str, day: float, days: float, share: float) -> None:
    if day >= 1.5:
        raise KeyboardInterrupt


class Wrong(AssertionError):
    """What a case has shown to be wrong, with the damage that showed it."""


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise in the main thread if a block takes longer; a system call that waits is interrupted by it."""

    def stop(signum: int, frame: object) -> None:
        raise Wrong(f"not done after {seconds:g} s")

    before = signal.signal(signal.SIGUSR1, stop)
    timer = threading.Timer(seconds, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGUSR1, before)


def command(*words: str) -> tuple[int, str]:
    """The exit code of a command, and what it said on stderr. Raises Wrong for anything a user should never see."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said), patience(PATIENCE):
        code = main([*words])
    text = said.getvalue()
    if code not in (0, 2, 4):
        raise Wrong(f"{words[0]}: exit code {code}: {text[:500]}")
    if (
        "Traceback" in text
        or "bug in simlab" in text
        or len(text.splitlines()) > 40
        or max(map(len, text.splitlines() or [""])) > 1000
    ):
        raise Wrong(f"{words[0]}: {text[:500]}")
    if code and not text.strip():
        raise Wrong(f"{words[0]}: exit code {code} without a word")
    return code, text


def loaded(folder: Path) -> None:
    """Read everything there is, as somebody in a notebook would; mistakes are InvalidInput."""
    with patience(PATIENCE), contextlib.suppress(simlab.InvalidInput):
        run = simlab.load(folder)
        for name in run.tables:
            with contextlib.suppress(simlab.InvalidInput):
                len(run.tables[name])


def case(ground: Ground, seed: int) -> tuple[str, Counter[str]]:
    """Damage a run and use it; returns what was done to it, and how the commands ended. Raises Wrong."""
    rng = random.Random(seed)
    folder = ground.folder / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ground.folder / rng.choice(["whole", "whole", "half"]), folder)
    scene = RaterView(rng, folder, ground.folder / "other", ground.outside)
    done = []
    for damage in rng.sample(DAMAGES, rng.choice([1, 1, 1, 2, 3])):
        with contextlib.suppress(OSError, IndexError, ValueError, RecursionError):  # too damaged for more already
            done.append(damage(scene))
    ends: Counter[str] = Counter()
    again = ["run", str(ground.scenario), "--no-local-plugins", "--out", str(folder), "--quiet"]
    told = "; ".join(done)
    try:
        loaded(folder)
        for words in (["tables", str(folder)], ["tables", str(folder), "comparisons"],
                      ["trace", str(folder), str(ground.label)], ["compare", str(folder), str(ground.other.path)],
                      ["verify", str(folder), "--quiet"], again):  # fmt: skip
            code, _ = command(*words)
            ends[f"{words[0]} {code}"] += 1
        if not code and "manifest" not in told and simlab.load(folder).hashes != ground.whole.hashes:
            raise Wrong("run: ended well, with other tables")
        if ground.checksum() != ground.kept:
            raise Wrong("something outside of the folder was changed")
    except Wrong as wrong:
        raise Wrong(f"seed {seed}: {told}: {wrong}") from wrong
    except Exception as error:
        raise Wrong(f"seed {seed}: {told}: {type(error).__name__}: {error}") from error
    return told, ends


def memory() -> int:
    """The most bytes of memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def fuzz(folder: Path, seeds: range, tell: bool = False) -> list[str]:
    """Try a case for each seed; returns what was wrong."""
    ground = Ground(folder)
    wrong, ends, before = [], Counter[str](), memory()
    for seed in seeds:
        began = time.monotonic()
        try:
            told, ended = case(ground, seed)
            ends += ended
            if tell:
                print(f"{seed}: {time.monotonic() - began:.1f} s, {memory() >> 20} MiB: {told}", flush=True)
        except Wrong as error:
            wrong.append(str(error))
            if tell:
                print(f"WRONG {error}", flush=True)
    if memory() - before > GROWTH:
        wrong.append(f"memory: {memory() - before:,} bytes more than for an undamaged run")
    if tell:
        more = (memory() - before) >> 20
        print(f"{len(seeds)} cases, {len(wrong)} wrong, {more} MiB more; {dict(sorted(ends.items()))}")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ["COLUMNS"] = "120"
    with tempfile.TemporaryDirectory() as place:
        os.environ["SIMLAB_CACHE"] = f"{place}/cache"
        first = asked.seed * 100_000
        sys.exit(bool(fuzz(Path(place), range(first, first + asked.count), tell=True)))
