"""Whole runs with a language model that others have made, from a folder and offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab import tensor_files
from simlab.cli import main

MISSING = not all(map(find_spec, ("transformers", "tokenizers", "peft")))
needs_transformers = pytest.mark.skipif(MISSING, reason="needs transformers")
SCENARIO = """
name: capitals
days: 10
world: {{kind: records, table: exchanges.csv, tokenizer: model}}
parties:
  users: {{kind: users, values: {{truthful: 1, forthcoming: 0.5}}, count: 50}}
  acme: {{kind: corporation, guideline: {{operative: {{truthful: 1, forthcoming: 0.5}}}}}}
  pool: {{kind: raters, count: 4, knowledge: 0.9}}
  rm: {{kind: reward_model}}
  lm: {{kind: language_model, pretrained: model, context: 96{lora}}}
relations:
  - {{principal: users, agent: acme, every: 5, sample: 50}}
  - {{principal: acme, agent: pool, every: 5, sample: 0.2}}
  - {{principal: pool, agent: rm, every: 5, sample: 80, consequence: gradient}}
  - {{principal: rm, agent: lm, every: 5, sample: 32,
     consequence: {{kind: gradient, learner: {{kind: ppo, iterations: 3, rate: 2.0e-3}}}}}}
panel: {{prompts: 40}}
waterfall: {{redraw: []}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tests.tiny_models import model, table

    (tmp_path / "model").mkdir()
    model(tmp_path / "model", steps=60)
    table(tmp_path / "exchanges.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path


@needs_transformers
@pytest.mark.slow
@pytest.mark.parametrize("lora", ["", ", lora: {rank: 4}"])
def test_all_four_relations_run_with_it(folder: Path, lora: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It speaks the language of its table, learns, costs no pretraining, and the run is another's bit for bit."""
    (folder / "scenario.yaml").write_text(SCENARIO.format(lora=lora))
    assert main(["run", "scenario.yaml", "--out", "one"]) == 0
    run = simlab.load(folder / "one")
    said = run.responses[run.responses["round"] == 0]
    assert said.prompt.str.startswith("What is the capital of").all()  # as it was written
    assert said.response.str.contains("capital|cannot|think").mean() > 0.5  # as the model was trained
    policy = run.policy
    assert policy.objective_kl.iloc[0] == pytest.approx(0, abs=1e-4)
    assert policy.objective_kl.iloc[-1] > 0.001
    assert (run.reward_model.trunk_change > 0).all()
    assert not (run.labor.kind == "authoring").any()
    assert main(["verify", "one"]) == 0
    capsys.readouterr()


@needs_transformers
@pytest.mark.slow
def test_heads_share_an_adapter(folder: Path) -> None:
    """Two reward models on one trunk of it: where only an adapter learns, they share the adapter."""
    nurses = "  nurses: {kind: raters, count: 4}\n  care: {kind: reward_model, trunk: rm}\nrelations:\n"
    nurses += "  - {principal: acme, agent: nurses, every: 5, sample: 0.2}\n"
    nurses += "  - {principal: nurses, agent: care, every: 5, sample: 80, consequence: gradient}\n"
    nurses += "  - {principal: care, agent: lm, every: 5, sample: 32, consequence:\n"
    nurses += "     {kind: gradient, learner: {kind: ppo, iterations: 3, rate: 2.0e-3}}}\n"
    said = SCENARIO.format(lora=", lora: {rank: 4}").replace("relations:\n", nurses).replace("days: 10", "days: 5")
    (folder / "scenario.yaml").write_text(said)
    assert main(["run", "scenario.yaml", "--out", "one", "--quiet"]) == 0
    one, other = (tensor_files.read(folder / "one" / "models" / f"{rm}.safetensors", "")[0] for rm in ("rm", "care"))
    trunk = [name for name in one if ".trunk." in name]
    assert any("lora" in name for name in trunk)
    assert all(np.array_equal(one[name], other[name]) for name in trunk)
    assert not np.array_equal(one["members.0.head.weight"], other["members.0.head.weight"])


@needs_transformers
@pytest.mark.slow
def test_another_model_is_another_run(folder: Path) -> None:
    """The content of the folder counts, and not its place."""
    from tests.loading import load
    from tests.tiny_models import model

    (folder / "scenario.yaml").write_text(SCENARIO.format(lora=""))
    first = load(folder / "scenario.yaml").hash({})
    moved = folder.rename(folder.parent / "moved")
    assert load(moved / "scenario.yaml").hash({}) == first
    model(moved / "model", steps=1)
    assert load(moved / "scenario.yaml").hash({}) != first


@pytest.mark.skipif(not MISSING, reason="transformers is there")
@pytest.mark.slow
def test_a_package_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where transformers is missing, one line says how to get it."""
    from tests.tiny_models import table

    table(tmp_path / "exchanges.csv")
    model = Path(__file__).parent.parent / "bad_scenarios" / "pretrained_with_sizes" / "model"
    file = tmp_path / "scenario.yaml"
    file.write_text(
        SCENARIO.format(lora="").replace("model, context", f"{model}, context").replace(": model}", f": {model}}}")
    )
    assert main(["run", str(file), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "tokenizer" in told
