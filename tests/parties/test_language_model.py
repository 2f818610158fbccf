"""What a language model says is drawn apart from what it is asked, in every use of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simlab import scenario
from simlab.engine.jobs import Jobs, Result, Store
from simlab.plugins.registry import discover
from simlab.rng import Streams, uniforms
from simlab.simulation import Simulation
from simlab.tables.recorder import Recorder
from tests.small_world import FIRST, HURRIED

MANY = ("relations.2.sample=2400", "relations.3.sample=512", "relations.3.consequence.learner.minibatch=512")


class Witness(Jobs):
    """Jobs that keep, of every request for responses, who was asked what and with which draws."""

    def __init__(self) -> None:
        super().__init__(Store.default(), "cpu")
        self.seen: dict[str, list[tuple[NDArray[Any], NDArray[Any]]]] = {}

    def run(self, function: Callable[..., Any], **inputs: Any) -> Result:
        if "uniforms" in inputs:
            self.seen.setdefault(function.__name__, []).append((inputs["prompts"], inputs["uniforms"]))
        return super().run(function, **inputs)


def tied(group: NDArray[np.int64], draw: NDArray[np.float64]) -> bool:
    """Whether a draw depends on the kind of prompt (Kruskal–Wallis, p < 1e-6)."""
    return bool(stats.kruskal(*(draw[group == g] for g in np.unique(group))).pvalue < 1e-6)


@pytest.mark.slow
def test_prompts_and_words_are_drawn_apart(tmp_path: Path) -> None:
    said = scenario.load(FIRST, small=True, overrides=[*HURRIED, *MANY], plugins=discover(local=False))
    witness = Witness()
    simulation = Simulation(said, witness)
    with Recorder(tmp_path, "test", said.added_columns()) as recorder:
        simulation.run(recorder)
    game: Any = simulation.game
    kind = {p.text: p.content if p.fact < 0 else "facts" for p in game.prompts}

    def kinds(prompts: NDArray[Any]) -> NDArray[np.int64]:
        texts = [
            " ".join(game.tokenizer.decode(row)[0]).removeprefix("<start> ").removesuffix(" <sep>") for row in prompts
        ]
        return np.unique([kind[text] for text in texts], return_inverse=True)[1]

    assert set(witness.seen) == {"respond", "train_policy"}
    large = [pair for pairs in witness.seen.values() for pair in pairs if len(pair[0]) >= 500]
    assert len(large) >= 6
    for prompts, draws in large:
        assert not tied(kinds(prompts), draws[:, 0])
    key = Streams(7).key("one stream for both")
    prompts = game.draw_prompts(key, 1000)
    group = np.unique([kind[game.prompts[p].text] for p in prompts.tolist()], return_inverse=True)[1]
    assert tied(group, uniforms(key, np.arange(1000), 0))  # so it would be if they shared a stream
