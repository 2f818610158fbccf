"""The event log of a run in which everything happens: whatever a row refers to is there, and sums agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.deep_world import DEEP
from tests.small_world import AUDIT, HIERARCHY, LEARN, LOOK, MEASURED, TRAIN, Played, payments, play, play_as

EVENTFUL = {
    "days": 6,
    "cluster": {"flops": 1e6},
    "parties.users": {"kind": "users", "values": {"helpful": 1, "brief": 0.5}, "count": 400, "subscription": 1.5},
    "parties.acme.guideline": {"operative": {"helpful": 1, "engaging": 0.5}, "published": {"helpful": 1}},
    "parties.acme.gold_error": 0.1,
    "parties.pool.misreading": 0.8,
    "parties.pool.ranking": 3,
    "parties.pool.overlap": 2,
    f"{LOOK}.consequence": "churn",
    f"{AUDIT}.consequence": [{"kind": "warn", "below": 0.7}, {"kind": "fire", "below": 0.65}, "hire"],
    f"{LEARN}.every": 2,
    f"{TRAIN}.every": 2,
}
DIFFERENCES = np.array([[1, 1, 0], [-1, 0, 1], [0, -1, -1]])  # of three responses: 1 − 2, 1 − 3, 2 − 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The run all tests here look at."""
    return play(tmp_path_factory.mktemp("event_log"), EVENTFUL, seed=3, measured=True)


def test_judgements_are_numbered_in_order(run: Played) -> None:
    rows = run.judgements
    assert rows.judgement.tolist() == list(range(len(rows)))
    assert rows.time.is_monotonic_increasing
    assert rows["round"].is_monotonic_increasing
    assert (rows["sample"] <= rows.population).all()
    assert set(rows.order) == {1, 2}
    assert set(rows[rows.order == 2].principal) == {"acme"}
    relations = set(zip(rows.principal, rows.agent.str.partition(":")[0], strict=True))
    assert relations == {("users", "acme"), ("acme", "pool"), ("pool", "rm"), ("rm", "lm")}


def test_every_consequence_joins_the_judgement_it_followed_from(run: Played) -> None:
    rows, causes = run.consequences, run.judgements
    assert {"pay", "warn", "fire", "hire", "churn", "gradient"} == set(rows.kind)
    assert set(rows.judgement) - {-1} <= set(causes.judgement)
    assert set(rows[rows.judgement == -1].kind) <= {"pay", "hire"}
    joined = rows[rows.judgement >= 0].merge(causes, on="judgement", suffixes=("", "_cause"))
    for column in ("principal", "agent"):
        assert (joined[column] == joined[f"{column}_cause"]).all()
    assert (joined.time >= joined.time_cause).all()
    immediate = joined[joined.kind != "gradient"]
    assert (immediate.time == immediate.time_cause).all()
    assert (rows.reason != "").all()
    assert set(zip(rows.kind, rows.unit, strict=True)) == {
        ("pay", "$"), ("warn", "agreement"), ("fire", "agreement"), ("hire", "person"), ("churn", "users"),
        ("gradient", "FLOP"),
    }  # fmt: skip


def test_a_firing_leads_back_to_the_labels_that_were_audited(run: Played) -> None:
    fired = run.consequences[run.consequences.kind == "fire"].iloc[0]
    audit = run.judgements.set_index("judgement").loc[fired.judgement]
    since = run.judgements[(run.judgements.order == 2) & (run.judgements.time < audit.time)].time.max()
    rows = run.comparisons
    seen = rows[(rows.worker == fired.agent) & (rows.time <= audit.time) & ~(rows.time <= since)]
    assert 0 < audit["sample"] <= len(seen)
    spell = run.employment.set_index("worker").loc[fired.agent]
    assert (spell.ended, spell.reason) == (fired.time, f"fired: {fired.reason}")


def test_comparisons_refer_to_responses_workers_and_guidelines_there_are(run: Played) -> None:
    rows, shown = run.comparisons, run.candidates.set_index("response")
    assert shown.index.is_unique
    assert set(rows.left) | set(rows.right) <= set(shown.index)
    assert set(rows.worker) <= set(run.employment.worker)
    assert set(rows.guideline_version) | set(run.judgements.guideline_version) == set(run.guidelines.version) == {1}
    assert set(rows.label) <= {0, 1, 2}
    assert set(rows.gold) <= {1, 2}
    assert not rows.duplicated(["task", "worker"]).any()
    assert (rows.task // 3 == rows.ranking).all()
    assert (rows.left // 3 == rows.ranking).all()
    assert (shown["round"].loc[rows.left].to_numpy() == rows["round"].to_numpy()).all()


def test_reward_models_are_taught_what_was_compared(run: Played) -> None:
    rows = run.comparisons
    for fit in run.reward_model.itertuples():
        known = rows[rows.time < fit.time]
        assert fit.pairs == (~known.held_out).sum()
        assert fit.ties == (~known.held_out & (known.label == 0)).sum()
        assert fit.gold_pairs == (known.held_out & (known.gold != 0)).sum()
    looks = run.judgements[run.judgements.principal == "pool"]
    assert looks.population.sum() == len(rows[rows.time < looks.time.max()])


def test_labor_counts_hours_of_people_and_operations_of_machines(run: Played) -> None:
    labor = run.labor.groupby(["party", "kind"])[["hours", "pay", "flops"]].sum()
    machines = [("lm", "pretraining"), ("rm", "training"), ("lm", "training")]
    assert set(labor.index) == {*machines, ("pool", "ranking"), ("acme", "auditing")}
    ranking = labor.loc["pool", "ranking"]
    np.testing.assert_allclose(ranking.hours, run.comparisons.duration.sum() / 3600)
    np.testing.assert_allclose(ranking.pay, run.comparisons.pay.sum())
    wages = payments(run.ledger).query("payee.str.startswith('pool:')")
    np.testing.assert_allclose(ranking.pay, wages.amount.sum())
    checked = run.judgements[run.judgements.principal == "acme"]["sample"].sum()
    np.testing.assert_allclose(labor.loc["acme", "auditing"].hours, checked * 60 / 3600)
    np.testing.assert_allclose(labor.loc["acme", "auditing"].pay, 21 * checked * 60 / 3600)
    assert labor.loc[machines].pay.eq(0).all()
    trained = labor.loc[machines]
    np.testing.assert_allclose(trained.hours, trained.flops / 1e6 / 3600)


def test_money_goes_from_users_to_the_firm_and_from_the_firm_to_raters(run: Played) -> None:
    rows = payments(run.ledger)
    assert rows.time.is_monotonic_increasing
    ways = set(zip(rows.payer, rows.payee.str.partition(":")[0], strict=True))
    assert ways == {("users", "acme"), ("acme", "pool"), ("acme", "acme staff")}


def test_guidelines_are_written_down_as_told(run: Played) -> None:
    rows = run.guidelines
    told = {(row.kind, row.criterion): row.weight for row in rows.itertuples()}
    assert told == {("published", "helpful"): 1, ("operative", "helpful"): 1, ("operative", "engaging"): 0.5}


def test_everybody_s_reading_of_the_guideline_is_written_down(run: Played) -> None:
    """Of acme and of everyone ever hired, when hired; criterion by criterion, and the length of the rest."""
    readings, spells = run.readings, run.employment.groupby("worker").hired.min()
    assert set(readings.party) == {"acme", *spells.index}
    people = readings[readings.party != "acme"]
    np.testing.assert_array_equal(people.time, spells[people.party])
    game, pool = run.context.game, run.context.parties["pool"]
    weights = people.pivot(index="party", columns="criterion", values="weight").loc[pool.labels_of(np.arange(8))]
    vectors = pool.cohort.vector[:8]
    named = sum(weights[[name]].to_numpy() * game.value({name: 1}) for name in ("helpful", "brief", "engaging"))
    np.testing.assert_allclose(np.linalg.norm(vectors - named, axis=1), weights[""], atol=1e-12)
    np.testing.assert_allclose(np.hypot(np.linalg.norm(named, axis=1), weights[""]), np.linalg.norm(vectors, axis=1))
    acme = readings[readings.party == "acme"].set_index("criterion").weight
    assert acme.to_dict() == {"helpful": 1, "brief": 0, "engaging": 0.5}
    assert "published" not in set(readings.criterion)


def test_what_each_label_did_to_the_reward_model(run: Played) -> None:
    """Each is learnt once, unless held out; the push is what is left of it to learn, of either sign."""
    lessons, rows = run.lessons, run.comparisons
    fits = sorted(run.reward_model.time)
    learnt = rows[~rows.held_out & (rows.time < fits[-1])]
    keys = ["task", "worker"]
    assert not lessons.duplicated(keys).any()
    both = lessons.merge(learnt, on=keys, suffixes=("", "_said"))
    assert len(both) == len(lessons) == len(learnt)
    assert (both.label == both.label_said).all()
    assert (both.time > both.time_said).all()
    assert (both.time - both.time_said < 2 + 1e-6).all()  # taught every other day
    assert (lessons[lessons.time == fits[0]].margin_before == 0).all()
    won = lessons.label.map({1: 1.0, 2: 0.0, 0: 0.5})
    np.testing.assert_allclose(lessons.push, won - 1 / (1 + np.exp(-lessons.margin_before)))
    shift = lessons.margin_after - lessons.margin_before
    first = lessons.time == fits[0]  # later fits are to everything known, not to what is new
    assert (np.sign(shift) == np.sign(lessons.push))[first & (lessons.label != 0)].mean() > 0.6


def test_the_last_margins_are_the_reward_model_s_own(run: Played) -> None:
    machine, shown = run.context.parties["rm"], run.context.parties["rm"].memory[-1]
    last = run.lessons[run.lessons.time == run.lessons.time.max()].set_index(["task", "worker"])
    raw = machine.margins(shown)
    scores = machine.score(shown.items).reshape(len(shown), 3)
    np.testing.assert_allclose(raw, scores @ DIFFERENCES * machine.scale)
    for i in np.flatnonzero(~shown.held_out)[:20].tolist():
        for pair in range(3):
            row = last.loc[(shown.pair_numbers[i, pair], f"pool:{shown.worker[i]}")]
            assert row.margin_after == raw[i, pair]


def test_very_large_pools_and_fits_write_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.parties.pool.MOST_READINGS", 7)  # of a pool of eight
    monkeypatch.setattr("simlab.consequences.learning.MOST_LESSONS", 199)  # of two hundred pairs
    few = play(tmp_path)
    assert set(few.readings.party) == {"acme"}
    assert len(few.lessons) == 0
    assert len(few.reward_model) == 1


def test_every_round_is_measured_once_by_everybody(run: Played) -> None:
    rounds = range(4)
    assert run.policy["round"].tolist() == [1, 2, 3]  # what it then is has the same number
    everybody = ["users", "acme", "pool", "rm", "lm"]
    responses = run.alignment[(run.alignment.order == 1) & (run.alignment.b != "acme:published")]
    assert len(responses) == len(rounds) * 10
    assert not responses.duplicated(["round", "a", "b"]).any()
    assert run.win_rate.groupby("round").judge.agg(list).tolist() == [everybody] * 4
    assert run.responses.groupby("round").size().tolist() == [1000] * 4
    counts = run.raters.groupby("round").worker.agg(["size", "nunique"])
    assert (counts["size"] == counts["nunique"]).all()
    assert counts["size"].is_monotonic_increasing  # former raters stay in the table
    ended = run.employment.set_index("worker").ended
    for row in run.raters.itertuples():
        assert row.employed == (not ended[row.worker] <= row.time)


def test_times_and_rounds_never_go_back_and_stay_within_the_run(run: Played) -> None:
    for name in ("raters", "candidates", "comparisons", "alignment", "responses", "win_rate", "labor", "policy"):
        rows: pd.DataFrame = getattr(run, name)
        assert rows.time.is_monotonic_increasing, name
        assert rows["round"].is_monotonic_increasing, name
        assert rows.time.between(0, 6.001).all(), name  # the last training may end a little later


def test_labor_says_with_what_care_people_worked(tmp_path: Path) -> None:
    """Those whom care costs more than the job is worth toss coins, and half of what they say is right."""
    careless = {"parties.pool.effort": {"kind": "no_shirking", "cost": 1000.0}, "parties.pool.policy.flip": 0.0}
    for changes, care, right in ((careless, 0.0, 0.5), ({"parties.pool.policy.flip": 0.0}, 1.0, 1.0)):
        run = play(tmp_path, {**changes, f"{LEARN}.sample": 2000})
        work = run.labor.set_index("kind").care
        assert (work["ranking"] == care).all()
        assert work.drop("ranking").isna().all()
        pairs = run.comparisons[run.comparisons.gold != 0]
        assert (pairs.label == pairs.gold).mean() == pytest.approx(right, abs=4 * np.sqrt(0.25 / len(pairs)))


@pytest.mark.slow
@pytest.mark.parametrize("said", [HIERARCHY, DEEP], ids=["small", "deep"])
def test_who_is_not_asked_does_the_same(said: dict[str, Any], tmp_path: Path) -> None:
    """Without measures, tables of preferences are empty, and every other value is what it was."""
    asked, unasked = (play_as(said, tmp_path, {"days": 3}, measured=measured).tables() for measured in (True, False))
    assert {name for name, rows in asked.items() if len(rows) and not len(unasked[name])} <= MEASURED
    assert {name for name in MEASURED if len(unasked[name])} == set()
    assert len(asked["alignment"]) > 0
    for name in asked.keys() - MEASURED - {"queues"}:
        one, other = asked[name], unasked[name]
        if name == "comparisons":  # of agents, gold is by what was measured
            one, other = (rows.assign(gold=rows.gold.where(rows.order == 1)) for rows in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
