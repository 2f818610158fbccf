"""A learner of language models in a file of one's own in ./plugins: forty lines, the sources included."""

from __future__ import annotations

from pathlib import Path

import pytest

import simlab
from simlab.testing import checks, load
from tests.small_world import FIRST, HURRIED

MINE = '''"""Policies by REINFORCE against the median of a group, which one lucky response does not move."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

import simlab


class Median(simlab.Learner):
    """A response is held against the median of the responses to its prompt. Source: own idea; after RLOO (Ahmadian et
    al. 2024, arXiv:2402.14740)."""

    name = "median"
    teaches = "language_model"
    iterations: int = Field(10, ge=1, description="batches of responses per look")
    group: int = Field(4, ge=2, description="responses to each prompt")
    rate: float = Field(5e-3, gt=0, description="learning rate at the start")

    def learn(self, network: Any, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.group_baselines import response_loss
        from simlab.nets.practice import Answers, practise

        def against_the_median(said: Answers) -> Answers:
            each = said.worth.view(-1, self.group)
            return said.weighed((each - each.median(1, keepdim=True).values).flatten())

        def loss(logp: Any, said: Answers) -> Any:
            return response_loss(logp, said.logp, said.worth, clip=None)

        return practise(network, lesson, against_the_median, loss, each=self.group, rate=self.rate, minibatch=32)

    def each(self) -> int:
        return self.group

    def passes(self) -> float:
        return 2.0
'''


@pytest.mark.slow
def test_forty_lines_add_a_learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the contract, and teaches in a run: scores rise by more than where nothing is learned (the control)."""
    assert len(MINE.splitlines()) <= 40
    (tmp_path / "plugins").mkdir()
    file = tmp_path / "plugins" / "median.py"
    file.write_text(MINE)
    monkeypatch.chdir(tmp_path)
    for kept in checks(load(file, "median")):
        kept()
    gains = []
    for rate in (5e-3, 1e-12):
        learner = f"relations.3.consequence.learner={{kind: median, rate: {rate}}}"
        settings = [*HURRIED, "days=1", "relations.3.sample=64", learner]
        policy = simlab.run(FIRST, small=True, overrides=settings, out=tmp_path / f"{rate}").policy
        assert len(policy) == 10
        gains.append(policy.objective_scores[-3:].mean() - policy.objective_scores[:3].mean())
    assert gains[0] > gains[1] + 0.3
