"""A learner of one's own, in a file beside the scenario: it is found, teaches, and is part of what is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.arrays import Array
from simlab.components.learner import Learner, VectorRewardLesson
from simlab.engine.jobs import Jobs, Store
from simlab.errors import InvalidInput, PluginFailed
from simlab.machines.training_jobs import train_reward_model, train_vector
from simlab.testing import load as loaded
from tests.small_world import LEARN, TRAIN, played, written

MINE = '''
import numpy as np
from pydantic import Field
import simlab

class Mine(simlab.Learner):
    """Goes some way toward the reward, whatever the leash. Source: own idea."""
    name = "mine"
    teaches = "language_model"
    networks, vectors = False, True
    far: float = Field(1.0, gt=0, description="how far")

    def learn_vector(self, vector, lesson):
        return self.far * lesson.reward / np.linalg.norm(lesson.reward)

class Judge(simlab.Learner):
    """Believes the sum of what was preferred. Source: own idea."""
    name = "judge"
    teaches = "reward_model"
    networks, vectors = False, True

    def learn_vector(self, vector, lesson):
        return (lesson.differences * (2 * lesson.wins - 1)[:, None]).mean(axis=0)
'''


def scenario(folder: Path, changes: dict[str, Any]) -> Any:
    from tests.loading import load

    (folder / "mine.py").write_text(MINE)
    return load(written(folder / "scenario.yaml", changes))


def test_it_teaches(tmp_path: Path) -> None:
    """A model of vectors goes as far as it is told; and a judge by a mean judges much like one by a likelihood."""
    changes = {
        f"{TRAIN}.consequence": {"kind": "gradient", "learner": {"kind": "mine", "far": 0.7}},
        f"{LEARN}.consequence": {"kind": "gradient", "learner": "judge"},
    }
    read = scenario(tmp_path, changes)
    assert {("learner", "mine"), ("learner", "judge")} <= set(read.plugins_used())
    run = played(read, tmp_path / "run")
    assert run.policy.objective_kl.item() == pytest.approx(0.7**2 / 2)
    direction, mean = run.context.parties["rm"].backend.direction, run.context.parties["lm"].backend.mean
    np.testing.assert_allclose(mean, 0.7 * direction / np.linalg.norm(direction))
    usual = played(scenario(tmp_path, {}), tmp_path / "usual").context.parties["rm"].backend.direction
    assert np.corrcoef(direction, usual)[0, 1] > 0.9
    assert run.reward_model.accuracy_held_out.item() > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "learner", "said"),
    [
        (LEARN, "mine", "mine is no learner of raters → reward_model (possible: bradley_terry, plackett_luce, judge)"),
        (TRAIN, "judge", "judge is no learner of reward_model → language_model (possible: best_of_n, expert_"),
        (TRAIN, "reinforce", "reinforce is for worlds with networks (leave the learner out, or use tilt)"),
        (TRAIN, "mime", "there is no learner called 'mime' (did you mean 'mine'?"),
        (TRAIN, {"kind": "mine", "fat": 1}, "unknown key 'fat' (did you mean 'far'?"),
        (TRAIN, {"kind": "mine", "far": 0}, "learner.far: 0 should be greater than 0"),
    ],
)
def test_what_cannot_be_is_refused_in_its_line(place: str, learner: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        scenario(tmp_path, {f"{place}.consequence": {"kind": "gradient", "learner": learner}})
    assert said in str(error.value)


def test_what_is_computed_by_other_code_is_computed_again(tmp_path: Path) -> None:
    """A learner's file, and its parameters, are a part of a job's key."""
    file = tmp_path / "mine.py"
    keys = []
    for text, far in ((MINE, 1.0), (MINE, 2.0), (MINE.replace("lesson.reward /", "2 * lesson.reward /"), 1.0)):
        file.write_text(text)
        learner = loaded(file, "mine")(far=far)
        keys.append(Jobs(Store(None), "cpu").key(train_reward_model, {"learner": learner, "seed": 1}))
    assert len(set(keys)) == 3


class Odd(Learner):
    """Gives whatever it was made with."""

    name = "odd"
    found: Any

    def learn_vector(self, vector: Array, lesson: Any) -> Array:
        if isinstance(self.found, str):
            raise ZeroDivisionError("no way")
        return self.found  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (np.ones(3), "must give 2 finite numbers; it gave (3,)"),
        (np.array([1.0, np.nan]), "must give 2 finite numbers; it gave some that are not finite"),
        (None, "must give 2 finite numbers; it gave None"),
        ("error", "raised ZeroDivisionError: no way"),
    ],
)
def test_what_no_learner_may_give_is_named(found: Any, said: str) -> None:
    with pytest.raises(PluginFailed, match="learner 'odd'") as error:
        train_vector(Odd(found=found), np.zeros(2), VectorRewardLesson(np.ones(2), 1.0, 0))
    assert said in str(error.value)
