"""Networks that a run has saved: they are the ones it had, and another run can begin with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab import tensor_files
from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from simlab.machines import saved
from simlab.machines.transformer_lm import TransformerLM
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer
from simlab.report.next_words import next_words
from simlab.worlds.tokenizer import END, SEP, START, Tokenizer, pad
from tests.loading import load
from tests.small_world import FIRST, HURRIED, played

pytestmark = pytest.mark.slow

TWO = "parties.rm.members=2"


def run(folder: Path, *settings: str) -> simlab.Run:
    return simlab.run(FIRST, small=True, overrides=[*HURRIED, TWO, *settings], out=folder, local=False)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> simlab.Run:
    """A run whose networks are loaded here."""
    return run(tmp_path_factory.mktemp("first") / "run")


def models(done: simlab.Run) -> Path:
    return done.path / "models"


def test_each_network_has_a_file(first: simlab.Run) -> None:
    assert sorted(file.name for file in models(first).iterdir()) == [
        "lm.reference.safetensors", "lm.safetensors", "rm.safetensors"
    ]  # fmt: skip
    assert saved.names(first.path) == ["lm", "rm"]
    assert saved.language_models(first.path) == ["lm"]


def test_a_language_model_is_the_one_that_spoke(tmp_path: Path) -> None:
    """What is read back says, by the same draws, what the live one says; as it is now, and as it was."""
    scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1"])
    live = played(scenario, tmp_path, Store.default(), measured=False).context
    (tmp_path / "models").mkdir()
    for name, model in live.models().items():
        with (tmp_path / "models" / f"{name}.safetensors").open("wb") as file:
            tensor_files.write(file, model.arrays, model.notes())
    backend = live.parties["lm"].backend
    assert isinstance(backend, TransformerLM)
    prompts, draws = backend.prompt_tokens(np.arange(40)), np.random.default_rng(0).random((40, 8))
    said = {}
    for when in ("before", "after"):
        network = saved.network(tmp_path, "lm", when)
        assert isinstance(network, Transformer)
        said[when] = generate(network, prompts, draws, end=END).numpy()
        speaker = backend if when == "after" else backend.fresh()
        network = saved.revived(speaker.saved()[""], tmp_path)
        np.testing.assert_array_equal(generate(network, prompts, draws, end=END).numpy(), said[when])
    assert (said["before"] != said["after"]).any()  # else nothing tells one from the other


def test_a_reward_model_scores_as_it_did(first: simlab.Run) -> None:
    """Its score of the last round's responses is the column `utility_rm` of the table, members and units and all."""
    judge, tokenizer = first.model("rm"), Tokenizer(first.words("rm"))
    assert len(judge.members) == 2
    whole = first.responses[first.responses["round"] == first.responses["round"].max()].head(64)
    prompts = pad([[START, *tokenizer.encode(prompt), SEP] for prompt in whole.prompt])
    said = [tokenizer.encode(response) for response in whole.response]
    ended, cut = (judge.score(prompts, pad([[*row, *end] for row in said])).numpy() for end in ([END], []))
    differ = np.minimum(abs(ended - whole.utility_rm), abs(cut - whole.utility_rm))  # the table does not say which
    assert differ.max() < 1e-4
    assert abs(ended - whole.utility_rm).min() < 1e-4 < abs(whole.utility_rm).mean()


def test_what_is_loaded_is_what_was_pretrained(first: simlab.Run, tmp_path: Path) -> None:
    """A run that begins with the model another was pretrained to is that run, but for the pretraining."""
    again = run(tmp_path / "again", f"parties.lm.load={models(first) / 'lm.reference.safetensors'}")
    for table in ("responses", "policy", "comparisons", "epochs"):
        one, other = (done.tables[table].drop(columns=["run", "time"]) for done in (first, again))
        assert one.equals(other), table
    assert set(first.labor.kind) - set(again.labor.kind) == {"authoring"}
    assert again.labor[again.labor.kind == "pretraining"].flops.sum() == 0


def test_one_goes_on_where_another_ended(first: simlab.Run, tmp_path: Path) -> None:
    """The last round of one run is the first of the next, which calls that its reference; and the reward model has its
    opinions from the beginning, and needs nobody to teach it."""
    paths = {name: models(first) / f"{name}.safetensors" for name in ("lm", "rm")}
    next_one = run(tmp_path / "next", *(f"parties.{name}.load={path}" for name, path in paths.items()))
    last, start = first.responses[first.responses["round"] == 2], next_one.responses[next_one.responses["round"] == 0]
    assert set(last.response) & set(start.response)
    assert start.utility_rm.std() > 0.1
    assert (first.responses[first.responses["round"] == 0].utility_rm == 0).all()
    rho = next_one.alignment.query("round == 0 and order == 1 and a == 'acme' and b == 'rm'").rho
    assert rho.notna().all()
    assert next_words(next_one.path, "what", when="before") == next_words(first.path, "what", when="after")


def test_a_saved_judge_needs_no_raters(first: simlab.Run, tmp_path: Path) -> None:
    file = tmp_path / "frozen.yaml"
    text = {
        "name": "frozen", "days": 1, "panel": {"prompts": 500},
        "world": {"kind": "almanac", "countries": 4, "relations": ["capital", "continent", "currency"]},
        "parties": {
            "users": {"kind": "users", "values": {"helpful": 1}},
            "acme": {"kind": "corporation", "guideline": {"operative": {"helpful": 1}}},
            "rm": {"kind": "reward_model", "members": 2, "load": str(models(first) / "rm.safetensors")},
            "lm": {"kind": "language_model", "width": 16, "layers": 1,
                   "load": str(models(first) / "lm.reference.safetensors")},
        },
        "relations": [
            {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
            {"principal": "rm", "agent": "lm", "every": 1, "sample": 16,
             "consequence": {"kind": "gradient", "learner": {"kind": "ppo", "iterations": 1}}},
        ],
    }  # fmt: skip
    file.write_text(json.dumps(text))
    done = simlab.run(file, out=tmp_path / "run", local=False)
    assert len(done.policy) == 1
    text["parties"]["rm"].pop("load")  # type: ignore[index]
    file.write_text(json.dumps(text))
    with pytest.raises(InvalidInput, match=r"parties\.rm: answers to nobody"):
        load(file)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["parties.lm.load=NOWHERE/lm.safetensors"], "no such file"),
        (["parties.lm.load=MODELS/rm.safetensors"], r"rm\.safetensors is a reward model, and no language model"),
        (["parties.lm.load=MODELS/lm.safetensors", "parties.lm.width=32"], r"has width 16, and this model 32"),
        (["parties.rm.load=MODELS/rm.safetensors", "parties.rm.members=3"], r"has members 2, and this model 3"),
        (
            ["parties.rm.load=MODELS/rm.safetensors", "parties.rm.log_probability=false"],
            r"has log_probability true, and this model false",
        ),
    ],
)
def test_what_does_not_fit_is_refused(settings: list[str], said: str, first: simlab.Run) -> None:
    given = [setting.replace("MODELS", str(models(first))) for setting in settings]
    with pytest.raises(InvalidInput, match=rf"\.load: .*{said}"):
        load(FIRST, small=True, overrides=[*HURRIED, TWO, *given])


def test_another_worlds_dictionary_is_refused_before_anything_is_written(first: simlab.Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"parties\.lm\.load: .* another dictionary .* it lacks pakistan"):
        run(tmp_path / "run", f"parties.lm.load={models(first) / 'lm.safetensors'}", "world.countries=5")
    assert not (tmp_path / "run").exists()


def test_runs_of_earlier_versions_still_load(first: simlab.Run, tmp_path: Path) -> None:
    """As 0.6 left them: one `.npz` of a language model, before and after."""
    folder = tmp_path / "run"
    shutil.copytree(first.path, folder)
    arrays = {"words": np.array(first.words("lm"))}
    for when in ("before", "after"):
        model = saved.stored(first.path, "lm", when)
        arrays |= {f"config/{name}": np.array(size) for name, size in model.config.items()}
        arrays |= {f"{when}/{name}": array for name, array in model.arrays.items()}
    for file in (folder / "models").iterdir():
        file.unlink()
    np.savez_compressed(folder / "models" / "lm.npz", **arrays)
    old = simlab.load(folder)
    for when in ("before", "after"):
        assert (old.model("lm", when).words == first.model("lm", when).words).all()
        assert next_words(folder, "what", when=when) == next_words(first.path, "what", when=when)
    with pytest.raises(InvalidInput, match="holds no network of 'rm'"):
        old.model("rm")


@pytest.mark.parametrize("what", ["noise", "no notes", "too small"])
def test_a_damaged_model_is_named(what: str, first: simlab.Run, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "lm.safetensors"
    model = saved.stored(first.path, "lm")
    if what == "noise":
        file.write_bytes(b"PK" + bytes(500))
    else:
        arrays = dict(model.arrays) if what == "no notes" else {"norm.bias": model.arrays["norm.bias"]}
        with file.open("wb") as target:
            tensor_files.write(target, arrays, {} if what == "no notes" else model.notes())
    with pytest.raises(InvalidInput, match=r"lm\.safetensors: is damaged: "):
        saved.network(tmp_path, "lm")
