"""What is held out: prompts, in every round and for every pool, so that no test is about a prompt learned from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.engine.holdout import prompts_held_out, share_held_out
from simlab.engine.jobs import Jobs, Store
from simlab.machines.transformer_lm import TransformerLM
from simlab.parties.language_model import LanguageModel
from simlab.people.demonstrations import write
from simlab.report.summary_screen.alerts import shortfalls
from simlab.scenario import DemonstrationsSpec
from simlab.simulation import Simulation
from simlab.tables.recorder import Recorder
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, played, written

SAID = ("yes .", "no .", "maybe so .", "i do not know .")
POOL = {"kind": "raters", "count": 5, "policy": {"kind": "mistaken", "flip": 0.2}}


def scenario(folder: Path, prompts: int, *settings: str, **pools: dict[str, Any]) -> Any:
    """FIRST in a hurry, over a table of so many prompts with four responses each; its pool ranks four or two."""
    rows = [f"question {'abcdefghijklmnopqrst'[n]} ?,{text}" for n in range(prompts) for text in SAID]
    (folder / "table.csv").write_text("\n".join(["prompt,response", *rows]))
    world = json.dumps({"kind": "records", "table": str(folder / "table.csv"), "held_out": 0})
    keep = [word for word in HURRIED if not word.startswith("world.")]
    more = [f"parties.{name}={json.dumps({**POOL, **said})}" for name, said in pools.items()]
    return load(FIRST, overrides=[*keep, f"world={world}", *more, *settings])


def opened(folder: Path, prompts: int, *settings: str, **pools: dict[str, Any]) -> Simulation:
    return Simulation(scenario(folder, prompts, *settings, **pools), Jobs(Store.default(), "cpu"))


def held(folder: Path, prompts: int, share: float) -> set[str]:
    """Texts of the prompts that are held out."""
    simulation = opened(folder, prompts)
    out = prompts_held_out(simulation, share)
    return {p.text for p, kept in zip(simulation.game.prompts, out, strict=True) if kept}


# ---- which ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompts", "share", "count"),
    [(20, 0.1, 2), (20, 0.25, 5), (20, 0.0, 0), (5, 0.1, 1), (5, 0.9, 3), (3, 0.1, 1), (2, 0.5, 0), (1, 0.5, 0)],
)
def test_the_share_of_prompts_and_of_few_one_while_two_are_left(
    prompts: int, share: float, count: int, tmp_path: Path
) -> None:
    assert len(held(tmp_path, prompts, share)) == count


def test_a_larger_share_holds_out_the_same_prompts_and_more(tmp_path: Path) -> None:
    few, many = held(tmp_path, 20, 0.1), held(tmp_path, 20, 0.5)
    assert few < many
    assert len(many) == 10


def test_pools_that_teach_one_reward_model_hold_out_the_same(tmp_path: Path) -> None:
    """The largest share counts: what one pool holds out, another must not teach."""
    second = {"principal": "second", "agent": "rm", "every": 1, "sample": 60, "consequence": "gradient"}
    above = {"principal": "acme", "agent": "second", "every": 1, "sample": 0.1}
    more = [f"relations.{n}={json.dumps(said)}" for n, said in ((4, above), (5, second))]
    simulation = opened(tmp_path, 20, *more, pool={"held_out": 0.1}, second={"held_out": 0.25, "ranking": 4})
    assert share_held_out(simulation, "rm") == share_held_out(simulation) == 0.25
    assert share_held_out(simulation, "lm") == 0


# ---- in runs -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Two rounds over ten prompts, about which two people a ranking are asked time and again."""
    folder = tmp_path_factory.mktemp("rounds")
    return played(scenario(folder, 10, pool={"held_out": 0.2, "overlap": 2}), folder / "run", measured=False)


def prompts_of(run: Played) -> Any:
    """Comparisons with their prompt and both texts."""
    shown = run.candidates.set_index("response")
    rows = run.comparisons
    texts = {side: shown.text.loc[rows[side]].to_numpy() for side in ("left", "right")}
    return rows.assign(prompt=shown.prompt.loc[rows.left].to_numpy(), **{f"{s}_text": t for s, t in texts.items()})


@pytest.mark.slow
def test_a_prompt_is_held_out_in_every_round_or_in_none(run: Played) -> None:
    rows = prompts_of(run)
    assert rows["round"].nunique() == 2
    assert (rows.groupby("prompt")["round"].nunique() == 2).mean() > 0.7  # they come again
    assert (rows.groupby("prompt").held_out.nunique() == 1).all()
    assert rows[rows.held_out].prompt.nunique() == 2
    assert not set(rows.task[rows.held_out]) & set(run.lessons.task)


def test_the_columns_say_what_was_asked_and_what_was_tested(run: Played) -> None:
    rows, fits = prompts_of(run), run.reward_model
    assert (rows.left_text != rows.right_text).all()
    assert fits.asked.tolist() == [240, 240]
    assert fits.labels.tolist() == rows.groupby("round").size().tolist()
    assert (fits.prompts - fits.dropped >= rows.groupby("round").ranking.nunique().to_numpy()).all()
    decided = rows[(rows.label > 0) & rows.held_out].groupby("round").size()
    assert fits.held_out_pairs.tolist() == decided.cumsum().tolist()  # all that was ever ranked
    assert fits.accuracy_held_out.notna().all()
    assert fits.why_nan.eq("").all()
    assert fits.why_fewer.eq("").tolist() == (fits.labels >= fits.asked).tolist()


def test_nobody_writes_a_demonstration_for_a_held_out_prompt(run: Played) -> None:
    simulation = run.context
    kept = prompts_held_out(simulation, 0.2)
    shown = write(simulation.parties["pool"], simulation.game, DemonstrationsSpec(by="pool", count=300), 5)
    assert not kept[shown.items.prompt].any()
    assert len(shown) > 0.95 * 300  # they wrote for others instead
    assert set(shown.items.prompt.tolist()) == set(np.flatnonzero(~kept).tolist())


def test_one_text_twice_tests_nobody(tmp_path: Path) -> None:
    """Where a scenario allows it: such pairs are labelled, and count in no accuracy."""
    plain = scenario(tmp_path, 10, "days=1", "relations.2.sample=240", pool={"held_out": 0.4, "distinct": False})
    both = played(plain, tmp_path / "run", measured=False)
    rows, fit = prompts_of(both), both.reward_model.iloc[0]
    first = rows[rows["round"] == 0]
    same = first.left_text == first.right_text
    assert (first.held_out & same).any()
    assert fit.held_out_pairs == (first.held_out & ~same & (first.label > 0)).sum()
    assert fit.resampled == fit.dropped == 0


# ---- a model that has collapsed ------------------------------------------------------------------------------------


def test_a_model_with_one_response_to_every_prompt_teaches_nobody(tmp_path: Path) -> None:
    """Sampled so coldly that only the likeliest words are left, from the first day on."""
    run = played(scenario(tmp_path, 10, "parties.lm.temperature=1e-6"), tmp_path / "run")
    looks = run.reward_model
    assert len(run.comparisons) == len(run.policy) == 0
    assert (looks.labels == 0).all()
    assert looks.pairs.eq(0).all()
    assert looks[["accuracy_train", "accuracy_held_out", "accuracy_gold", "loss"]].isna().all(axis=None)
    assert looks.why_nan.eq("there were no labels, and it has never learned").all()
    assert looks.why_fewer.str.contains("20 of 20 rankings lack a prompt with 4 different responses").all()
    assert looks.dropped.tolist() == looks.prompts.tolist() == [20, 20]
    said = shortfalls(run)[0].plain  # type: ignore[arg-type]
    assert said.startswith("pool gave 0 of 240 labels asked for about rm; round 1: 20 of 20 rankings lack")


@pytest.mark.slow
def test_a_model_that_collapses_later_is_chased_by_what_was_learned_before(tmp_path: Path) -> None:
    found = scenario(tmp_path, 10, pool={})

    def freeze(what: str, **said: Any) -> None:
        if what == "round_finished" and said["round"] == 1:
            model = simulation.party("lm", LanguageModel)
            assert isinstance(model.backend, TransformerLM)
            model.backend.spec = model.backend.spec.model_copy(update={"temperature": 1e-6})

    simulation = Simulation(found, Jobs(Store.default(), "cpu"), tell=freeze)
    with Recorder(tmp_path / "run", "test", found.added_columns()) as recorder:
        simulation.run(recorder)
        recorder.close()
    run = Played(simulation, tmp_path / "run")
    first, second = run.reward_model.itertuples()
    assert (first.why_nan, second.why_nan) == ("", "there were no labels")
    assert first.pairs > 0 == second.pairs
    assert run.policy["round"].tolist() == [1, 2]  # the reward model stays as it was, and PPO goes on by it
    assert simulation.parties["rm"].learned == 1


def test_looks_say_why_there_are_fewer_labels(tmp_path: Path) -> None:
    hasty = {"parties.pool.hours": 0.1, "relations.2.sample": 400}
    run = played(load(written(tmp_path / "scenario.yaml", hasty)), tmp_path / "run")
    row = run.reward_model.iloc[0]
    assert (row.asked, row.labels) == (400, len(run.comparisons[run.comparisons.time < row.time]))
    assert row.why_fewer == f"{400 - row.labels} labels were not given in the hours people had"
    odd = {"parties.pool.ranking": 4, "relations.2.sample": 200, "parties.pool.held_out": 0}
    row = played(load(written(tmp_path / "scenario.yaml", odd)), tmp_path / "odd").reward_model.iloc[0]
    assert (row.asked, row.labels) == (200, 198)
    assert row.why_fewer == "a ranking of 4 makes 6 pairs, which 200 is no multiple of"
    assert row.why_nan == "nothing is held out (held_out is 0)"
