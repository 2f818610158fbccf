"""The main job, two rounds of its three: labels teach the model, and coin tosses do not.

One seed of `01_first` and of its null control on the same base model and the same draws. (Five seeds and the other
controls are a study, not a test.)
"""

from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab.engine.jobs import Store

FIRST = Path(__file__).parent.parent / "scenarios" / "01_first.yaml"
SHORT = ["waterfall.redraw=[]", "days=10"]  # machines are trained once, and in two rounds: more than two thirds less
COIN = "parties.pool.policy={kind: mistaken, flip: 0.5}"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def taught(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "taught"
    return simlab.run(FIRST, seed=1, out=out, overrides=SHORT, store=store, local=False)


@pytest.fixture(scope="module")
def tossed(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "tossed"
    return simlab.run(FIRST, seed=1, out=out, overrides=[*SHORT, COIN], store=store, local=False)


def change(run, column):
    """The change of a score from round 0 to the last round, and its standard error (prompts are the sample); of a
    criterion among responses that answer: whoever falls silent, as those do whom coin tosses teach, does no harm."""
    rows = run.responses.astype({"answered": float})
    rows = rows if column == "answered" else rows[rows.answered == 1]
    first, last = (rows[rows["round"] == r].groupby("prompt")[column].mean().dropna() for r in (0, rows["round"].max()))
    error = np.sqrt(first.var() / len(first) + last.var() / len(last))
    return last.mean() - first.mean(), error


@pytest.mark.parametrize("criterion", ["truthful", "harmless"])
def test_the_responses_become_better(taught, criterion):
    rise, error = change(taught, criterion)
    assert rise > 4 * error


@pytest.mark.parametrize("criterion", ["truthful", "harmless"])
def test_coin_tosses_teach_much_less(taught, tossed, criterion):
    rise, error = change(taught, criterion)
    control, other_error = change(tossed, criterion)
    assert rise - control > 3 * np.hypot(error, other_error)


def test_answers_stay_answers(taught):
    fall, error = change(taught, "answered")
    assert fall > -0.05 - 2 * error


def test_the_reward_model_orders_held_out_pairs_as_the_guideline_does(taught, tossed):
    assert taught.reward_model.gold_pairs.iloc[-1] > 150
    assert taught.reward_model.accuracy_gold.iloc[-1] > 0.65
    n = tossed.reward_model.gold_pairs.iloc[-1]
    assert abs(tossed.reward_model.accuracy_gold.iloc[-1] - 0.5) < 4 * 0.5 / np.sqrt(n / 6)  # six pairs a ranking


def test_every_party_likes_the_last_round_better(taught):
    last = taught.win_rate[taught.win_rate["round"] == taught.win_rate["round"].max()].set_index("judge")
    assert (last.low > 0.5).all()
    start = taught.win_rate[(taught.win_rate["round"] == 0) & (taught.win_rate.judge != "lm")]
    assert (abs(start.rate - 0.5) < 4 * 0.5 / np.sqrt(600)).all()  # two responses a prompt, not independent


def test_the_control_differs_in_its_labels_alone(taught, tossed):
    """Same base model and same first responses, from the same draws: only the labels differ."""
    assert tossed.manifest["jobs_remembered"] >= 3
    for table in ("candidates", "responses"):
        first, second = (getattr(run, table) for run in (taught, tossed))
        first, second = (rows[rows["round"] == 0].drop(columns="run") for rows in (first, second))
        assert first.reset_index(drop=True).equals(second.reset_index(drop=True))
