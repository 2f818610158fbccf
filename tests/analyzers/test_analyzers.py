"""What the analyzers other than the waterfall write down of real runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from tests.small_world import AUDIT, FIRST, HURRIED, LEARN, TRAIN, Played, play, replications

RUNS = 20
DRAWN = ("waterfall.redraw=[pool, rm, lm]", "waterfall.marks=true")


def last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["round"] == rows["round"].max()]


def mean_and_error(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


# ---- flattening ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 3, "b": 1, "c": 0.5}, {"a": 1, "b": 1, "c": 2, "d": -1}])
def test_a_number_says_one_of_many_criteria(weights: dict[str, float], tmp_path: Path) -> None:
    """Orthonormal criteria: whatever the weights, users' utility leaves 1 − 1/C unsaid, and 1 − 2^(1−C) conflict."""
    changes = {"parties.users.values": weights, "parties.acme.guideline.operative": dict.fromkeys(weights, 1)}
    changes["criteria"] = {name: {} for name in weights}
    losses, conflicts = [], []
    for run in replications(tmp_path, {**changes, f"{LEARN}.sample": 50}, range(RUNS), measured=True):
        row = last(run.flattening).query("party == 'users'").iloc[0]
        losses.append(row.loss)
        conflicts.append(row.conflict)
    count = len(weights)
    for values, predicted, margin in ((losses, 1 - 1 / count, 0.02), (conflicts, 1 - 2.0 ** (1 - count), 0.02)):
        mean, error = mean_and_error(values)
        assert abs(mean - predicted) < 4 * error + 1e-3  # and what 1000 responses shrink a squared correlation by
        assert abs(mean - predicted) + 2 * error < margin
    wrong = 1 - max(map(abs, weights.values())) ** 2 / sum(w * w for w in weights.values()) / count
    if abs(wrong - (1 - 1 / count)) > 0.01:
        assert abs(np.mean(losses) - wrong) > 4 * mean_and_error(losses)[1]


def test_raters_are_flattened_to_their_scores(tmp_path: Path) -> None:
    changes = {
        "parties.users.values": {"helpful": 1, "brand": 1},
        "parties.pool": {"kind": "raters", "count": 30, "misreading": 2.0, "policy": {"kind": "mistaken", "flip": 0}},
        f"{AUDIT}.sample": 1.0,
        f"{LEARN}.sample": 1500,
    }
    rows = play(tmp_path, changes, measured=True).flattening.query("order == 2")
    first, final = rows[rows["round"] == 0].iloc[0], last(rows).iloc[0]
    assert first.why_nan == "fewer than three agents have been judged"
    assert np.isnan(first.loss)
    assert (final.party, final.panel, final.n, final.why_nan) == ("acme", "pool", 30, "")
    assert 0.4 < final.loss < 0.9  # the score follows helpful, and brand hardly
    assert 0 < final.conflict < 1


# ---- agreement -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("flip", [0.05, 0.2, 0.35])
def test_agreement_of_a_pool(flip: float, tmp_path: Path) -> None:
    """Two flips a pair: κ, α and AC1 are (1 − 2ε)², and a rater's accuracy is neither."""
    pool = {"kind": "raters", "count": 5, "overlap": 2, "policy": {"kind": "mistaken", "flip": flip}}
    found: dict[str, list[float]] = {}
    for run in replications(tmp_path, {"parties.pool": pool, f"{LEARN}.sample": 400}, range(RUNS), measured=True):
        rows = run.agreement
        assert (rows.n == 400).all()
        assert (rows.low < rows.value).all()
        assert (rows.value < rows.high).all()
        assert set(rows.order) == {1}
        for row in rows.itertuples():
            found.setdefault(row.statistic, []).append(row.value)
    kappa = (1 - 2 * flip) ** 2
    assert set(found) == {"percent", "cohen", "fleiss", "krippendorff", "gwet_ac1", "gwet_ac2"}
    for name, values in found.items():
        predicted = (1 + kappa) / 2 if name == "percent" else kappa
        mean, error = mean_and_error(values)
        assert abs(mean - predicted) < 4 * error
        assert abs(mean - predicted) + 2 * error < 0.05
        assert abs(mean - (1 - flip if name == "percent" else 1 - 2 * flip)) > 4 * error  # not of one with the truth


def test_who_shares_no_pair_has_no_agreement(tmp_path: Path) -> None:
    assert len(play(tmp_path, measured=True).agreement) == 0


def test_each_round_counts_its_own_labels(tmp_path: Path) -> None:
    pool = {"kind": "raters", "count": 5, "overlap": 3, "policy": {"kind": "boltzmann", "agreement": 0.75, "ties": 1}}
    run = play(tmp_path, {"parties.pool": pool, "days": 3}, measured=True)
    assert run.agreement.groupby("round").n.first().to_dict() == {1: 200, 2: 200, 3: 200}
    ac1, ac2 = (run.agreement[run.agreement.statistic == name].value.mean() for name in ("gwet_ac1", "gwet_ac2"))
    assert ac2 > ac1 + 0.05  # undecided is not the opposite of decided


def test_one_auditor_is_nobody_to_agree_with(tmp_path: Path) -> None:
    """Whoever judges a pair that three raters share judges it for all three, and says the same."""
    changes = {
        "parties.pool": {"kind": "raters", "count": 6, "overlap": 3, "policy": {"kind": "mistaken", "flip": 0.2}},
        "parties.leads": {"kind": "auditors", "count": 4, "policy": {"kind": "mistaken", "flip": 0.1}},
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 1.0},
    }
    run = play(tmp_path, changes, measured=True)
    said = run.comparisons[run.comparisons.principal == "leads"]
    assert len(said) == 3 * said.task.nunique()
    assert (said.groupby("task").worker.nunique() == 1).all()
    assert set(run.agreement.principal) == {"pool"}


# ---- on policy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_the_share_gained_is_the_cosine(beta: float, tmp_path: Path) -> None:
    """N(0, I) moved by μ: gain θ·μ, KL |μ|²/2, and the most at that distance |θ|√(2 KL), however far it goes."""
    changes = {
        "parties.acme.guideline.operative": {"helpful": 1, "brand": 1},
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}},
    }
    run = play(tmp_path, changes, measured=True)
    mean = run.context.parties["lm"].backend.mean
    for row in last(run.on_policy).itertuples():
        value = run.context.parties[row.party].standard().vector
        assert row.share == pytest.approx(value @ mean / np.linalg.norm(value) / np.linalg.norm(mean))
        assert row.kl == pytest.approx(mean @ mean / 2) == pytest.approx(1 / (2 * beta**2), rel=0.2)
        assert row.gain == pytest.approx(row.share * row.best)
        assert row.best != pytest.approx(np.linalg.norm(value) * np.sqrt(row.kl))
    assert set(run.on_policy.party) == {"users", "acme"}
    assert np.isnan(run.on_policy[run.on_policy["round"] == 0].share).all()


# ---- worlds of words -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> simlab.Run:
    """A small run with networks, in which machines are drawn anew, too, and what raters mark is a level."""
    settings = [*HURRIED, *DRAWN]
    return simlab.run(FIRST, overrides=settings, small=True, out=tmp_path_factory.mktemp("words") / "run")


@pytest.mark.slow
def test_minimal_pairs_of_both_machines(words: simlab.Run) -> None:
    rows = words.minimal_pairs
    assert set(rows.kind) == {"scrambled", "false", "wrong_force"}
    assert set(rows[rows.party == "lm"]["round"]) == {0, 1, 2}
    assert set(rows[rows.party == "rm"]["round"]) == {1, 2}  # untaught, it cannot tell anything apart
    assert rows.accuracy.between(0, 1).all()
    assert (rows.low <= rows.accuracy).all()
    assert (rows.accuracy <= rows.high).all()
    whole = rows[rows.force == ""].set_index(["round", "party", "kind"]).n
    parts = rows[rows.force != ""].groupby(["round", "party", "kind"]).n.sum()
    pd.testing.assert_series_equal(whole.sort_index(), parts.sort_index())
    assert set(rows[rows.kind == "wrong_force"].force) == {"", "question", "command", "request", "wish"}


@pytest.mark.slow
def test_even_a_hurried_model_knows_some_syntax(words: simlab.Run) -> None:
    rows = words.minimal_pairs.query("party == 'lm' and force == '' and kind == 'scrambled'")
    assert (rows.low > 0.5).all()


@pytest.mark.slow
def test_machines_drawn_anew(words: simlab.Run) -> None:
    rows = last(words.waterfall).query("place > 0").set_index("agent")
    for machine in ("rm", "lm"):
        assert -1 < rows.loc[machine, "reliability"] < 1
        assert "not drawn anew" not in rows.loc[machine, "why_nan"]


@pytest.mark.slow
def test_labels_of_words_are_read_and_learned_again(words: simlab.Run) -> None:
    """In the last round networks are fitted to labels given again; before, it is said that they are not."""
    rows = words.waterfall.query("agent == 'pool, as marked'").set_index("round")
    assert rows.rho[1:].notna().all()
    assert -1 < rows.loc[2, "reliability"] < 1
    assert np.isnan(rows.loc[1, "reliability"])
    assert "rm is trained again in the last round only" in rows.loc[1, "why_nan"]
    assert "nothing has been marked yet" in rows.loc[0, "why_nan"]
    assert set(words.waterfall.path) == {"users → acme → pool → rm → lm"}  # of parties; labels are none


@pytest.fixture(scope="module")
def unasked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simlab.Run]:
    """The run of `words` where nothing is said of redraws, with fewer labels given again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simlab.analyzers.given_labels.MOST_NETWORK", 60)
        yield simlab.run(FIRST, overrides=HURRIED, small=True, out=tmp_path_factory.mktemp("unasked") / "run")


@pytest.mark.slow
def test_how_few_labels_are_given_again_says_nothing_of_the_machine(words: simlab.Run, unasked: simlab.Run) -> None:
    """A reward model's own chance is that of all the labels it has had, and not of those that are given again."""
    assert len(words.comparisons) > 3 * 60
    one, other = (last(run.waterfall).query("place > 0").set_index("agent").reliability for run in (words, unasked))
    assert one["rm"] == other["rm"]
    assert one["pool, as marked"] != other["pool, as marked"]


@pytest.mark.slow
def test_noise_and_bias_of_machines_are_there_unasked(unasked: simlab.Run) -> None:
    """In the last round every link has both; before, it is said that the model is not trained again."""
    links = unasked.waterfall.query("place > 0").set_index(["round", "agent"])
    final = links.loc[2]
    reliable = final[final.reliability > 0]
    assert "lm" in reliable.index
    np.testing.assert_allclose(reliable.noise + reliable.bias, reliable.loss)
    np.testing.assert_allclose(reliable.noise, -np.log(reliable.reliability) / 2)
    assert 0 < final.reliability["lm"] < 1  # another training makes another model, but not any
    assert np.isnan(links.reliability[1, "lm"])
    assert "lm is trained again in the last round only" in links.why_nan[1, "lm"]


@pytest.mark.slow
def test_on_policy_from_samples(words: simlab.Run) -> None:
    rows = words.on_policy
    assert (rows.n == 256).all()
    assert (rows[rows["round"] == 0].kl == 0).all()
    assert (rows[rows["round"] == 0].effective == 256).all()
    later = rows[rows["round"] > 0]
    assert (later.kl.abs() > 0).all()
    assert (later.best[(later.kl > 0) & ~later.beyond] > 0).all()
    assert (later.beyond == later.best.isna()).all()
    assert (later.beyond == later.why_nan.ne("")).all()


@pytest.mark.slow
def test_of_words_too_much_is_flattened(words: simlab.Run) -> None:
    rows = words.flattening.query("order == 1 and party in ['users', 'acme', 'pool']")
    assert rows.loss.between(0, 1).all()
    assert rows.conflict.between(0, 1).all()


# ---- comparisons of agents -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Played:
    changes: dict[str, Any] = {
        "days": 3,
        "parties.pool": {"kind": "raters", "count": 12, "misreading": 1.5, "policy": {"kind": "mistaken", "flip": 0.1}},
        f"{AUDIT}.sample": 1.0,
        f"{LEARN}.sample": 1500,
    }
    return play(tmp_path_factory.mktemp("audited"), changes, measured=True)


def test_every_rater_is_compared_with_two_others(audited: Played) -> None:
    rows = audited.comparisons_of_agents
    assert set(rows.order) == {2}
    assert set(rows.worker) == set(rows.principal) == {"acme"}
    for _, look in rows.groupby("ranking"):
        assert len(look) == 12
        assert (pd.concat([look.left, look.right]).value_counts() == 2).all()
        assert (look.left != look.right).all()
    assert rows.task.is_unique
    assert rows.duration.isna().all()


def test_their_labels_are_their_scores_and_gold_their_rho(audited: Played) -> None:
    rows = audited.comparisons_of_agents
    scores = audited.judgements.query("order == 2").set_index(["time", "agent"]).score
    rho = audited.raters.assign(number=audited.raters.worker.str.partition(":")[2].astype(int))
    rho = rho.set_index(["round", "number"]).rho_guideline
    for row in rows.itertuples():
        left, right = (scores[row.time, f"pool:{n}"] for n in (row.left, row.right))
        assert row.label == (1 if left > right else 2 if left < right else 0)
        assert row.perceived == pytest.approx(left - right)
        true = rho[row.round, row.left] - rho[row.round, row.right]
        assert row.gold == (1 if true > 0 else 2)
    assert (rows.label == rows.gold).mean() > 0.6  # every label is audited: scores tell raters apart


def test_two_raters_are_one_pair(tmp_path: Path) -> None:
    rows = play(tmp_path, {"parties.pool.count": 2, f"{AUDIT}.sample": 1.0}).comparisons_of_agents
    assert len(rows) == 1
    alone = play(tmp_path, {"parties.pool.count": 1, f"{AUDIT}.sample": 1.0}).comparisons_of_agents
    assert len(alone) == 0


# ---- to look is not to touch -----------------------------------------------------------------------------------------

TOUCHED = ("waterfall", "flattening", "agreement", "on_policy", "minimal_pairs", "orders", "alarms")


def same_but_for_rooms(one: dict[str, pd.DataFrame], two: dict[str, pd.DataFrame]) -> None:
    assert set(one) == set(two)
    for name in one:
        if name not in TOUCHED:
            pd.testing.assert_frame_equal(one[name], two[name], check_exact=True)


@pytest.mark.slow
def test_measuring_changes_nothing(words: simlab.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.analyzers.survey.ANALYZERS", ())
    settings = [*HURRIED, *DRAWN]
    bare = simlab.run(FIRST, overrides=settings, small=True, out=tmp_path / "run")
    assert all(len(words.tables[name]) > len(bare.tables[name]) == 0 for name in TOUCHED if name != "agreement")
    same_but_for_rooms(dict(words.tables), dict(bare.tables))
