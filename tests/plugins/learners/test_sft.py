"""The learner `sft` in whole runs: on what a pool writes, and on a table of the user's own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from simlab.machines.transformer_lm import TransformerLM
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, played
from tests.user_tables import saved

pytestmark = pytest.mark.slow

ROWS = [
    ("What is the capital of India?", "the capital of india is new_delhi ."),
    ("name the capital of india .", "the capital of india is new_delhi ."),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Played]:
    """Runs of FIRST in a hurry, one day long, which share what they can."""
    folder = tmp_path_factory.mktemp("sft")

    def run(*settings: str) -> Played:
        scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", *settings])
        return played(scenario, Path(tempfile.mkdtemp(dir=folder)), Store.default(), measured=False)

    return run


def shown(learner: str = "sft", **more: Any) -> str:
    return "parties.lm.demonstrations=" + json.dumps({"by": "pool", "count": 60, "learner": learner, **more})


def table(folder: Path, rows: list[tuple[str, str]] = ROWS, name: str = "shown.csv") -> Path:
    return saved(folder / name, rows, ["prompt", "response"])


def likelihood(of: Played, prompt: str, response: str) -> float:
    """log π of a response as the model was before any ranking, in nats."""
    backend = of.context.parties["lm"].backend
    assert isinstance(backend, TransformerLM)
    game = backend.game
    number = next(n for n, p in enumerate(game.prompts) if p.text == prompt)
    return float(backend.fresh().likelihood(game.items([number], [response]))[0])


def test_a_pool_writes_and_the_model_learns_responses_alone(run: Callable[..., Played]) -> None:
    """The same was written whoever learns it; a model that learns it by sft is another than one that reads it whole."""
    by, whole = run(shown(learner="sft")), run("parties.lm.demonstrations={by: pool, count: 60}")
    assert by.demonstrations.text.equals(whole.demonstrations.text)
    keys = [r.context.parties["lm"].backend.reference.key for r in (by, whole)]
    assert keys[0] != keys[1]
    assert ("learner", "sft") in by.context.scenario.plugins_used()
    assert by.labor.set_index("kind").loc["imitation", "flops"] > 0


@pytest.mark.parametrize("name", ["shown.csv", "shown.jsonl", "shown.parquet"])
def test_a_table_is_learned(name: str, run: Callable[..., Played], tmp_path: Path) -> None:
    learner = {"kind": "sft", "epochs": 40, "batch": 2, "rate": 3e-3}
    spec = {"table": str(table(tmp_path, name=name)), "learner": learner}
    taught, plain = run(f"parties.lm.demonstrations={json.dumps(spec)}"), run()
    said = ("what is the capital of india ?", "the capital of india is new_delhi .")
    assert likelihood(taught, *said) > likelihood(plain, *said) + 3
    rows = taught.demonstrations
    assert rows.prompt.tolist() == [prompt for prompt, _ in ROWS]
    assert rows.worker.eq("").all()
    assert rows.duration.isna().all()
    assert (rows.pay == 0).all()
    assert "demonstrating" not in set(taught.labor.kind)


def test_a_run_with_a_table_can_be_repeated_from_what_it_left(tmp_path: Path) -> None:
    """Its scenario reads back as the same, wherever it lies; another content of the table is another run."""
    table(tmp_path)
    file, left = tmp_path / "mine.yaml", tmp_path / "elsewhere" / "scenario.yaml"
    file.write_text(
        f"extends: {FIRST}\nname: mine\nparties: {{lm: {{demonstrations: {{table: shown.csv, learner: sft}}}}}}\n"
    )
    left.parent.mkdir()
    left.write_text((scenario := load(file)).as_yaml())
    assert load(left).hash({}) == scenario.hash({})
    assert list(scenario.data()) == ["parties.lm.demonstrations.table"]
    table(tmp_path, ROWS[:1])
    assert load(file).hash({}) != scenario.hash({})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("what is the capital of india ?", "")], r"shown\.csv:2: column response: has no words"),
        ([*ROWS, ("what", "...")], r"shown\.csv:4: column response: has no words"),
    ],
)
def test_a_table_with_holes_is_refused(rows: list[tuple[str, str]], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=rf"parties\.lm\.demonstrations: {said}"):
        load(FIRST, overrides=[f"parties.lm.demonstrations={{table: {table(tmp_path, rows)}}}"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [*ROWS, ("what is the capital of atlantis ?", "the .")],
            r"shown\.csv:4: column prompt: 'atlantis' is not in",
        ),
        ([(ROWS[0][0], "the " * 60)], r"shown\.csv:2: prompt and response take 70 tokens; the model reads 48"),
    ],
)
def test_what_is_not_of_this_world_is_refused(
    rows: list[tuple[str, str]], said: str, run: Callable[..., Played], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=rf"parties\.lm\.demonstrations\.table: {said}"):
        run(f"parties.lm.demonstrations={{table: {table(tmp_path, rows)}}}")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, r"written by a pool, or stand in a table \(give by, or table\)"),
        ({"by": "pool", "table": "TABLE"}, "written by a pool, or stand in a table"),
        ({"table": "TABLE", "count": 9}, "count means nothing beside a table"),
        ({"by": "pool", "columns": {"prompt": "q"}}, "columns means nothing beside people who write"),
        ({"by": "pool", "learner": "sft", "epochs": 3}, "epochs means nothing beside a learner"),
        ({"by": "pool", "learner": "ppo"}, r"ppo does not learn from demonstrations \(possible: sft\)"),
        ({"table": "TABLE", "columns": {"response": "answer"}}, r"has no column 'answer'"),
    ],
)
def test_what_means_nothing_is_refused(said: dict[str, Any], why: str, tmp_path: Path) -> None:
    given = json.dumps(said).replace("TABLE", str(table(tmp_path)))
    with pytest.raises(InvalidInput, match=why):
        load(FIRST, overrides=[f"parties.lm.demonstrations={given}"])


def test_demonstrations_are_no_rewards() -> None:
    with pytest.raises(InvalidInput, match=r"sft is no learner of reward_model → language_model"):
        load(FIRST, overrides=["relations.3.consequence.learner=sft"])
    assert np.isfinite(load(FIRST).days)
