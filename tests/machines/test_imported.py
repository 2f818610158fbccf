"""Preferences of people elsewhere, from a table: they teach a reward model, alone or beside raters."""

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
from simlab.worlds.text import TextGame
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, play_as, played
from tests.user_tables import saved

pytestmark = pytest.mark.slow

POLITE, RUDE = "i can not help you .", "shut up ."
PAIRS = "parties.pool.ranking=2"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Played]:
    """Runs of FIRST in a hurry, one day long, which share what they can."""
    folder = tmp_path_factory.mktemp("imported")

    def run(*settings: str, measured: bool = False) -> Played:
        scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", PAIRS, *settings])
        return played(scenario, Path(tempfile.mkdtemp(dir=folder)), Store.default(), measured=measured)

    return run


@pytest.fixture(scope="module")
def prompts(run: Callable[..., Played]) -> list[str]:
    game = run().context.game
    assert isinstance(game, TextGame)
    return list(dict.fromkeys(prompt.text for prompt in game.prompts))


def table(folder: Path, rows: list[tuple[str, ...]], name: str = "liked.csv") -> Path:
    return saved(folder / name, rows, ["prompt", "chosen", "rejected", "worker"][: len(rows[0])])


def said(file: Path, **more: Any) -> str:
    return "parties.rm.preferences=" + json.dumps({"table": str(file), **more})


def prefers_polite(of: Played, prompts: list[str]) -> float:
    """The mean score of the polite response less that of the rude one, over prompts."""
    game = of.context.game
    assert isinstance(game, TextGame)
    number = {prompt.text: n for n, prompt in enumerate(game.prompts)}
    asked = [number[prompt] for prompt in prompts]
    judge: Any = of.context.parties["rm"]
    polite, rude = (judge.score(game.items(asked, [text] * len(asked))) for text in (POLITE, RUDE))
    return float((polite - rude).mean())


@pytest.mark.parametrize("name", ["liked.csv", "liked.jsonl", "liked.parquet"])
def test_a_table_teaches_what_its_people_preferred(
    name: str, run: Callable[..., Played], prompts: list[str], tmp_path: Path
) -> None:
    """Polite over rude, or the other way round where they liked it so; nobody else teaches this reward model."""
    learner = {"kind": "bradley_terry", "epochs": 6, "rate": 3e-3}
    found = []
    for chosen, rejected in ((POLITE, RUDE), (RUDE, POLITE)):
        file = table(tmp_path, [(prompt, chosen, rejected) for prompt in prompts[:200]], name)
        alone = run(said(file, learner=learner), "relations.2.every=1", "relations.2.sample=1")
        found.append(prefers_polite(alone, prompts[200:260]))
    assert found[0] > 0.5
    assert found[1] < -0.5


def test_it_is_written_down(run: Callable[..., Played], prompts: list[str], tmp_path: Path) -> None:
    file = table(tmp_path, [(prompt, POLITE, RUDE) for prompt in prompts[:200]])
    made = run(said(file, learner={"kind": "bradley_terry", "epochs": 2}, held_out=0.2))
    first = made.reward_model.iloc[0]
    assert (first.principal, first.agent, first["round"], first.labels) == ("liked.csv", "rm", 0, 200)
    assert first.time < 1e-3  # before the clock runs; but networks take their time
    assert 0 < first.held_out_pairs < 60
    assert first.pairs == 200 - first.held_out_pairs
    assert first.gold_pairs > 0
    rows = made.epochs[made.epochs.principal == "liked.csv"]
    assert rows.epoch.tolist() == [1, 2]
    assert rows.eval_loss.notna().all()


def test_left_and_right_are_drawn_by_lot(run: Callable[..., Played], prompts: list[str], tmp_path: Path) -> None:
    rows = [(prompt, POLITE, RUDE) for prompt in prompts[:300]]
    known: Any = run(said(table(tmp_path, rows))).context.parties["rm"]
    labels = known.imported.label.ravel()
    assert abs((labels == 1).mean() - 0.5) < 3.3 * 0.5 / np.sqrt(len(labels))
    game = known.context.game
    texts = game.texts(known.imported.items).reshape(-1, 2)
    better = np.where(labels == 1, texts[:, 0], texts[:, 1])
    assert set(better) == {POLITE}


def test_people_who_compared_the_same_are_of_one_task(
    run: Callable[..., Played], prompts: list[str], tmp_path: Path
) -> None:
    rows = [(prompts[0], POLITE, RUDE, "ann"), (prompts[0], RUDE, POLITE, "bob"), (prompts[1], POLITE, RUDE, "ann")]
    known: Any = run(said(table(tmp_path, rows), held_out=0)).context.parties["rm"]
    made = known.imported
    assert made.place.tolist() == [0, 0, 1]
    assert made.worker.tolist() == [0, 1, 0]
    assert made.label[0, 0] != made.label[1, 0]


def test_raters_add_to_it(run: Callable[..., Played], prompts: list[str], tmp_path: Path) -> None:
    """Whoever shows all rankings so far shows these, too; whoever shows the new ones only does not."""
    rows = [(prompt, RUDE, POLITE) for prompt in prompts[:150]]
    pairs = {}
    for replay in ("true", "false"):
        made = run(said(table(tmp_path, rows), held_out=0), f"relations.2.consequence.learner.replay={replay}")
        own, mine = (made.reward_model[made.reward_model.principal == name].iloc[0] for name in ("liked.csv", "pool"))
        pairs[replay] = mine.pairs + mine.held_out_pairs
        assert own.labels == 150
    assert pairs["true"] > pairs["false"] + 100


def test_a_reward_model_of_a_table_needs_no_raters(prompts: list[str], tmp_path: Path) -> None:
    text = {
        "name": "elsewhere", "days": 1, "panel": {"prompts": 500},
        "world": {"kind": "almanac", "countries": 4, "relations": ["capital", "continent", "currency"]},
        "parties": {
            "users": {"kind": "users", "values": {"helpful": 1}},
            "acme": {"kind": "corporation", "guideline": {"operative": {"helpful": 1}}},
            "rm": {"kind": "reward_model",
                   "preferences": {"table": str(table(tmp_path, [(p, POLITE, RUDE) for p in prompts[:50]]))}},
            "lm": {"kind": "language_model", "width": 16, "layers": 1, "pretraining": {"steps": 20, "batch": 16}},
        },
        "relations": [
            {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
            {"principal": "rm", "agent": "lm", "every": 1, "sample": 16,
             "consequence": {"kind": "gradient", "learner": {"kind": "ppo", "iterations": 1}}},
        ],
    }  # fmt: skip
    made = play_as(text, tmp_path)
    assert len(made.policy) == 1
    start = made.responses[made.responses["round"] == 0]
    assert start.utility_rm.std() > 0.1  # it has its opinions before the clock runs
    assert made.waterfall.path.iloc[-1] == "rm → lm"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("who am i ?", POLITE, RUDE)], r"liked\.csv:2: column prompt: 'who am i \?' is no prompt of this world"),
        ([("PROMPT", POLITE, "shut up , oaf .")], r"liked\.csv:2: column rejected: 'oaf' is not in the dictionary"),
        ([("PROMPT", POLITE, "Shut up."), ("PROMPT", RUDE, RUDE)], r"liked\.csv:3: chosen and rejected are the same"),
        ([("PROMPT", POLITE, "up " * 40)], r"liked\.csv:2: column rejected: has 41 tokens; the longest response"),
    ],
)  # fmt: skip
def test_what_is_not_of_this_world_is_refused(
    rows: list[tuple[str, ...]], why: str, run: Callable[..., Played], prompts: list[str], tmp_path: Path
) -> None:
    given = [tuple(prompts[0] if cell == "PROMPT" else cell for cell in row) for row in rows]
    with pytest.raises(InvalidInput, match=rf"parties\.rm\.preferences: {why}"):
        run(said(table(tmp_path, given)))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["parties.pool.ranking=4"], r"parties\.pool\.ranking: pool ranks 4 at a time, and the table of rm has pairs"),
        (["parties.rm.preferences.learner=ppo"], r"ppo teaches no reward model of words"),
        (["parties.rm.preferences.columns={chosen: better}"], r"liked\.csv:1: has no column 'better'"),
        (
            ["parties.rm.preferences.columns={chosen: rejected}"],
            r"liked\.csv:1: its column 'rejected' would be chosen and rejected at once",
        ),
        (
            ["parties.rm.preferences={table: TABLE, held_out: 0, learner: {kind: bradley_terry, "
             "early_stopping_patience: 2}}"],
            r"bradley_terry stops by held-out rankings, and nothing is held out",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(settings: list[str], why: str, prompts: list[str], tmp_path: Path) -> None:
    file = table(tmp_path, [(prompts[0], POLITE, RUDE)])
    given = [setting.replace("TABLE", str(file)) for setting in settings]
    load(FIRST, small=True, overrides=[*HURRIED, PAIRS, said(file)])
    with pytest.raises(InvalidInput, match=why):
        load(FIRST, small=True, overrides=[*HURRIED, PAIRS, said(file), *given])
