"""Learners of reward models: what each parameter changes, on a small lesson; and a run in which they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.components.learner import RankingLesson
from simlab.engine.jobs import Store
from simlab.plugins.registry import discover
from simlab.testing.learners import lesson, network, numbers
from tests.small_world import FIRST, HURRIED

pytest.importorskip("torch")
LEARNER = "relations.2.consequence.learner="


def made(name: str, **settings: Any) -> Any:
    return discover(local=False).get("learner", name)(**settings)


def told() -> RankingLesson:
    """The small lesson of the contract, ranked by people who also perceived differences; half as much is held out."""
    whole = lesson(made("bradley_terry"), [])
    seen = np.random.default_rng(0).exponential(size=whole.labels.shape)
    parts = [
        RankingLesson(whole.prompts[rows], whole.responses[rows], whole.labels[rows], None, 3, perceived=seen[rows])
        for rows in (slice(0, 64), slice(64, 96))
    ]
    parts[0].held_out = parts[1]
    return parts[0]


def taught(name: str, **settings: Any) -> tuple[Any, Any]:
    """Numbers of a network taught by this learner, and its rows."""
    learner = made(name, epochs=2, batch=16, **settings)
    machine = network(learner)
    rows = learner.learn(machine, told())
    return numbers(machine), rows


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("bradley_terry", {"margin": 1.0}),
        ("bradley_terry", {"margin": 1.0, "margin_by": "votes"}),
        ("bradley_terry", {"margin": 1.0, "margin_by": "perceived"}),
        *[
            (name, {key: value})
            for name in ("bradley_terry", "plackett_luce")
            for key, value in (("center_rewards_coefficient", 0.1), ("weight_decay", 0.1), ("max_grad_norm", 0.1))
        ],
    ],
)
def test_every_parameter_changes_what_is_learned(name: str, settings: dict[str, Any]) -> None:
    usual, again, other = taught(name)[0], taught(name)[0], taught(name, **settings)[0]
    assert np.array_equal(usual, again)
    assert not np.array_equal(usual, other)


def test_margins_by_different_strengths_differ() -> None:
    found = [taught("bradley_terry", margin=1.0, margin_by=by)[0] for by in ("places", "votes", "perceived")]
    assert not any(np.array_equal(found[i], found[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("name", ["bradley_terry", "plackett_luce"])
def test_epochs_are_told_and_stopped_early(name: str) -> None:
    """By held-out rankings that are preferred the other way round, learning anything is too much."""
    learner = made(name, epochs=6, batch=16, early_stopping_patience=1)
    against = told()
    assert against.held_out is not None
    against.held_out.labels = np.array([0, 2, 1])[against.held_out.labels]
    *epochs, last = learner.learn(network(learner), against)
    assert len(epochs) == last["epochs"] == last["kept"] + 1 < 6
    assert "eval_loss" in epochs[0]
    *epochs, last = learner.learn(network(learner), told())  # the control: they agree
    assert len(epochs) == last["epochs"] == 6


def test_orders_and_pairs_are_fitted_differently() -> None:
    assert not np.array_equal(taught("bradley_terry")[0], taught("plackett_luce")[0])


# ---- in runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("jobs"))


def run(folder: Path, store: Store, *settings: str) -> simlab.Run:
    overrides = [*HURRIED, "days=1", "parties.pool.ranking=4", "parties.pool.held_out=0.3", *settings]
    return simlab.run(FIRST, small=True, overrides=overrides, out=folder, store=store, local=False)


@pytest.mark.slow
def test_a_run_writes_down_every_epoch_of_every_member(store: Store, tmp_path: Path) -> None:
    """What the last epoch says of held-out pairs is what the look says of the model."""
    found = run(tmp_path / "run", store, "parties.rm.members=2", f"{LEARNER}{{kind: plackett_luce, epochs: 2}}")
    assert found.epochs.member.tolist() == [1, 1, 2, 2]
    assert found.epochs.epoch.tolist() == [1, 2, 1, 2]
    assert found.epochs.kept.tolist() == [False, True, False, True]
    assert found.epochs.notna().all(axis=None)
    assert found.reward_model.loss.item() == pytest.approx(found.epochs.loss[found.epochs.kept].mean())
    single = run(tmp_path / "single", store, f"{LEARNER}{{kind: bradley_terry, early_stopping_patience: 1}}")
    kept = single.epochs[single.epochs.kept]
    assert kept.eval_accuracy.item() == pytest.approx(single.reward_model.accuracy_held_out.item())
    assert kept.eval_loss.item() == single.epochs.eval_loss.min()


@pytest.mark.slow
def test_fewer_epochs_cost_less(store: Store, tmp_path: Path) -> None:
    """Operations are those of the epochs that were run."""
    operations, ran = [], []
    for patience in (0, 1):
        said = f"{LEARNER}{{kind: bradley_terry, epochs: 6, rate: 0.02, early_stopping_patience: {patience}}}"
        found = run(tmp_path / f"{patience}", store, said)
        labor = found.labor[(found.labor.party == "rm") & (found.labor.kind == "training")]
        ran.append(len(found.epochs))
        operations.append(labor.flops.sum())
    assert ran[1] < ran[0] == 6
    assert 0 < operations[1] == pytest.approx(operations[0] * ran[1] / 6)


@pytest.mark.slow
def test_a_reward_model_reads_its_trunk_only(store: Store, tmp_path: Path) -> None:
    """From the scenario to the score: its networks hold no pretrained model, and judge otherwise."""
    usual, without = (
        run(tmp_path / name, store, f"parties.rm.log_probability={name}").reward_model for name in ("true", "false")
    )
    assert usual.labels.item() == without.labels.item()
    assert usual.loss.item() != without.loss.item()
    assert without.score_std.item() > 0
