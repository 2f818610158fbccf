"""The tilt goes to the optimum θ/β: the longer the leash, the less it costs to go far."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.components.learner import VectorRewardLesson
from simlab.plugins.registry import discover


@pytest.mark.parametrize("beta", [0.1, 0.5, 2.0])
def test_it_goes_to_the_optimum_in_one_step_or_by_shares(beta: float) -> None:
    tilt, reward = discover(local=False).get("learner", "tilt"), np.array([1.0, -2.0])
    lesson, here = VectorRewardLesson(reward, beta, 0), np.array([4.0, 4.0])
    np.testing.assert_allclose(tilt().learn_vector(here, lesson), reward / beta)
    np.testing.assert_allclose(tilt(step=0.25).learn_vector(here, lesson), 0.75 * here + 0.25 * reward / beta)
