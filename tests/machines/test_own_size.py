"""Reward models of a size of their own, which grow from a model that is pretrained apart on the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.engine.jobs import Jobs, Store
from simlab.errors import InvalidInput
from simlab.machines import networks, saved
from simlab.nets.ensemble import Ensemble
from simlab.nets.transformer import log_probs
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, played

pytestmark = pytest.mark.slow

LARGER = ("parties.rm.width=24", "parties.rm.layers=2")


def run(folder: Path, *settings: str, measured: bool = False) -> Played:
    folder.mkdir()
    scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", *settings])
    return played(scenario, folder, Store.default(), measured=measured)


def test_it_grows_from_a_model_of_its_own(tmp_path: Path) -> None:
    own, plain = run(tmp_path / "own", *LARGER), run(tmp_path / "plain")
    judge: Any = own.context.parties["rm"]
    language: Any = own.context.parties["lm"].backend
    assert judge.backend.weights[0]["trunk.words"].shape[1] == 24
    assert {n.split(".")[2] for n in judge.backend.weights[0].arrays if n.startswith("trunk.blocks.")} == {"0", "1"}
    assert language.config["width"] == 16
    pretrained = own.labor[own.labor.kind == "pretraining"].set_index("party").flops
    assert set(pretrained.index) == {"lm", "rm"}
    assert pretrained["rm"] > pretrained["lm"]
    assert set(plain.labor[plain.labor.kind == "pretraining"].party) == {"lm"}


def test_the_language_model_is_what_it_was_before_it_was_judged(tmp_path: Path) -> None:
    """The size of its judge is nothing to a language model before any training; to what it learns it is."""
    rows = [run(tmp_path / name, *said, measured=True).responses for name, said in (("a", LARGER), ("b", ()))]
    first = [each[each["round"] == 0].response.tolist() for each in rows]
    assert first[0] == first[1]


def test_the_likelihoods_it_reads_are_its_own_models(tmp_path: Path) -> None:
    """Scores of the live model are those of its networks as saved, which read another model than the language model."""
    simulation: Any = run(tmp_path / "run", *LARGER).context
    judge, game = simulation.parties["rm"], simulation.game
    items = judge.reference[np.arange(40)]
    model = simulation.models()["rm"]
    network = saved.revived(model, tmp_path)
    assert isinstance(network, Ensemble)
    found = network.score(judge.backend.language.prompt_tokens(items.prompt), items.response).numpy()
    np.testing.assert_allclose(found, judge.score(items), atol=1e-4)
    assert model.config["width"] == 24
    assert model.words == game.tokenizer.words


def test_the_critic_and_the_policy_cope(tmp_path: Path) -> None:
    done = simlab.run(FIRST, small=True, overrides=[*HURRIED, "days=1", *LARGER], out=tmp_path / "run", local=False)
    assert done.policy.objective_kl.notna().all()
    assert done.policy.objective_kl.iloc[0] == pytest.approx(0, abs=1e-4)  # nothing learned: its own reference
    again = simlab.run(
        FIRST, small=True, out=tmp_path / "again", local=False,
        overrides=[*HURRIED, "days=1", *LARGER, f"parties.rm.load={done.path / 'models' / 'rm.safetensors'}"],
    )  # fmt: skip
    assert again.status == "finished"
    with pytest.raises(InvalidInput, match=r"rm\.safetensors has width 24, and this model 16"):
        load(FIRST, small=True, overrides=[*HURRIED, f"parties.rm.load={done.path / 'models' / 'rm.safetensors'}"])


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["parties.rm.width=17"], r"parties\.rm\.width: 4 heads do not divide a width of 17"),
        (["parties.rm.heads=3"], r"parties\.rm\.heads: 3 heads do not divide a width of 16"),
    ],
)
def test_a_size_that_cannot_be_is_refused(settings: list[str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        load(FIRST, small=True, overrides=[*HURRIED, *settings])


def test_what_is_loaded_reads_what_it_was_grown_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reward model of another run's pretraining goes on learning with the likelihoods of that; one that starts anew
    from this run's language model has those of this."""
    lessons: list[dict[str, Any]] = []
    usual = Jobs.run

    def noted(self: Jobs, function: Any, **inputs: Any) -> Any:
        lessons.extend([inputs] if function.__name__ == "train_reward_model" else [])
        return usual(self, function, **inputs)

    monkeypatch.setattr(Jobs, "run", noted)
    first = simlab.run(FIRST, small=True, overrides=[*HURRIED, "days=1"], out=tmp_path / "first", local=False)
    other = ["parties.lm.seed=5", f"parties.rm.load={first.path / 'models' / 'rm.safetensors'}"]
    for warm in ("true", "false"):
        lessons.clear()
        left = run(tmp_path / warm, *other, f"relations.2.consequence.learner.warm_start={warm}").context
        judge: Any = left.parties["rm"]
        assert (judge.backend.base.key == judge.backend.language.reference.key) == (warm == "false")
        told = lessons[0]
        read: Any = networks.revive(told["config"], told["base"].arrays, "cpu")
        likely = log_probs(read, told["prompts"], told["responses"][:, 0])
        np.testing.assert_allclose(told["known"][:, 0], likely.numpy(), atol=1e-4)
