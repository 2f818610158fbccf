"""Several reward models in one run: members that learn side by side, and one that limits another.

The small form of `01_first`, in a hurry: the networks hardly learn, but come the whole way.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from tests.loading import load
from tests.small_world import FIRST, HURRIED, play, played

THREE = "parties.rm.members=3"
SHAPE = "relations.3.consequence.shape="


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What the runs here share: one pretrained model, and members that are the same whatever their shape."""
    return Store(tmp_path_factory.mktemp("jobs"))


def run(folder: Path, store: Store, *settings: str, file: Path = FIRST) -> simlab.Run:
    overrides = [*HURRIED, *settings]
    return simlab.run(file, small=True, overrides=overrides, out=folder, store=store, local=False)


def machine(folder: Path, store: Store, *settings: str) -> Any:
    """The reward model as a run left it."""
    folder.mkdir()
    scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", *settings])
    return played(scenario, folder, store, measured=False).context.parties["rm"]


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["ensemble_mean", "ensemble_worst", "ensemble_uncertain"])
def test_an_ensemble_is_the_same_cold_and_cached(shape: str, store: Store, tmp_path: Path) -> None:
    settings = ("days=1", THREE, SHAPE + shape)
    cold, cached = (run(tmp_path / name, store, *settings) for name in ("cold", "cached"))
    assert cold.hashes == cached.hashes
    assert (cold.reward_model.disagreement > 0.1).all()


def limited(folder: Path) -> Path:
    """`01_first` with a second reward model, of three members, which learns by raters who mind one thing only."""
    file = folder / "limited.yaml"
    parties = (
        "  nurses: {kind: raters, count: 4, values: {harmless: 1}}\n",
        "  care: {kind: reward_model, members: 3}\n",
    )
    relation = "  - {principal: nurses, agent: care, every: 1, sample: 60, consequence: gradient}\n"
    text = FIRST.read_text().replace("\nrelations: ", "".join(["\n", *parties, "relations: "]))
    text = text.replace("\nsmall: ", f"\n{relation}waterfall: {{path: [pool, rm, lm], redraw: [rm, lm]}}\nsmall: ")
    file.write_text(text)
    return file


@pytest.mark.slow
def test_a_second_reward_model_limits_the_first(store: Store, tmp_path: Path) -> None:
    """The multiplier moves by the published step from iteration to iteration and on into the next round."""
    shape = SHAPE + "{kind: constrained, cost: care, limit: -0.3, step: 0.5}"
    settings = (shape, "relations.3.consequence.learner.iterations=2")
    cold, cached = (run(tmp_path / name, store, *settings, file=limited(tmp_path)) for name in ("cold", "cached"))
    assert cold.hashes == cached.hashes
    policy = cold.policy
    assert list(policy["round"]) == [1, 1, 2, 2]
    for before, after in zip(policy.itertuples(), policy.iloc[1:].itertuples(), strict=False):
        factor = math.exp(0.5 * before.coefficient * (before.objective_cost + 0.3))
        assert after.coefficient == pytest.approx(before.coefficient * factor)
    assert policy.coefficient.nunique() == 4
    assert {"care", "rm"} == set(cold.reward_model.agent)
    assert {"care", "nurses"} <= {*cold.alignment.a, *cold.alignment.b}
    first = cold.policy.iloc[0].time
    assert cold.reward_model[cold.reward_model.agent == "care"].time.min() <= first  # it had learned before
    assert (
        cold.waterfall[(cold.waterfall.agent == "lm") & (cold.waterfall.principal == "rm")].reliability[1:].gt(0).all()
    )


@pytest.mark.slow
def test_a_single_member_is_what_a_reward_model_was(store: Store, tmp_path: Path) -> None:
    """The first member of several has the draws of one alone; and nobody differs from oneself."""
    party, single = (machine(tmp_path / f"{n}", store, f"parties.rm.members={n}") for n in (3, 1))
    assert single.disagreement == 0 < party.disagreement
    assert party.backend.weights[0].key == single.backend.weights[0].key
    assert len({result.key for result in party.backend.weights}) == 3


@pytest.mark.slow
def test_what_a_fixed_model_reads_is_read_once(store: Store, tmp_path: Path) -> None:
    """Members of a reward model share the pretrained model's reading of a response, whatever they have learnt; and a
    language model that has not learnt is its own reference."""
    rm = machine(tmp_path / "rm", store, "parties.rm.members=3")
    jobs, known = rm.context.jobs, rm.reference[np.arange(50)]
    ran = jobs.ran
    rm.backend.each(known)
    assert jobs.ran == ran  # it has read them when it found the zero of its score
    items = rm.backend.language.sample(known.prompt, 7)
    ran = jobs.ran
    rm.backend.each(items)
    assert jobs.ran == ran + 1 + 3
    other = rm.backend.fresh()
    other.weights = rm.backend.weights[:1]
    other.each(items)
    assert jobs.ran == ran + 1 + 3  # the same weights, and the same parts of what is read
    untaught = rm.backend.language.fresh()
    assert (untaught.preference(items) == 0).all()
    assert jobs.ran == ran + 1 + 3  # at this temperature the reference reads as the frozen model does


def test_a_shape_discounts_as_its_learner_does() -> None:
    with pytest.raises(InvalidInput, match=r"shape\.gamma: potential discounts by 0\.9, but its learner by 1"):
        load(FIRST, overrides=[SHAPE + "{kind: potential, gamma: 0.9}"])
    learner = "relations.3.consequence.learner={kind: ppo, gamma: 0.9}"
    load(FIRST, overrides=[SHAPE + "{kind: potential, gamma: 0.9}", learner])


def test_the_score_is_the_mean_of_the_members(tmp_path: Path) -> None:
    machine: Any = play(tmp_path, {"parties.rm.members": 3}).context.parties["rm"]
    each = machine.backend.each(machine.reference)
    assert each.shape == (3, len(machine.reference))
    score = machine.score(machine.reference)
    np.testing.assert_allclose(score * machine.scale + machine.centre, each.mean(axis=0))
    assert score.mean() == pytest.approx(0, abs=1e-9)
    assert score.std() == pytest.approx(1)
    np.testing.assert_allclose((each.std(axis=1) / machine.scales), 1)
    assert machine.disagreement > 0
