"""Scores of several reward models that a rule makes one of: the rule's own number, standardized again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from simlab.components.combination import Combination
from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from simlab.machines.joint_score import JointScore, joint, read
from simlab.nets.ensemble import Jury
from simlab.plugins.registry import discover
from tests.loading import load
from tests.machines.test_judges import ensembles, judged
from tests.small_world import FIRST, HURRIED, Played, played, written

NAMES = ("rm", "care")


def rule(name: str, **parameters: Any) -> Combination:
    made = discover(local=False).get("combination", name)(**parameters)
    assert isinstance(made, Combination)
    return made


@pytest.fixture
def scores() -> np.ndarray[Any, Any]:
    """Standardized scores of two judges [2, n], which disagree."""
    return np.random.default_rng(3).normal(size=(2, 4000))


def test_the_minimum_is_that_of_the_worse_score(scores: np.ndarray[Any, Any]) -> None:
    """Equal weights: the order is that of the lower score; unequal ones: who has half the weight is never below ½."""
    equal = JointScore(rule("minimum"), NAMES, (1.0, 1.0)).of(scores)
    np.testing.assert_allclose(equal, ndtr(scores.min(axis=0)))
    half = JointScore(rule("minimum"), NAMES, (1.0, 0.5)).of(scores)
    np.testing.assert_allclose(half, np.minimum(ndtr(scores[0]), np.maximum(0.5, ndtr(scores[1]))))
    assert abs(half - equal).max() > 0.3


def test_a_limit_of_one_judge_goes_before_what_the_other_likes(scores: np.ndarray[Any, Any]) -> None:
    found = JointScore(rule("veto", limits={"care": 0.3}), NAMES, (1.0, 0.0)).of(scores)
    broken = ndtr(scores[1]) < 0.3
    assert found[broken].max() < found[~broken].min()
    kept = np.flatnonzero(~broken)
    np.testing.assert_array_equal(np.argsort(found[kept]), np.argsort(scores[0][kept]))


@pytest.mark.parametrize("name", ["minimum", "lexicographic"])
def test_its_unit_is_that_of_the_reference(name: str, scores: np.ndarray[Any, Any]) -> None:
    made = JointScore(rule(name), NAMES, (1.0, 0.7)).standardized(scores[:, :2000])
    assert made.of(scores[:, :2000]).mean() == pytest.approx(0, abs=1e-9)
    assert made.of(scores[:, :2000]).std() == pytest.approx(1)
    np.testing.assert_array_equal(read(made.written()).of(scores), made.of(scores))


def test_a_sum_needs_no_rule() -> None:
    assert joint(rule("weighted"), NAMES, (1.0, 1.0)) is None
    assert joint(None, NAMES, (1.0, 1.0)) is None


def test_a_jury_asks_its_rule() -> None:
    """Of whole responses, and of what they consist of before each word, which ends as the whole less its last word."""
    tokens = torch.randint(3, 20, (7, 9), generator=torch.Generator().manual_seed(2))
    prompts, responses = tokens[:, :5], tokens[:, 5:]
    one, two = ensembles()
    jury = Jury([one, two], [1.0, 1.0], [True, False], lambda scores: scores.amin(0))
    added = jury.of_tokens(prompts, responses)
    expected = torch.minimum(one.score(prompts, responses), two.score(prompts, responses))
    torch.testing.assert_close(jury.standardized(added), expected)
    shorter = Jury([one, two], [1.0, 1.0], [True, False], lambda scores: scores.amin(0))
    cut = shorter.standardized(shorter.of_tokens(prompts, responses[:, :-1]))
    torch.testing.assert_close(jury.so_far(added)[:, -1], cut)


# ---- whole runs ------------------------------------------------------------------------------------------------------

GRADIENT = "{kind: gradient, learner: {kind: ppo, iterations: 1, rate: 3.0e-4}, shape: {kind: plain, beta: 0.2}"


def run(folder: Path, combine: str, measured: bool = True) -> Played:
    """FIRST in a hurry, with a second judge who minds harm alone."""
    folder.mkdir()
    gradient = f"{GRADIENT}, combine: {combine}}}"
    settings = [
        "parties.nurses={kind: raters, count: 4, values: {harmless: 1}}",
        "parties.care=reward_model",
        f"relations.3.consequence={gradient}",
        "relations.4={principal: nurses, agent: care, every: 1, sample: 60, consequence: gradient}",
        f"relations.5={{principal: care, agent: lm, every: 1, sample: 16, consequence: {gradient}}}",
    ]
    scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", *settings])
    return played(scenario, folder, Store.default(), measured=measured)


@pytest.mark.slow
def test_a_rule_is_another_reward_and_is_measured(tmp_path: Path) -> None:
    """The same judges, learned from the same labels; the policy learns from another number of their scores."""
    least, added = run(tmp_path / "least", "minimum"), run(tmp_path / "sum", "weighted")
    assert least.comparisons.equals(added.comparisons)
    assert not np.allclose(least.policy.objective_scores, added.policy.objective_scores)
    link = least.waterfall[least.waterfall.agent == "rm + care"]
    other = added.waterfall[added.waterfall.agent == "rm + care"]
    assert link.rho.notna().any()
    assert not np.allclose(link.rho.dropna(), other.rho.dropna())
    assert ("combination", "minimum") in least.context.scenario.plugins_used()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, r"combine: minimum bends the score, and a world without networks knows no optimum then"),
        ({"relations.5.consequence.combine": "weighted"}, r"the combine of rm is .*minimum"),
        (
            {f"relations.{n}.consequence.combine": {"kind": "veto", "limits": {"helpful": 0.5}} for n in (3, 5)},
            r"'helpful' is no reward model that judges lm",
        ),
        ({"relations.2.consequence": {"kind": "gradient", "combine": "minimum"}}, r"a combination belongs to"),
    ],
)  # fmt: skip
def test_what_cannot_be_combined_is_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    least = {f"relations.{n}.consequence.combine": "minimum" for n in (3, 5)}
    with pytest.raises(InvalidInput, match=said):
        load(written(tmp_path / "scenario.yaml", {**judged((1.0, 0.5)), **least, **changes}))


def test_one_judge_has_nothing_to_combine() -> None:
    with pytest.raises(InvalidInput, match=r"minimum combines several reward models, and one judges lm"):
        load(FIRST, overrides=["relations.3.consequence.combine=minimum"])
