"""Calls of plugins that do not come back are ended, and nothing else is."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from simlab.errors import InvalidInput, PluginFailed
from simlab.plugins.registry import Registry
from simlab.plugins.watchdog import patience, watched
from simlab.testing import TRUTH, exchange, load

SLEEPY = '''
import time

import simlab

class Sleepy(simlab.Criterion):
    """Takes its time."""
    name = "sleepy"
    seconds: float = 30.0

    def score(self, exchange, observer):
        self.wait()
        return 1.0

    def wait(self):
        time.sleep(self.seconds)
'''
SEEN = exchange("who is there ?", "nobody .")


@pytest.fixture
def sleepy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    return load(tmp_path / "sleepy.py")


def test_a_call_that_does_not_come_back_is_ended_where_it_hangs(sleepy: Any) -> None:
    with pytest.raises(PluginFailed) as caught, watched(0.2):
        sleepy().score(SEEN, TRUTH)
    assert str(caught.value) == "criterion 'sleepy' was not done with score after 0.2 seconds (sleepy.py:16)"


@pytest.mark.slow
def test_many_calls_may_take_longer_than_one(sleepy: Any) -> None:
    """Forty calls of a hundredth of a second each are four times as long as one call may be."""
    with watched(0.1):
        found = [sleepy(seconds=0.01).score(SEEN, TRUTH) for _ in range(40)]
    assert found == [1.0] * 40


def test_only_plugins_are_watched() -> None:
    with watched(0.05):
        time.sleep(0.3)


def test_an_exception_that_is_swallowed_comes_again(sleepy: Any, tmp_path: Path) -> None:
    swallowing = (
        "        while len(self.times) < 3:\n            try:\n                time.sleep(9)\n"
        "            except Exception as error:\n                self.times.append(error)\n"
        "        raise self.times[-1]\n"
    )
    text = SLEEPY.replace("        time.sleep(self.seconds)\n", swallowing)
    text = text.replace("    seconds: float", "    times: list = []\n    seconds: float")
    (tmp_path / "stubborn.py").write_text(text)
    plugin = load(tmp_path / "stubborn.py")()
    with pytest.raises(PluginFailed, match="was not done"), watched(0.1):
        plugin.score(SEEN, TRUTH)
    assert len(plugin.times) == 3


def test_what_was_there_before_is_there_afterwards(sleepy: Any) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    with watched(5.0):
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0.5
        with pytest.raises(PluginFailed), watched(0.1):
            sleepy().score(SEEN, TRUTH)
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0.5
    assert signal.getsignal(signal.SIGALRM) == handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.slow
def test_elsewhere_a_block_is_simply_run(sleepy: Any) -> None:
    """In another thread, and with no end to the patience."""
    found: list[float] = []

    def ask() -> None:
        with watched(0.05):
            found.append(sleepy(seconds=0.2).score(SEEN, TRUTH))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    with watched(0.0):
        found.append(sleepy(seconds=0.2).score(SEEN, TRUTH))
    assert found == [1.0, 1.0]


def test_an_import_that_does_not_come_back_is_a_broken_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.plugins.registry.IMPORT", 0.2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "endless.py").write_text("import time\n\ntime.sleep(30)\n")
    registry = Registry()
    registry.load_file(tmp_path / "endless.py")
    (entry,) = registry.entries
    assert (entry.ok, entry.line) == (False, 3)
    assert entry.error == "line 3: PluginFailed: the plugin was not imported after 0.2 seconds (endless.py:3)"


def test_patience_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMLAB_PATIENCE", raising=False)
    assert patience() == 300.0
    for said, seconds in (("2.5", 2.5), ("0", 0.0)):
        monkeypatch.setenv("SIMLAB_PATIENCE", said)
        assert patience() == seconds
    for wrong in ("soon", "-1", "nan", "inf"):
        monkeypatch.setenv("SIMLAB_PATIENCE", wrong)
        with pytest.raises(InvalidInput, match="is no number of seconds"):
            patience()
