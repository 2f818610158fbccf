"""A hurried run of the first scenario, whose language model is watched closely while it learns."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import simlab
from tests.small_world import FIRST, HURRIED

CLOSELY = (
    "panel.best_of={samples: 32, prompts: 20, sources: [reference, current]}",
    "panel.learning_curve={every: 2, prompts: 30}",
)
ALIKE = ("relations.3.consequence.learner.iterations=3", "waterfall.redraw=[]")


@cache
def watched(folder: Path, *settings: str, closely: bool = True) -> simlab.Run:
    """The run, with further settings, or what it is where nobody looks `closely`."""
    overrides = [*HURRIED, *ALIKE, *(CLOSELY if closely else ()), *settings]
    return simlab.run(FIRST, small=True, overrides=overrides, out=mkdtemp(dir=folder), local=False)
