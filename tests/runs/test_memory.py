"""A process that performs run after run has no more memory than the largest of them takes."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab import runner, simulation

SCENARIO = Path(__file__).parent.parent.parent / "scenarios" / "00_gaussian.yaml"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not say how much memory there is")
@pytest.mark.parametrize(("grown", "gone"), [(-(1 << 62), True), (1 << 62, False)])
def test_a_run_that_made_a_process_larger_leaves_nothing_behind(
    grown: int, gone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What parties hold of one another goes at once, and not when Python next looks; after a small run it may wait."""
    made: list[weakref.ref[Any]] = []

    class Watched(simulation.Simulation):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(weakref.ref(self))

    monkeypatch.setattr(runner, "GROWN", grown)
    monkeypatch.setattr(simulation, "Simulation", Watched)
    gc.disable()
    try:
        simlab.run(SCENARIO, out=tmp_path / "run", small=True)
        assert (made[0]() is None) == gone
    finally:
        gc.enable()
