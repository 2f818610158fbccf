"""Executors: how the runs of a study are shared out. All of them perform the same tasks, and leave the same tables.

The contract is small: `submit` a task, take the rows of `results` as runs end, `cancel` what has not. Another executor
is a class with these three.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from simlab.errors import InvalidInput, Problem
from simlab.names import clip
from simlab.runs.manifest import MANIFEST
from simlab.studies.task import Task, perform

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

Row = dict[str, Any]
SHARED = (  # slow to import
    "simlab.simulation", "simlab.studies.task", "simlab.plugins.shipped", "pandas", "pyarrow.parquet", "scipy.special",
)  # fmt: skip


class Executor(Protocol):
    """Performs tasks somewhere."""

    def submit(self, task: Task) -> None:
        """Have a task performed, sooner or later."""

    def results(self) -> Iterator[tuple[Task, Row]]:
        """Every task submitted so far or meanwhile, with its row, as each is done."""

    def cancel(self) -> None:
        """Stop, also when all is done: runs under way are given up, and go on where they stopped when they are
        performed again."""


class InThisProcess:
    """One after the other, here."""

    def __init__(self) -> None:
        self._waiting: list[Task] = []

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    def results(self) -> Iterator[tuple[Task, Row]]:
        while self._waiting:
            task = self._waiting.pop(0)
            yield task, perform(task)

    def cancel(self) -> None:
        self._waiting.clear()


class LocalProcesses:
    """Several processes on this machine, each of which performs one task after the other and stays warm.

    Where a process dies, as for want of memory, every run that was under way is performed again by itself, and has
    failed if its process dies once more; all others go on.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._waiting: dict[Future[Row], Task] = {}
        self._pool = _pool(processes)

    def submit(self, task: Task) -> None:
        self._waiting[self._pool.submit(perform, task)] = task

    def results(self) -> Iterator[tuple[Task, Row]]:
        while self._waiting:
            done, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
            lost = []
            for future in done:
                task = self._waiting.pop(future)
                if isinstance(error := future.exception(), BrokenProcessPool):
                    lost.append(task)
                elif error is not None:
                    raise error
                else:
                    yield task, future.result()
            if lost:
                yield from self._again([*lost, *self._waiting.values()])

    def _again(self, tasks: list[Task]) -> Iterator[tuple[Task, Row]]:
        """Begin anew with those that were lost when a process died: those that had begun each by itself."""
        self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        begun = [task for task in tasks if (task.cell.run / MANIFEST).is_file()] or tasks
        for task in begun:
            self._pool = _pool(1)  # which is what `cancel` finds
            try:
                row = self._pool.submit(perform, task).result()
            except BrokenProcessPool:
                row = died(task)
            self._pool.shutdown(wait=False)
            yield task, row
        self._pool = _pool(self._processes)
        for task in tasks:
            if task not in begun:
                self.submit(task)

    def cancel(self) -> None:
        self._waiting.clear()
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            with suppress(OSError, ValueError):
                process.terminate()


def _pool(processes: int) -> ProcessPoolExecutor:
    """Processes that share what they import, where the system can have them do so (forkserver), and nothing else."""
    from multiprocessing import get_all_start_methods, get_context

    if "forkserver" not in get_all_start_methods():
        context: BaseContext = get_context("spawn")
    else:
        context = get_context("forkserver")
        context.set_forkserver_preload([*SHARED])
        _start_deaf_to_ctrl_c()
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_begin)


def _start_deaf_to_ctrl_c() -> None:
    """Start the process that others are forked from while Ctrl-C is ignored: they begin as deaf to it, also before they
    can say so themselves."""
    import signal
    from multiprocessing import forkserver

    if threading.current_thread() is not threading.main_thread():  # who cannot set it
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def died(task: Task) -> Row:
    """The row of a run whose process died."""
    what = "the process died while it ran, as for want of memory"
    failure = {"stage": "running it", "type": "ProcessDied", "message": what, "file": "", "line": None}
    return {"arm": task.arm, "seed": task.seed, "asked": task.asked, "status": "failed", "failure": failure}


def _begin() -> None:
    """Make ready a process that performs tasks: Ctrl-C is for the one that shares them out, and when that one is gone,
    this one goes too."""
    import signal
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.join,), daemon=True).start()


def _leave_after(gone: Callable[[], None]) -> None:
    gone()
    os._exit(1)


class RayTasks:
    """Tasks of Ray (Moritz et al. 2018, "Ray: A Distributed Framework for Emerging AI Applications", OSDI), on a
    cluster that is reached at `address`, or that RAY_ADDRESS names, or on this machine. The study's folder must be
    reachable by the same path everywhere; `cpus`, `gpus` and `memory` (bytes) are what each run takes."""

    def __init__(
        self, address: str | None = None, *, cpus: float = 1.0, gpus: float = 0.0, memory: int | None = None,
        processes: int | None = None,
    ) -> None:  # fmt: skip
        """Raises InvalidInput without Ray, and where this machine is all there is and has not what a run takes, for
        which Ray would wait for ever (a cluster that is reached at an address may grow)."""
        try:
            import ray
        except ImportError:
            fix = "pip install 'simlab[ray]'"
            raise InvalidInput(Problem("--executor ray: Ray is not installed", fix)) from None
        self._ray = ray
        reached = address or os.environ.get("RAY_ADDRESS", "")  # as Ray has it, too
        self._own = not ray.is_initialized()
        if self._own:
            environment = {"env_vars": {"OMP_NUM_THREADS": "1"}}
            quiet = {"log_to_driver": False, "logging_level": "ERROR"}
            local = {} if reached else {"num_cpus": processes, "include_dashboard": False}
            try:
                ray.init(address=reached or "local", runtime_env=environment, **quiet, **local)
            except (ConnectionError, ValueError, ImportError) as error:
                what = f"--executor ray: {reached or 'Ray'} cannot be reached: {clip(str(error), 300)}"
                raise InvalidInput(Problem(what, "ray status --address HOST:PORT says whether it is there")) from error
        if not reached:
            self._require(gpus, memory)
        options = {"num_cpus": cpus, "num_gpus": gpus, "memory": memory, "max_retries": 1}
        self._perform = ray.remote(perform).options(**options)
        self._waiting: dict[Any, Task] = {}

    def _require(self, gpus: float, memory: int | None) -> None:
        there = self._ray.cluster_resources()
        if gpus > there.get("GPU", 0.0):
            what = f"--gpus {gpus:g}: Ray finds {there.get('GPU', 0.0):g} GPUs here"
        elif memory is not None and memory > there.get("memory", 0.0):
            what = f"--memory {memory / 1e9:.3g}GB: Ray finds {there.get('memory', 0.0) / 1e9:.3g}GB here"
        else:
            return
        self._leave()
        raise InvalidInput(Problem(what, "ask for less, or give the address of a cluster: --executor ray://HOST:PORT"))

    def submit(self, task: Task) -> None:
        self._waiting[self._perform.remote(task)] = task

    def results(self) -> Iterator[tuple[Task, Row]]:
        while self._waiting:
            (done, *_), _ = self._ray.wait(list(self._waiting), num_returns=1)
            task = self._waiting.pop(done)
            try:
                yield task, self._ray.get(done)
            except (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.OutOfMemoryError):
                yield task, died(task)

    def cancel(self) -> None:
        for waiting in self._waiting:
            self._ray.cancel(waiting, force=True)
        self._waiting.clear()
        self._leave()

    def _leave(self) -> None:
        if self._own:
            self._ray.shutdown()
