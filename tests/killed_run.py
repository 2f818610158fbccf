"""Runs that die by SIGKILL at a chosen event, in a process of their own: nothing of simlab can catch it or clean up.

Events are what a run does to the files in its folder and in its cache, so that a moment is the same on every machine.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from simlab.tables import recorder

EVENTS = {"os.rename": "rename", "os.remove": "remove"}  # Python's own names of them; renaming may replace


class Moment(NamedTuple):
    """The `number`-th time that something happens to a file whose name ends so.

    `rename` and `remove` stand for the instant before a file gets its name or goes; `batch` for the one after a batch
    of rows was written to a stream, and `half` for the one in which only half of its bytes are there.
    """

    event: str
    file: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.event}-{self.number}-{self.file.removeprefix('.')}"


def killed(moment: Moment, words: Sequence[str], cache: Path) -> None:
    """Type `simlab` with these words in a new process, and see it die at the moment."""
    killed_in(moment, _simlab, list(words), str(cache))


def killed_in(moment: Moment, work: Callable[..., Any], *arguments: Any) -> None:
    """Call a function in a new process, and see it die at the moment.

    The process is forked from one that has imported simlab and done nothing else, so that it begins at once.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.killed_run", "simlab.simulation", "simlab.cli", "torch", "pandas"])
    process = context.Process(target=_run, args=(moment, work, arguments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"{moment} did not come: exit code {process.exitcode}"


def _simlab(words: list[str], cache: str) -> None:
    from simlab.cli import main

    os.environ["SIMLAB_CACHE"] = cache
    sys.exit(main(words))


def _run(moment: Moment, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    left = [moment.number]

    def come(event: str, file: str) -> bool:
        left[0] -= event == moment.event and file.endswith(moment.file)
        return left[0] == 0

    def watch(event: str, about: tuple[Any, ...]) -> None:
        if event in EVENTS and come(EVENTS[event], str(about[event == "os.rename"])):
            _die()

    def written(stream: Any, batch: pa.RecordBatch) -> None:
        """Write a batch that somebody may not live to finish."""
        before = stream.path.stat().st_size if stream.begun else 0
        write(stream, batch)
        if come("half", stream.path.name):
            os.truncate(stream.path, (before + stream.path.stat().st_size) // 2)
            _die()
        if come("batch", stream.path.name):
            _die()

    recorder.PATIENCE = 0.0  # finished rounds are on disk, however fast they were
    write, recorder._Stream.write = recorder._Stream.write, written  # type: ignore[method-assign]
    sys.addaudithook(watch)
    work(*arguments)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
