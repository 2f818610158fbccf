"""B-Pref's teachers, label by label, against the published order of operations written down literally."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simlab.components.rater_view import second
from simlab.theory.raters import cohort, draws, policy

COUNT, STEPS = 4000, 5
TEACHERS: dict[str, dict[str, Any]] = {  # as published: one irrationality each
    "bpref_oracle": {},
    "bpref_stoc": {"beta": 1.0},
    "bpref_mistake": {"epsilon": 0.1},
    "bpref_skip": {"skip": 0.1},
    "bpref_equal": {"equal": 0.1},
    "bpref_myopic": {"gamma": 0.9},
}
AT_ONCE = {"beta": 1.5, "gamma": 0.8, "epsilon": 0.2, "skip": 0.4, "equal": 0.3}
AVERAGE = 2.0


def teacher(
    left: list[float], right: list[float], chance: float, slip: float, *, beta: float = math.inf, gamma: float = 1.0,
    epsilon: float = 0.0, skip: float = 0.0, equal: float = 0.0,
) -> int:  # fmt: skip
    """Algorithm 1 of Lee et al. (2021) for one query: 1 left, 2 right, 0 skipped or equal.

    `chance` is the uniform draw of the choice and `slip` that of the mistake; thresholds are of the plain returns.
    """
    if skip > 0 and max(sum(left), sum(right)) < skip * AVERAGE:
        return 0
    if equal > 0 and abs(sum(left) - sum(right)) < equal * AVERAGE:
        return 0
    last = len(left) - 1
    first = sum(gamma ** (last - t) * reward for t, reward in enumerate(left))
    other = sum(gamma ** (last - t) * reward for t, reward in enumerate(right))
    if math.isinf(beta):
        label = 1 if first > other else 2
    else:
        label = 1 if chance < math.exp(beta * first) / (math.exp(beta * first) + math.exp(beta * other)) else 2
    if slip < epsilon:
        label = 3 - label
    return label


def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The shared table: rewards [n, 2, T], draws as the engine makes them, and the second draws that go with them."""
    rewards = np.random.default_rng(8).normal(0.1, 0.5, size=(COUNT, 2, STEPS))
    uniforms = draws(4, "teachers", COUNT)
    return rewards, uniforms, second(uniforms[:, 2], "mistake")


def transcribed(**settings: float) -> np.ndarray:
    rewards, uniforms, slips = table()
    rows = zip(rewards.tolist(), uniforms[:, 2].tolist(), slips.tolist(), strict=True)
    return np.array([teacher(left, right, chance, slip, **settings) for (left, right), chance, slip in rows])


def said(name: str, **settings: Any) -> np.ndarray:
    rewards, uniforms, _ = table()
    return policy(name, average_return=AVERAGE, **settings).choose(rewards, cohort(COUNT), uniforms)[:, 0]


@pytest.mark.slow
@pytest.mark.parametrize("name", TEACHERS)
def test_each_teacher_says_what_the_algorithm_says(name: str) -> None:
    label = said(name)
    assert label.tolist() == transcribed(**TEACHERS[name]).tolist()
    others = [transcribed(**settings) for other, settings in TEACHERS.items() if other != name]
    assert all((label != other).any() for other in others)  # the table tells them apart


def test_all_irrationalities_at_once_in_the_published_order() -> None:
    ours = said("bpref", beta=1.5, gamma=0.8, eps_mistake=0.2, eps_skip=0.4, eps_equal=0.3)
    assert ours.tolist() == transcribed(**AT_ONCE).tolist()
    assert set(ours.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("wrong", ["epsilon twice", "discounted thresholds", "mistakes before choices of equals"])
def test_other_orders_say_something_else(wrong: str) -> None:
    """The training script's double threshold, thresholds of myopic returns, and flips that undo ties are none of it."""
    ours = said("bpref", beta=1.5, gamma=0.8, eps_mistake=0.2, eps_skip=0.4, eps_equal=0.3)
    rewards, uniforms, slips = table()
    if wrong == "epsilon twice":
        theirs = transcribed(**AT_ONCE | {"skip": 0.4**2, "equal": 0.3**2})
    elif wrong == "discounted thresholds":
        myopic = rewards * 0.8 ** np.arange(STEPS)[::-1]
        rows = zip(myopic.tolist(), uniforms[:, 2].tolist(), slips.tolist(), strict=True)
        theirs = np.array([teacher(*pair, c, s, **AT_ONCE | {"gamma": 1.0}) for pair, c, s in rows])
    else:
        theirs = np.where((ours == 0) & (slips < 0.2), 1, ours)
    assert (ours != theirs).mean() > 0.01


def test_the_second_draw_is_uniform_and_tells_nothing_of_the_first() -> None:
    _, uniforms, slips = table()
    assert abs(slips.mean() - 0.5) < 4 * math.sqrt(1 / 12 / COUNT)
    assert abs(np.corrcoef(uniforms[:, 2], slips)[0, 1]) < 4 / math.sqrt(COUNT)
    assert (second(uniforms[:, 2], "another") != slips).all()
    assert (second(uniforms[:, 2], "mistake") == slips).all()
