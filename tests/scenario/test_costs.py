"""What a run would cost: who is asked, who is refused, and who is not bothered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import costs, load

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
GAUSSIAN, FIRST = ROOT / "scenarios" / "00_gaussian.yaml", ROOT / "scenarios" / "01_first.yaml"
MANY = ROOT / "tests" / "benchmarks" / "many_raters.yaml"


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_nobody_is_asked_about_a_shipped_scenario(file: Path, plugins: Registry) -> None:
    scenario = load(file, plugins=plugins)
    assert costs.warning(scenario) is None
    assert 1 < sum(part.seconds for part in costs.parts(scenario)) < costs.ASKED[0] / 3


@pytest.mark.parametrize(("raters", "each"), [(100_000, 100), (1_000_000, 10)])
def test_nor_about_ten_million_comparisons(raters: int, each: int, plugins: Registry) -> None:
    settings = {"parties.pool.count": raters, "relations.2.sample": raters * each // 100}
    assert costs.warning(load(MANY, overrides=settings, plugins=plugins)) is None


COSTLY: dict[str, tuple[Path, dict[str, Any], str]] = {
    "relations.2.sample": (GAUSSIAN, {"relations.2.sample": 5_000_000}, "5,000,000 comparisons by pool, 4 times"),
    "parties.pool.count": (GAUSSIAN, {"parties.pool.count": 1_000_000, "world.dimensions": 4000}, "1,000,000 people"),
    "relations.2.every": (GAUSSIAN, {"relations.2.every": 0.01}, "rankings to be fitted in 2,000 looks"),
    "parties.lm.pretraining.steps": (FIRST, {"parties.lm.pretraining.steps": 10_000}, "10,000 steps of 128 sequences"),
    "panel.best_of": (FIRST, {"panel.best_of.prompts": 2000}, "2,048,000 responses of lm to pick the best of"),
    "panel.on_policy": (FIRST, {"panel.on_policy.samples": 300_000}, "7,200,000 responses of the reference"),
    "panel.learning_curve": (FIRST, {"panel.learning_curve.prompts": 50_000}, "42 looks at lm while it learns"),
    "relations.3.consequence.0.learner.iterations": (
        FIRST, {"relations.3.consequence.learner.iterations": 1000}, "responses in 3 rounds of PPO",
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", list(COSTLY))
def test_a_costly_run_is_asked_about_by_the_key_that_drives_it(key: str, plugins: Registry) -> None:
    file, settings, what = COSTLY[key]
    with pytest.raises(InvalidInput) as caught:
        costs.ask(load(file, overrides=settings, plugins=plugins))
    said = str(caught.value)
    assert said.splitlines() == [said]
    assert f": {key.replace('.0.', '.')}: would take about " in said
    assert what in said
    assert "say --yes (yes=True in Python)" in said


def crowded(folder: Path, many: int) -> Path:
    """Hundreds of pools that teach one reward model."""
    base = json.loads(json.dumps(load(GAUSSIAN, discover(local=False)).canonical()))
    for number in range(many):
        base["parties"][f"p{number}"] = {"kind": "raters", "count": 3}
        base["relations"] += [
            {"principal": "acme", "agent": f"p{number}", "every": 5, "sample": 0.2},
            {"principal": f"p{number}", "agent": "rm", "every": 5, "sample": 5000, "consequence": "gradient"},
        ]
    file = folder / "crowd.yaml"
    file.write_text(json.dumps(base), encoding="utf-8")
    return file


@pytest.mark.slow
def test_hundreds_of_parties_are_asked_about_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = crowded(tmp_path, 300)
    monkeypatch.chdir(tmp_path)
    assert main(["validate", str(file)]) == 0
    ok, warned = capsys.readouterr().out.splitlines()
    assert ": ok: gaussian, 305 parties" in ok
    assert "relations.5.sample: a run would take about" in warned
    assert "most of it for 5,000 comparisons by p0, 4 times" in warned
    assert "simlab run asks for --yes" in warned
    assert main(["run", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{file}:1:")
    assert "would take about" in said
    assert [path.name for path in tmp_path.iterdir()] == ["crowd.yaml"]


@pytest.mark.slow
def test_who_says_yes_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "ASKED", (1e-3, 3e9))
    monkeypatch.setenv("SIMLAB_CACHE", str(tmp_path / "cache"))
    options: dict[str, Any] = {"small": True, "out": tmp_path / "run", "local": False}
    with pytest.raises(InvalidInput, match="say --yes"):
        simlab.run(GAUSSIAN, **options)
    assert simlab.run(GAUSSIAN, **options, yes=True).status == "finished"
    assert main(["run", str(GAUSSIAN), "--small", "--out", str(tmp_path / "run"), "--yes", "--quiet"]) == 0


def test_what_no_computer_does_is_refused_with_a_yes_too(plugins: Registry) -> None:
    settings = {"relations.2.every": 0.0003, "relations.2.sample": 1_000_000}
    with pytest.raises(InvalidInput, match="no computer does that"):
        load(GAUSSIAN, overrides=settings, plugins=plugins)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.1, "1 seconds"), (90, "90 seconds"), (1500, "25 minutes"), (9000, "2 hours"), (1e6, "12 days")],
)
def test_durations_as_people_say_them(seconds: float, said: str) -> None:
    assert costs.duration(seconds) == said


@pytest.mark.parametrize(("size", "said"), [(5e6, "5 MB"), (2.6e9, "2.6 GB"), (41e9, "41 GB"), (7.1e12, "7.1 TB")])
def test_sizes_as_people_say_them(size: float, said: str) -> None:
    assert costs.memory(size) == said
