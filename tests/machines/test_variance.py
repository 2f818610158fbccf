"""Reward models that learn variances, in runs: what tables, lessons, saved networks and a reward shape have of them.

The small form of `01_first`, in a hurry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from simlab.machines.saved import read
from simlab.measures.panel import Panel
from simlab.tables.schemas import TABLES
from tests.loading import load
from tests.small_world import FIRST, HURRIED, played

pytestmark = pytest.mark.slow

VARIANCE = "parties.rm.variance=true"
SHAPE = "relations.3.consequence.shape="


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("jobs"))


def run(folder: Path, store: Store, *settings: str) -> simlab.Run:
    overrides = [*HURRIED, *settings]
    return simlab.run(FIRST, small=True, overrides=overrides, out=folder, store=store, local=False)


def machine(folder: Path, store: Store, *settings: str) -> Any:
    """The reward model as a run left it."""
    folder.mkdir()
    scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", VARIANCE, *settings])
    return played(scenario, folder, store, measured=False).context.parties["rm"]


def test_tables_say_how_far_people_differ(store: Store, tmp_path: Path) -> None:
    """`responses` and `candidates` have the column, NaN before it has learned; a second run of it, from what was kept,
    is the same; and those of a model without variance have no such column."""
    settings = ("panel.candidates=true", VARIANCE, "parties.rm.members=2")
    found, again = (run(tmp_path / name, store, *settings) for name in ("found", "again"))
    assert found.hashes == again.hashes
    for rows in (found.responses, found.candidates):
        learned = rows["round"] > 0
        assert rows.deviation_rm[~learned].isna().all()
        assert (rows.deviation_rm[learned] > 0).all()
    assert "deviation_rm" not in found.learning_curve
    assert "standard deviation" in found.responses.attrs["columns"]["deviation_rm"]
    plain = run(tmp_path / "plain", store, "days=1")
    assert not [name for name in plain.responses if name.startswith("deviation_")]
    assert TABLES["responses"].means("deviation_rm")
    assert not TABLES["runs"].means("deviation_rm")


def test_what_it_says_is_what_its_networks_say(store: Store, tmp_path: Path) -> None:
    """The party, the saved network and the network that a language model learns from agree, and so do members with the
    mixture of them; margins are the log-odds of the fit."""
    rm = machine(tmp_path / "rm", store, "parties.rm.members=2")
    items = rm.reference[np.arange(60)]
    variances = rm.backend.variances(items)
    assert variances.shape == (2, 60)
    means = rm.backend.each(items) - rm.centres[:, None]
    mixed = (variances + means**2).mean(0) - means.mean(0) ** 2
    np.testing.assert_allclose(rm.deviation(items), np.sqrt(mixed) / rm.scale)
    network = simlab.load(run(tmp_path / "run", store, "days=1", VARIANCE, "parties.rm.members=2").path).model("rm")
    prompts = rm.backend.language.prompt_tokens(items.prompt)
    np.testing.assert_allclose(network.deviation(prompts, items.response), rm.deviation(items), rtol=1e-4)
    scores, spread = rm.backend.score(items).reshape(-1, 2), variances.mean(0).reshape(-1, 2).sum(1)
    expected = (scores[:, 0] - scores[:, 1]) / np.sqrt(1 + np.pi / 8 * spread)
    np.testing.assert_allclose(rm.backend.log_odds(items, 2)[:, 0], expected)
    assert rm.backend.fresh().variances(items).shape == (0, 60)  # it has learned nothing
    panel = Panel(items, items.prompt, rm.context.game.features(items))
    np.testing.assert_array_equal(rm.utility(panel), rm.score(items))


def test_one_that_was_saved_goes_on(store: Store, tmp_path: Path) -> None:
    """Its networks say what they said, from the first day on; a model without variance cannot begin as one that has
    it, nor the other way round."""
    saved = run(tmp_path / "run", store, "days=1", VARIANCE).path
    load_it = f"parties.rm.load={saved}/models/rm.safetensors"
    before = machine(tmp_path / "rm", store)
    items, after = before.reference[np.arange(60)], before.backend.fresh()
    after.load(read(saved / "models" / "rm.safetensors"))
    assert (before.backend.variances(items) > 0).all()
    np.testing.assert_allclose(after.each(items), before.backend.each(items), rtol=1e-5)
    np.testing.assert_allclose(after.variances(items), before.backend.variances(items), rtol=1e-5)
    again = run(tmp_path / "again", store, "days=1", VARIANCE, load_it).responses
    assert (again.deviation_rm[again["round"] == 0] > 0).all()  # before anybody here has taught it
    with pytest.raises(InvalidInput, match="has variance true, and this model false"):
        load(FIRST, small=True, overrides=[*HURRIED, load_it])
    plain = run(tmp_path / "plain", store, "days=1").path
    with pytest.raises(InvalidInput, match="has variance false, and this model true"):
        load(FIRST, small=True, overrides=[*HURRIED, VARIANCE, f"parties.rm.load={plain}/models/rm.safetensors"])


def test_a_language_model_is_paid_what_few_find_it_less_worth_than(store: Store, tmp_path: Path) -> None:
    """The median is the mean; a low quantile pays less, by z times the mean deviation of what it said."""
    half, low = (
        run(tmp_path / f"{q}", store, "days=1", VARIANCE, f"{SHAPE}{{kind: lower_quantile, quantile: {q}}}")
        for q in (0.5, 0.05)
    )
    plain = run(tmp_path / "plain", store, "days=1", VARIANCE, f"{SHAPE}plain")
    columns = ["objective_scores", "objective_rlhf_reward", "objective_kl", "loss_policy_avg"]
    assert half.policy[columns].equals(plain.policy[columns])
    assert low.policy.objective_scores[0] == half.policy.objective_scores[0]  # of the first batch, as it was pretrained
    loss = half.policy.objective_rlhf_reward[0] - low.policy.objective_rlhf_reward[0]
    assert loss > 0.1
    assert low.policy.loss_policy_avg[0] != half.policy.loss_policy_avg[0]
    deviation = low.responses.deviation_rm[low.responses["round"] == 1]
    assert loss == pytest.approx(1.645 * deviation.mean(), rel=0.3)  # other responses of nearly the same model


def test_what_is_paid_is_told_of_any_responses(store: Store, tmp_path: Path) -> None:
    rm = machine(tmp_path / "rm", store, f"{SHAPE}{{kind: lower_quantile, quantile: 0.1}}")
    relation = next(r for r in rm.context.relations if r.principal is rm)
    items = rm.reference[np.arange(40)]
    paid = relation.consequences[0].pay(rm, items)
    np.testing.assert_allclose(paid, rm.score(items) - 1.2815516 * rm.deviation(items), rtol=1e-6)
