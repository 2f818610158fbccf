"""The watchdog: a call of a plugin that does not come back is ended, with a sentence that says where it hangs.

While a block is watched, the stack is looked at every so often. If the same call of a plugin has been under way for
longer than the patience there is, `PluginFailed` is raised inside it. That takes a timer signal (`signal.setitimer`),
and so works on Linux and macOS, in a process's main thread; on Windows and in other threads a block is simply run,
and a plugin that sleeps forever is stopped with Ctrl-C. Nothing is changed by being looked at: no draw, no number.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from simlab.components.component import Component
from simlab.errors import InvalidInput, PluginFailed
from simlab.names import from_here, who
from simlab.provenance import is_plugin

PATIENCE = 300.0  # seconds for one call of a plugin while a run is under way
_LOOKS = 8  # looks at the stack within that time
_SHORTEST = 0.01  # seconds between two looks


def patience() -> float:
    """Seconds a call of a plugin may take in a run: `SIMLAB_PATIENCE`, or 300; 0 is without end."""
    said = os.environ.get("SIMLAB_PATIENCE", "")
    try:
        seconds = float(said) if said else PATIENCE
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise InvalidInput(f"SIMLAB_PATIENCE={said!r} is no number of seconds (300 by default, 0: no end)")
    return seconds


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """Run a block in which no single call of a plugin may take much longer than `seconds`; 0 is without end."""
    if not seconds or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    every = max(_SHORTEST, seconds / _LOOKS)
    handler = signal.signal(signal.SIGALRM, _Watch(seconds).check)
    timer = signal.setitimer(signal.ITIMER_REAL, every, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


class _Watch:
    """Which call of a plugin was under way at the last look, and since when."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.call: FrameType | None = None
        self.since = 0.0

    def check(self, signum: int, frame: FrameType | None) -> None:
        innermost, call = _plugin_call(frame)
        if call is not self.call or call is None or innermost is None or not _timed(call):
            self.call, self.since = call, time.monotonic()
        elif time.monotonic() - self.since >= self.seconds:
            place = f"{from_here(Path(innermost.f_code.co_filename))}:{innermost.f_lineno}"
            self.call = None
            raise PluginFailed(f"{_name(call)} after {self.seconds:g} seconds ({place})")


def _plugin_call(frame: FrameType | None) -> tuple[FrameType | None, FrameType | None]:
    """The innermost frame that runs a plugin's own code, and the frame by which its plugin was entered."""
    while frame is not None and not is_plugin(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    innermost = entered = frame
    while frame is not None and is_plugin(frame.f_globals.get("__name__", "")):
        entered, frame = frame, frame.f_back
    return innermost, entered


def _timed(call: FrameType) -> bool:
    """Whether a call should be over soon: learners take as long as they take."""
    return bool(getattr(call.f_locals.get("self"), "timed", True))


def _name(call: FrameType) -> str:
    plugin = call.f_locals.get("self")
    if isinstance(plugin, Component):
        return f"{who(plugin)} was not done with {call.f_code.co_name}"
    if call.f_code.co_name == "<module>":
        return "the plugin was not imported"
    return f"{call.f_code.co_name} of a plugin was not done"
