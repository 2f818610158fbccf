"""Large arrays on several cores: pieces of our own work side by side, or ahead of and behind the work that goes on.

Results do not depend on how many threads there are, since pieces share nothing. Plugins are never called in a thread:
they need not be safe there, and the watchdog could not see them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 4  # threads; numpy lets go of the interpreter's lock for too short a time to keep more of them busy
AHEAD = 8  # calls that may wait to be made


def side_by_side(work: Callable[[T], R], pieces: Sequence[T]) -> list[R]:
    """`work` of each piece, in order."""
    threads = min(MOST, cores(), len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(threads) as executor:
        return list(executor.map(work, pieces))


def prefetch(work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
    """`work` of each piece, in order, made in a thread of its own while what came before is being used."""
    if len(pieces) < 2:
        yield from map(work, pieces)
        return
    with ThreadPoolExecutor(1) as executor:
        waiting = deque(executor.submit(work, piece) for piece in pieces[:2])
        for piece in pieces[2:]:
            yield waiting.popleft().result()
            waiting.append(executor.submit(work, piece))
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def write_behind(pieces: int) -> Iterator[Callable[..., None]]:
    """A way to have calls made one after the other in a thread of their own, while this one prepares the next.

    All have been made at the end; what one of them raises is raised here. A single piece is not worth a thread.
    """
    if pieces < 2:
        yield lambda call, *given: call(*given)
        return
    waiting: deque[Future[Any]] = deque()

    def later(call: Callable[..., Any], *given: Any) -> None:
        if len(waiting) == AHEAD:
            waiting.popleft().result()
        waiting.append(executor.submit(call, *given))

    with ThreadPoolExecutor(1) as executor:
        yield later
        while waiting:
            waiting.popleft().result()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
