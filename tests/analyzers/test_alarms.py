"""Alarms: each is told in a run where that goes wrong, and in none where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.analyzers.alarms import fallen
from simlab.report.summary_screen.alerts import told
from tests.small_world import FIRST, HURRIED, TRAIN, play

CONSEQUENCE = f"{TRAIN}.consequence"
LEARNER, LESSON = "relations.3.consequence.learner", "relations.2.consequence.learner"


def kinds(run: Any) -> set[str]:
    return set(run.alarms.kind)


# ---- worlds of vectors -----------------------------------------------------------------------------------------------


def test_where_nothing_goes_wrong_there_is_none(tmp_path: Path) -> None:
    assert play(tmp_path, {"days": 3}, measured=True).alarms.empty


@pytest.mark.parametrize(("beta", "far"), [(0.2, False), (0.01, True)])
def test_a_leash_too_long(beta: float, far: bool, tmp_path: Path) -> None:
    """KL = |θ/β|²/2 nats."""
    leash = {CONSEQUENCE: {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}}}
    run = play(tmp_path, leash, measured=True)
    assert ("exploding_kl" in kinds(run)) == far == (run.policy.objective_kl.max() > 50)
    if far:
        row = run.alarms.iloc[0]
        assert (row.party, row["round"], row.bound) == ("lm", 1, 50)
        assert row.figure == run.policy.objective_kl.max()
        assert f"{row.figure:,.3g} nats" in row.message
        never = play(tmp_path, {**leash, "alarms.kl": None}, measured=True)
        assert "exploding_kl" not in kinds(never)


@pytest.mark.parametrize("helpful", [1, -1])
def test_gold_that_falls_while_pay_rises(helpful: int, tmp_path: Path) -> None:
    """A firm that wants the contrary of what users want: they lose in the first round, and the firm does not."""
    guideline = {"parties.acme.guideline.operative": {"helpful": helpful}, "days": 1}
    run = play(tmp_path, guideline, measured=True)
    rows = run.alarms[run.alarms.kind == "overoptimization"]
    assert rows.party.tolist() == ([] if helpful > 0 else ["users"])
    assert rows["round"].tolist() == ([] if helpful > 0 else [1])


@pytest.mark.parametrize("helpful", [1, -1])
def test_within_a_look_too(helpful: int, tmp_path: Path) -> None:
    """As the learning curve has it."""
    changes = {"parties.acme.guideline.operative": {"helpful": helpful}, "panel.learning_curve": {"prompts": 50}}
    rows = play(tmp_path, changes, measured=True).alarms
    within = rows[rows.message.str.contains("1 batch before, while rm pays more")]
    assert within["round"].tolist() == ([1] if helpful < 0 else [])


def test_how_far_something_fell() -> None:
    """Over prompts, whose responses are one observation; and not by what is the same for all."""
    rng = np.random.default_rng(0)
    prompts = np.repeat(np.arange(400), 3)
    once, noise = rng.normal(size=1200), np.repeat(rng.normal(size=400), 3)
    for fall in (0.0, 0.2, 1.0):
        found, errors = fallen(once, once - fall + noise, prompts)
        assert found == pytest.approx(fall - noise.mean())
        assert errors == pytest.approx(found / (noise[::3].std(ddof=1) / 20))
    assert fallen(once, once, prompts) == (0, 0)
    assert fallen(once, once - 1, prompts)[1] == np.inf
    assert fallen(once, once + 1, prompts)[1] == -np.inf


# ---- worlds of words -------------------------------------------------------------------------------------------------


def words(folder: Path, *settings: str) -> simlab.Run:
    """A hurried run of one round."""
    short = [*HURRIED, "days=1", "panel.rounds=last", "waterfall.redraw=[]", *settings]
    return simlab.run(FIRST, small=True, overrides=short, out=folder / "run")


@pytest.mark.slow
def test_of_words_where_nothing_goes_wrong_there_is_none(tmp_path: Path) -> None:
    """Beside a fit to a hundred labels by people who do their best; and a word of everything that could be told."""
    assert not kinds(words(tmp_path)) & {
        "exploding_kl", "negative_kl", "entropy_collapse", "responses_alike", "overfit", "worse_than_chance"
    }  # fmt: skip


@pytest.mark.slow
def test_a_policy_that_collapses(tmp_path: Path) -> None:
    """Twelve steps a hundred times too long, without a leash: it says one thing to everybody."""
    settings = [f"{LEARNER}.iterations=6", f"{LEARNER}.rate=0.1", f"{LEARNER}.decay=false"]
    run = words(tmp_path, *settings, "relations.3.sample=64", "relations.3.consequence.shape.beta=0")
    assert {"entropy_collapse", "responses_alike"} <= kinds(run)
    assert run.policy.completions_distinct.iloc[-1] < 0.05
    screen = told(run)
    assert any("says the same to everybody" in line for line in screen)


@pytest.mark.slow
def test_a_reward_model_that_learns_coin_tosses_by_heart(tmp_path: Path) -> None:
    """Labels by coin toss, read again and again: it tells held-out ones worse than a coin, the later the worse."""
    tosses = ["parties.pool.policy={kind: mistaken, flip: 0.5}", "parties.pool.held_out=0.4", "relations.2.sample=400"]
    run = words(tmp_path, *tosses, f"{LESSON}.epochs=25", f"{LESSON}.rate=0.01", "alarms.accuracy=0.6")
    assert {"worse_than_a_coin", "overfit", "worse_than_chance"} <= kinds(run)
    rows = run.alarms.set_index("kind")
    kept = run.epochs[run.epochs.kept]
    assert rows.figure["worse_than_a_coin"] == pytest.approx(kept.eval_loss.item())
    assert rows.figure["overfit"] == pytest.approx(kept.eval_loss.item() - run.epochs.eval_loss.min())
    assert rows.figure["worse_than_chance"] == run.reward_model.accuracy_held_out.item() < 0.6
    assert set(rows.party) == {"rm"}


LIAR = '''"""Policies that learn nothing and say of themselves what cannot be."""

import simlab


class Liar(simlab.Learner):
    """Learns nothing. Source: own idea."""

    name = "liar"
    teaches = "language_model"

    def learn(self, network, lesson):
        from simlab.nets.practice import answer, grouped

        for asked, draws in zip(lesson.prompts, lesson.uniforms, strict=True):
            answer(network, lesson, grouped(asked, 1), draws)
        return [{"objective_kl": -2.0}] * len(lesson.prompts)

    def batches(self):
        return 2

    def passes(self):
        return 1.0
'''


@pytest.mark.slow
def test_a_divergence_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "liar.py").write_text(LIAR)
    monkeypatch.chdir(tmp_path)
    run = words(tmp_path, f"{LEARNER}=liar")
    rows = run.alarms[run.alarms.kind == "negative_kl"]
    assert rows[["figure", "bound"]].to_numpy().tolist() == [[-2, -1]]


def test_what_a_screen_says_of_many(tmp_path: Path) -> None:
    """One line for each party and kind: the last, and in how many rounds it was told."""

    class Few:
        tables = ("alarms",)
        alarms = pd.DataFrame(
            {"party": ["lm", "lm", "rm"], "kind": ["a", "a", "b"], "round": [1, 2, 2], "message": ["x.", "y.", "z."]}
        )

    assert told(Few()) == ["y (in 2 rounds; this is of round 2).", "z."]  # type: ignore[arg-type]
