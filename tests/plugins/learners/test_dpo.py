"""DPO in scenarios: raters teach a language model themselves, and one rung of the waterfall is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.parties.language_model import LanguageModel
from tests.loading import load
from tests.small_world import Played, play_as

pytest.importorskip("torch")

DIRECT: dict[str, Any] = {
    "name": "direct",
    "days": 1,
    "world": {"kind": "almanac", "countries": 4},
    "panel": {"prompts": 500},
    "parties": {
        "users": {"kind": "users", "values": {"harmless": 1}, "count": 100},
        "acme": {"kind": "corporation", "guideline": {"operative": {"harmless": 1}}},
        "pool": {"kind": "raters", "count": 10, "policy": {"kind": "mistaken", "flip": 0.1}, "ranking": 4},
        "lm": {
            "kind": "language_model", "width": 32, "layers": 1, "heads": 2,
            "pretraining": {"steps": 200, "batch": 32},
        },
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "pool", "every": 1, "sample": 0.2},
        {
            "principal": "pool", "agent": "lm", "every": 1, "sample": 600,
            "consequence": {"kind": "gradient", "learner": {"kind": "dpo", "epochs": 4, "rate": 5e-3}},
        },
    ],
}  # fmt: skip
LEARNER = "relations.2.consequence.learner"


def played(folder: Path, **learner: Any) -> Played:
    return play_as(DIRECT, folder, {f"{LEARNER}.{name}": value for name, value in learner.items()})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played(tmp_path_factory.mktemp("run"))


@pytest.mark.slow
def test_it_learns_from_people(run: Played, tmp_path: Path) -> None:
    """The model comes to prefer what raters prefer, and to say it; where nothing is learned (the control), not. Tables
    have a row for each look and each epoch."""
    control = played(tmp_path, rate=1e-12)
    assert run.reward_model[["principal", "agent"]].to_numpy().tolist() == [["pool", "lm"]]
    assert run.reward_model.accuracy_train.item() > 0.7 > 0.6 > control.reward_model.accuracy_train.item()
    assert run.policy.iteration.tolist() == [1, 2, 3, 4]
    assert run.policy[["loss_policy_avg", "lr"]].notna().all(axis=None)
    before, after = run.responses.groupby("round").harmless.mean()
    assert after > before + 0.1
    assert abs(control.responses.groupby("round").harmless.mean().diff().iloc[-1]) < 0.05


@pytest.mark.slow
def test_what_is_held_out_teaches_nothing(run: Played) -> None:
    """A model is shown rankings of other prompts only."""
    model = run.context.parties["lm"]
    assert isinstance(model, LanguageModel)
    (made,) = model.memory
    prompts = made.shown.prompt[made.place]
    assert 0 < made.held_out.mean() < 0.5
    assert not set(prompts[made.held_out].tolist()) & set(prompts[~made.held_out].tolist())
    assert run.reward_model.held_out_pairs.item() > 0
    assert run.reward_model.pairs.item() == np.count_nonzero(~made.held_out) * made.pairs


@pytest.mark.slow
def test_the_waterfall_goes_from_people_to_the_model(run: Played) -> None:
    """One rung less; what of the last is noise is told by two models that learned from half of the rankings each."""
    last = run.waterfall[run.waterfall["round"] == 1]
    assert last.agent.tolist()[:3] == ["acme", "pool", "lm"]
    assert not last.principal.str.contains("marked").any()
    assert np.isfinite(last[last.agent == "lm"].noise.iloc[0])


def test_it_is_what_raters_of_a_language_model_teach_by(tmp_path: Path) -> None:
    """The learner that is filled in where none is given; and the file says so again."""
    import json

    said = json.loads(json.dumps(DIRECT))
    said["relations"][2]["consequence"] = "gradient"
    (tmp_path / "direct.yaml").write_text(json.dumps(said))
    scenario = load(tmp_path / "direct.yaml")
    assert ("learner", "dpo") in set(scenario.plugins_used())
    assert {"aggregator", "learner"} <= set(scenario.canonical()["relations"][2]["consequence"][0])
    assert "shape" not in scenario.canonical()["relations"][2]["consequence"][0]
