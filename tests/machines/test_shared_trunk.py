"""Reward models that read with one trunk, in runs: what they learn, what is saved, and what is drawn anew of them.

A small world of words, in a hurry: one pool minds truth and teaches `rm`, another minds harm and teaches `care`.
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
from simlab.parties.reward_model import RewardModel
from tests.loading import load
from tests.small_world import changed, played, written

pytestmark = pytest.mark.slow

GRADIENT = {"kind": "gradient", "learner": {"kind": "ppo", "iterations": 1}}
WORLD: dict[str, Any] = {
    "name": "heads",
    "days": 2,
    "world": {"kind": "almanac", "countries": 4},
    "panel": {"prompts": 500},
    "parties": {
        "users": {"kind": "users", "values": {"truthful": 1, "harmless": 1}},
        "acme": {"kind": "corporation", "guideline": {"operative": {"truthful": 1, "harmless": 1}}},
        "honest": {"kind": "raters", "count": 4, "values": {"truthful": 1}, "ranking": 3},
        "careful": {"kind": "raters", "count": 4, "values": {"harmless": 1}, "ranking": 3},
        "rm": {"kind": "reward_model"},
        "care": {"kind": "reward_model", "trunk": "rm"},
        "lm": {
            "kind": "language_model", "width": 16, "layers": 1, "heads": 2, "pretraining": {"steps": 20, "batch": 16},
        },
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "honest", "every": 1, "sample": 0.1},
        {"principal": "acme", "agent": "careful", "every": 1, "sample": 0.1},
        {"principal": "honest", "agent": "rm", "every": 1, "sample": 120, "consequence": "gradient"},
        {"principal": "careful", "agent": "care", "every": 1, "sample": 120, "consequence": "gradient"},
        {"principal": "rm", "agent": "lm", "every": 1, "sample": 16, "consequence": GRADIENT},
        {"principal": "care", "agent": "lm", "every": 1, "sample": 16, "consequence": {**GRADIENT, "weight": 2}},
    ],
}  # fmt: skip
APART = {"parties.care": {"kind": "reward_model"}}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("jobs"))


def run(folder: Path, store: Store, changes: dict[str, Any] | None = None) -> simlab.Run:
    folder.mkdir()
    file = written(folder / "heads.yaml", changes, WORLD)
    return simlab.run(file, out=folder / "run", store=store, local=False)


def test_what_is_saved_has_one_trunk_and_two_heads(store: Store, tmp_path: Path) -> None:
    """Two networks of their own have two trunks (the control)."""
    for name, changes, shared in (("shared", {}, True), ("apart", APART, False)):
        found = run(tmp_path / name, store, changes)
        one, other = (read(found.path / "models" / f"{rm}.safetensors").arrays for rm in ("rm", "care"))
        trunk = [part for part in one if part.startswith("members.0.trunk.")]
        assert all(np.array_equal(one[part], other[part]) for part in trunk) == shared
        assert not np.array_equal(one["members.0.head.weight"], other["members.0.head.weight"])


def test_the_same_once_more(store: Store, tmp_path: Path) -> None:
    """What was remembered and what is computed anew agree, in every table."""
    found, again = run(tmp_path / "found", store), run(tmp_path / "again", Store(None))
    assert found.hashes == again.hashes


def test_a_head_that_is_taught_first_learns_alone(store: Store, tmp_path: Path) -> None:
    """Nobody else has been shown anything yet: the first fit is what it is with a trunk of its own, the second not."""
    shared, apart = (run(tmp_path / name, store, changes) for name, changes in (("shared", {}), ("apart", APART)))
    losses = [r.reward_model[r.reward_model.agent == "rm"].sort_values("round").loss.to_list() for r in (shared, apart)]
    assert losses[0][0] == losses[1][0]
    assert losses[0][1] != losses[1][1]
    cares = [r.reward_model[r.reward_model.agent == "care"].loss.to_list() for r in (shared, apart)]
    assert cares[0][0] != cares[1][0]


def test_scores_stay_in_their_unit_when_another_is_taught(store: Store, tmp_path: Path) -> None:
    """`care` is taught last, and the trunk of `rm` has moved: mean 0 and standard deviation 1 on what the pretrained
    model says, all the same."""
    scenario = load(written(tmp_path / "heads.yaml", None, WORLD))
    parties = played(scenario, tmp_path, store, measured=False).context.parties
    rm, care = parties["rm"], parties["care"]
    assert isinstance(rm, RewardModel)
    assert isinstance(care, RewardModel)
    for model in (rm, care):
        assert model.reference is not None
        scores = model.score(model.reference)
        assert scores.mean() == pytest.approx(0, abs=1e-6)
        assert scores.std() == pytest.approx(1, abs=1e-6)
    fresh = care.backend.fresh()  # nothing of it, and the others as they were shown: not those of the run
    assert len(fresh.each(care.reference)) == 0  # type: ignore[arg-type]
    assert len(rm.backend.each(rm.reference)) == 1  # type: ignore[arg-type]


def test_their_chance_is_told(store: Store, tmp_path: Path) -> None:
    """The waterfall has both on one level, and draws anew what one learned while the other stays as it was shown."""
    rows = run(tmp_path / "run", store).waterfall
    last = rows[(rows["round"] == 2) & (rows.agent == "rm + care")]
    assert last.noise.notna().all()
    assert (last.noise >= 0).all()


def test_an_aggregator_may_put_together_the_labels_of_one(store: Store, tmp_path: Path) -> None:
    """Shares of wins for one head, labels for the other."""
    merged = changed(WORLD, {"parties.honest.overlap": 3})
    merged["relations"][3]["consequence"] = {"kind": "gradient", "aggregator": "majority"}
    file = written(tmp_path / "heads.yaml", None, merged)
    found = simlab.run(file, out=tmp_path / "run", store=store, local=False)
    assert found.reward_model.loss.between(0.1, 2).all()


def test_what_is_kept_from_one_head_is_kept_from_the_trunk(store: Store, tmp_path: Path) -> None:
    """Where one pool holds out more than the other, no head learns of such a prompt; apart, the other does (the
    control)."""
    said = {"parties.honest.held_out": 0.5, "parties.careful.held_out": 0.0}
    kept = {}
    for name, changes in (("shared", said), ("apart", said | APART)):
        scenario = load(written(tmp_path / f"{name}.yaml", changes, WORLD))
        (tmp_path / name).mkdir()
        parties = played(scenario, tmp_path / name, store, measured=False).context.parties
        memories = [parties[rm].memory for rm in ("rm", "care")]  # type: ignore[attr-defined]
        held, taught = (
            {int(p) for made in memory for p in made.shown.prompt[made.shown.held_out == out]}
            for memory, out in zip(memories, (True, False), strict=True)
        )
        kept[name] = held & taught
    assert not kept["shared"]
    assert kept["apart"]


def test_a_fresh_one_learns_beside_what_the_others_were_shown(store: Store, tmp_path: Path) -> None:
    """As the waterfall asks of it: not what it would alone, and nothing of the run is changed."""
    scenario = load(written(tmp_path / "heads.yaml", None, WORLD))
    parties = played(scenario, tmp_path, store, measured=False).context.parties
    rm, care = (parties[name].backend for name in ("rm", "care"))  # type: ignore[attr-defined]
    before, evidence = rm.weights[0].key, care.sharing.evidence[1]
    learner = scenario.relations[4].consequence[0].learner  # type: ignore[union-attr]
    losses = []
    for fresh in (care.fresh(), care.fresh(), care.alone()):
        losses.append(fresh.learn(learner, evidence, key=1).figures["loss"])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
    assert rm.weights[0].key == before


LEARNER = """
import simlab

class Mine(simlab.Learner):
    \"\"\"A learner that knows of one head.\"\"\"

    name = "mine"
    teaches = "reward_model"

    def learn(self, network, lesson):
        return [{"loss": 0.0}]
"""


def test_who_cannot_share_is_told_where(store: Store, tmp_path: Path) -> None:
    """What is loaded has a trunk of its own; a learner of one head is not given two."""
    saved = run(tmp_path / "saved", store).path / "models" / "care.safetensors"
    load_it = written(tmp_path / "load.yaml", {"parties.rm.load": str(saved)}, WORLD)
    with pytest.raises(InvalidInput, match=r"parties.rm.load: what is loaded brings a trunk, and care shares one"):
        simlab.run(load_it, out=tmp_path / "run", store=store, local=False)
    (tmp_path / "mine.py").write_text(LEARNER)
    mine = {"relations.4.consequence": {"kind": "gradient", "learner": "mine"}}
    with pytest.raises(InvalidInput, match=r"relations.4.*: mine teaches one head at a time, and care reads with"):
        simlab.run(written(tmp_path / "mine.yaml", mine, WORLD), out=tmp_path / "run", store=store)
    alone = {"parties.care": {"kind": "reward_model", "load": str(saved)}}  # as any other is
    assert simlab.run(written(tmp_path / "alone.yaml", alone, WORLD), out=tmp_path / "alone", local=False, store=store)
