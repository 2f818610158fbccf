"""Effort, pay, hiring, tiring, leaving and voice on whole runs: what the file says is what happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simlab.errors import InvalidInput
from tests.deep_world import DEEP
from tests.loading import load
from tests.small_world import AUDIT, LEARN, Played, payments, play, replications, written

POOL = "parties.pool"
SKILLED: dict[str, Any] = {  # everybody reads the guideline rightly, so that answers with care are right
    "days": 4, f"{POOL}.policy": {"kind": "mistaken", "flip": 0}, f"{AUDIT}.sample": 0.5, f"{LEARN}.sample": 800,
}  # fmt: skip


def accuracy(made: pd.DataFrame) -> float:
    """Share of labels that gold agrees with."""
    return float((made.label == made.gold)[made.gold != 0].mean())


def paid(run: Played, pool: str = "pool") -> pd.DataFrame:
    """What people of a pool received."""
    rows = payments(run.ledger)
    return rows[rows.payee.str.startswith(f"{pool}:")]


# ---- effort -------------------------------------------------------------------------------------------------------

SHIRK = {"kind": "no_shirking", "cost": 4, "outside": 5}
STRICT = {"kind": "fire", "below": 0.8, "min_sample": 10}


@pytest.mark.slow
@pytest.mark.parametrize(("wage", "care"), [(3.0, 0.0), (30.0, 1.0)])
def test_people_work_if_the_job_is_worth_keeping(wage: float, care: float, tmp_path: Path) -> None:
    """Careless labels are tosses of a coin; careful ones are right."""
    run = play(
        tmp_path,
        {**SKILLED, f"{POOL}.effort": SHIRK, f"{POOL}.wage": wage, f"{AUDIT}.consequence": [STRICT]},
        measured=True,
    )
    first = run.comparisons[run.comparisons.time < 1]
    assert set(run.raters.care[run.raters.employed]) <= {care}
    error = 0.5 / np.sqrt(len(first))
    assert abs(accuracy(first) - (1.0 if care else 0.5)) < 4 * error
    fired = run.consequences[run.consequences.kind == "fire"]
    assert len(fired) == (0 if care else 8)


def test_nobody_works_with_care_if_nobody_is_dismissed(tmp_path: Path) -> None:
    run = play(
        tmp_path, {**SKILLED, f"{POOL}.effort": SHIRK, f"{POOL}.wage": 30.0, f"{AUDIT}.consequence": []}, measured=True
    )
    assert set(run.raters.care) == {0.0}
    assert abs(accuracy(run.comparisons) - 0.5) < 0.05


def test_the_careless_are_quick_if_the_file_says_so(tmp_path: Path) -> None:
    quick = {**SHIRK, "careless_seconds": 0.25}
    changes = {**SKILLED, f"{POOL}.seconds_spread": 0, f"{POOL}.wage": 0.0, f"{POOL}.seconds": 40}
    runs = [play(tmp_path, {**changes, f"{POOL}.effort": effort}) for effort in ("diligent", SHIRK, quick)]
    assert [set(run.comparisons.duration.round(9)) for run in runs] == [{40.0}, {40.0}, {10.0}]


def test_one_more_careless_person_changes_nobody_elses_labels(tmp_path: Path) -> None:
    mixed = {"kind": "gold_bonus", "cost": 4, "cost_spread": 2.0}
    pay = {"kind": "double_or_nothing"}
    some, more = (
        play(
            tmp_path,
            {**SKILLED, "days": 1, f"{POOL}.effort": mixed, f"{POOL}.pay": pay, f"{POOL}.count": count},
            measured=True,
        )
        for count in (8, 9)
    )
    both = some.comparisons.merge(more.comparisons, on=["task", "worker"])
    assert len(both) > 300
    assert (both.label_x == both.label_y).all()
    assert 0 < some.raters.care.mean() < 1


# ---- pay ----------------------------------------------------------------------------------------------------------


def test_piece_rates(tmp_path: Path) -> None:
    run = play(tmp_path, {**SKILLED, f"{POOL}.pay": {"kind": "piece", "rate": 0.25}, f"{POOL}.ranking": 3})
    assert set(run.comparisons.pay) == {0.25}
    by_worker = paid(run).groupby("payee").amount.sum()
    assert by_worker.to_dict() == (run.comparisons.groupby("worker").size() * 0.25).to_dict()


def test_a_tournament_pays_its_prizes(tmp_path: Path) -> None:
    scheme = {"kind": "tournament", "bonus": 12.0, "winners": 2}
    changes = {**SKILLED, f"{POOL}.pay": scheme, f"{POOL}.policy.flip": 0.3, f"{POOL}.wage": 10.0}
    run = play(tmp_path, changes)
    rows = paid(run)
    prizes = rows[rows.reason == "bonus for ranking"]
    assert prizes.groupby("time").amount.sum().round(9).tolist() == [24.0] * 4
    wages = rows[rows.reason == "wages for ranking"].amount.sum()
    assert wages == pytest.approx(run.comparisons.duration.sum() / 3600 * 10)
    looked = run.judgements[run.judgements.order == 2]
    for time, won in prizes.groupby("time"):
        scores = looked[looked.time == time].set_index("agent").score
        assert scores[won.payee].min() >= scores.nlargest(2).min()


def test_double_or_nothing(tmp_path: Path) -> None:
    """With every answer right, twice the wage; with right and wrong ones by chance, twice or nothing."""
    scheme = {"kind": "double_or_nothing", "gold": 1}
    sure = play(tmp_path, {**SKILLED, f"{POOL}.pay": scheme, f"{AUDIT}.sample": 1.0})
    wages = sure.comparisons.duration.sum() / 3600 * 21
    assert paid(sure).amount.sum() == pytest.approx(2 * wages)
    half = play(tmp_path, {**SKILLED, f"{POOL}.pay": scheme, f"{AUDIT}.sample": 1.0, f"{POOL}.policy.flip": 0.5})
    due = half.comparisons.groupby(["worker", half.comparisons.time.astype(int)]).duration.sum() / 3600 * 21
    got = paid(half).groupby(["payee", paid(half).time.astype(int) - 1]).amount.sum()
    multiple = (got.reindex(due.index, fill_value=0.0) / due).round(6)
    assert set(multiple) == {0.0, 2.0}


def test_a_bonus_for_those_who_agree(tmp_path: Path) -> None:
    bonus = {"kind": "bonus", "amount": 5.0, "above": 0.75, "min_sample": 20}
    run = play(tmp_path, {**SKILLED, f"{POOL}.policy.flip": 0.25, f"{AUDIT}.consequence": [bonus]})
    looked = run.judgements[(run.judgements.order == 2) & (run.judgements.score >= 0.75)]
    looked = looked[looked["sample"] >= 20]
    given_ = run.consequences[run.consequences.kind == "bonus"]
    assert 0 < len(given_) < 8 * 4
    assert set(given_.judgement) == set(looked.judgement)
    assert paid(run).query("reason == 'bonus for ranking'").amount.sum() == 5 * len(given_)


# ---- hiring, probation, training ----------------------------------------------------------------------------------

DIFFERENT: dict[str, Any] = {**SKILLED, f"{POOL}.misreading": 1.5, f"{POOL}.count": 30, "world.dimensions": 16}
TEST = {"items": 100, "test": {"kind": "gold_test", "items": 100, "right": 72}}


@pytest.mark.slow
def test_those_who_pass_a_test_are_truer_than_those_who_come(tmp_path: Path) -> None:
    """And candidates who fail never work, and are paid nothing."""
    everybody = play(tmp_path, {**DIFFERENT, f"{POOL}.seconds_spread": 0}, measured=True)
    chosen = play(tmp_path, {**DIFFERENT, f"{POOL}.seconds_spread": 0, f"{POOL}.screening": TEST}, measured=True)
    truth = [run.raters[run.raters.employed].groupby("worker").rho_guideline.first() for run in (everybody, chosen)]
    assert len(truth[1]) == 30
    assert truth[1].mean() > truth[0].mean() + 0.05
    pool: Any = chosen.context.parties["pool"]
    turned_away = {f"pool:{n}" for n in np.flatnonzero(pool.rejected)}
    assert len(turned_away) > 5
    assert not turned_away & ({*chosen.employment.worker, *chosen.comparisons.worker, *chosen.raters.worker})
    assert not turned_away & {*paid(chosen).payee}
    tests = chosen.labor[chosen.labor.kind == "screening"]
    assert tests.pay.sum() == 0
    assert tests.hours.sum() == pytest.approx((30 + len(turned_away)) * 100 * 30 / 3600)


def test_a_vacancy_may_stay_if_nobody_passes(tmp_path: Path) -> None:
    hard = {"items": 200, "test": {"kind": "gold_test", "items": 200, "right": 200}, "candidates": 2}
    run = play(tmp_path, {**DIFFERENT, f"{POOL}.screening": hard, f"{AUDIT}.consequence": ["hire"]})
    assert run.employment.empty
    assert run.comparisons.empty


def test_probation_is_stricter_and_only_for_the_new(tmp_path: Path) -> None:
    strict = {"days": 2, "review": {"kind": "threshold", "below": 0.75, "min_sample": 5}}
    lax = {"kind": "fire", "below": 0.5, "min_sample": 5}
    run = play(tmp_path, {**DIFFERENT, "days": 6, f"{POOL}.probation": strict, f"{AUDIT}.consequence": [lax, "hire"]})
    left = run.employment.dropna(subset="ended")
    failed = left[left.reason.str.startswith("failed probation: threshold review")]
    assert len(failed) > 3
    assert ((failed.ended - failed.hired) <= 2).all()
    looked = run.judgements[run.judgements.order == 2]
    later = looked.merge(run.employment, left_on="agent", right_on="worker")
    assert (later.score[later.time - later.hired > 2] < 0.75).any()  # who is no beginner may stay below it


@pytest.mark.slow
def test_training_shrinks_misreadings_and_takes_paid_hours(tmp_path: Path) -> None:
    retrain = {"kind": "retrain", "below": 0.9, "shrink": 0.25, "hours": 3.0, "min_sample": 5}
    changes = {**DIFFERENT, "days": 3, f"{POOL}.hours": 4, f"{LEARN}.sample": 1.0}
    plain, trained = (
        play(tmp_path, {**changes, f"{AUDIT}.consequence": rule}, measured=True) for rule in ([], [retrain])
    )
    acts = trained.consequences[trained.consequences.kind == "retrain"]
    first = acts[acts.time == 1].agent
    assert len(first) > 10
    before, after = (trained.raters[trained.raters["round"] == r].set_index("worker").rho_guideline for r in (1, 2))
    assert (after[first] > before[first]).mean() > 0.95
    untouched = ~after.index.isin(acts[acts.time <= 2].agent)
    np.testing.assert_allclose(after[untouched], before[untouched])
    worked = [
        r.comparisons[r.comparisons.time.between(1, 2)].groupby("worker").duration.sum() for r in (plain, trained)
    ]
    assert worked[1].reindex(first, fill_value=0).max() <= 3600 * (1 + 1e-9)
    assert worked[0].reindex(first).mean() > 3 * worked[1].reindex(first, fill_value=0).mean()
    hours = trained.labor[trained.labor.kind == "being trained"].hours.sum()
    assert hours == 3 * len(acts)
    assert paid(trained).query("reason == 'wages in training'").amount.sum() == pytest.approx(hours * 21)


# ---- what work does -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_tired_people_err_more(tmp_path: Path) -> None:
    """Noise is e^(rate·hours) times as large after so many hours of the shift; the rested err as ever."""
    changes = {
        **SKILLED, "days": 2, f"{POOL}.policy": {"kind": "boltzmann", "agreement": 0.9}, f"{POOL}.seconds": 120,
        f"{LEARN}.sample": 1.0, f"{POOL}.count": 20,
    }  # fmt: skip
    rested, tired = (
        play(tmp_path, {**changes, **more}, measured=True)
        for more in ({}, {f"{POOL}.fatigue": {"rate": 0.3, "half_life": 4}})
    )
    early, late = [], []
    for run in (rested, tired):
        made = run.comparisons[run.comparisons.time < 1].copy()
        done = made.groupby("worker").duration.cumsum() / 3600
        early.append(accuracy(made[done < 2]))
        late.append(accuracy(made[done > 6]))
    assert abs(late[0] - early[0]) < 0.04
    assert late[1] < early[1] - 0.08
    left = tired.raters[tired.raters.time > 0].fatigue
    assert (left > 0).all()
    assert (rested.raters.fatigue == 0).all()


def test_practice_makes_quicker_by_a_power_law(tmp_path: Path) -> None:
    learning = {"seconds": 0.3, "floor": 0.1}
    changes = {**SKILLED, "days": 8, f"{POOL}.seconds_spread": 0, f"{POOL}.seconds": 60, f"{POOL}.learning": learning}
    made = play(tmp_path, changes).comparisons
    made["tasks"] = made.groupby("worker").cumcount() - made.groupby(["worker", "time"]).cumcount()
    np.testing.assert_allclose(made.duration, 60 * (0.1 + 0.9 * (1.0 + made.tasks) ** -0.3))


@pytest.mark.slow
def test_hours_of_harm_add_up_and_fade(tmp_path: Path) -> None:
    """In this world half of all responses score low in a criterion; what was seen the day before has faded a little."""
    changes = {**SKILLED, "days": 3, f"{POOL}.exposure": {"criterion": "harmless", "half_life": 2}, f"{POOL}.hours": 8}
    run = play(tmp_path, changes, measured=True)
    hours = run.comparisons.groupby("worker").duration.sum() / 3600
    last = run.raters[run.raters.time == run.raters.time.max()].set_index("worker").exposure
    share = last[hours.index] / hours
    assert 0.2 < share.mean() < 0.5
    assert "harmless" in run.responses.columns
    assert (play(tmp_path, SKILLED, measured=True).raters.exposure == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(("outside", "factor"), [(0.0, 1), (21.0, 1), (42.0, 4)])
def test_people_quit_at_the_hazard_the_file_says(outside: float, factor: float, tmp_path: Path) -> None:
    quits = {"rate": 0.02, "outside": outside, "wage": 2.0}
    changes = {**SKILLED, "days": 10, f"{POOL}.count": 300, f"{POOL}.quits": quits, f"{AUDIT}.consequence": ["hire"]}
    spells = play(tmp_path, changes).employment
    left = spells.dropna(subset="ended")
    served = (spells.ended.fillna(10) - spells.hired).sum()
    assert set(left.reason) <= {"quit: own reasons", "quit: better paid elsewhere"}
    assert set(left.reason) == ({"quit: better paid elsewhere"} if outside > 21 else {"quit: own reasons"})
    predicted = -np.expm1(-0.02 * factor) * served
    assert abs(len(left) - predicted) < 4 * np.sqrt(predicted)
    assert abs(len(left) - 2 * predicted) > 4 * np.sqrt(predicted)


def test_who_quits_is_written_down_and_paid_off(tmp_path: Path) -> None:
    changes = {**SKILLED, f"{POOL}.quits": {"rate": 0.3}, f"{AUDIT}.every": 4}
    run = play(tmp_path, changes)
    left = run.employment.dropna(subset="ended").set_index("worker").ended
    assert len(left) > 2
    acts = run.consequences[run.consequences.kind == "quit"].set_index("agent").time
    assert acts.to_dict() == left.to_dict()
    last = paid(run).groupby("payee").time.max()
    worked = run.comparisons.worker.unique()
    assert (last[[w for w in left.index if w in worked]] == left[[w for w in left.index if w in worked]]).all()


# ---- voice --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("error", "appeal"), [(0.2, 1.0), (0.1, 0.5), (0.3, 1.0)])
def test_appeals_repair_wrong_gold(error: float, appeal: float, tmp_path: Path) -> None:
    """Measured accuracy rises from 1 − η to 1 − η + a·η(1 − η) for people who are never wrong."""
    said = {"parties.acme.gold_error": error, f"{AUDIT}.sample": 1.0, "parties.acme.audit_seconds": 36.0, "days": 2}
    said |= {f"{LEARN}.sample": 200, f"{POOL}.voice": {"appeal": appeal, "cost": 60.0}}
    runs = replications(tmp_path, {**SKILLED, **said}, range(20))
    found, upheld = [], []
    for run in runs:
        looked = run.judgements[run.judgements.order == 2]
        found.append(float((looked.score * looked["sample"]).sum() / looked["sample"].sum()))
        appeals = run.consequences[run.consequences.kind == "appeal"]
        made = appeals.reason.str.extract(r"(\d+) of (\d+)")[1].astype(int).sum()
        upheld.append(float(appeals.amount.sum() / made))
        labor = run.labor.groupby("kind").hours.sum()
        assert labor["appealing"] == pytest.approx(made * 60 / 3600)
        assert labor["auditing"] == pytest.approx((looked["sample"].sum() + made) * 36 / 3600)
    plain, voiced = 1 - error, 1 - error + appeal * error * (1 - error)
    spread = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - voiced) < 4 * spread
    assert abs(np.mean(found) - plain) > 4 * spread
    assert abs(np.mean(upheld) - (1 - error)) < 4 * np.std(upheld, ddof=1) / np.sqrt(len(upheld))


def test_auditors_hear_appeals_too(tmp_path: Path) -> None:
    leads = {
        "parties.leads": {"kind": "auditors", "count": 4, "policy": {"kind": "mistaken", "flip": 0.2}},
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5},
        f"{POOL}.voice": {"appeal": 1.0},
    }
    run = play(tmp_path, {**SKILLED, **leads})
    looked = run.judgements[run.judgements.principal == "leads"]
    score = (looked.score * looked["sample"]).sum() / looked["sample"].sum()
    assert score == pytest.approx(0.8 + 0.2 * 0.8, abs=0.03)
    seconds = run.comparisons[run.comparisons.source == "auditor"]
    assert len(seconds) > looked["sample"].sum()  # second looks are written down as well


# ---- reviews ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "review",
    [
        {"kind": "rank", "share": 0.2},
        {"kind": "sequential", "good": 0.8, "bad": 0.6},
        {"kind": "gold_test", "items": 20, "right": 14},
        {"kind": "threshold", "below": 0.7, "min_sample": 10},
    ],
)
def test_dismissal_by_any_review(review: dict[str, Any], tmp_path: Path) -> None:
    """Fired are those whom the rule, asked again about the run's own record, dismisses; they are the less true."""
    changes = {**DIFFERENT, "days": 3, f"{AUDIT}.consequence": [{"kind": "fire", "review": review}, "hire"]}
    run = play(tmp_path, changes, measured=True)
    fired = run.consequences[run.consequences.kind == "fire"]
    assert set(fired.reason) == {f"{review['kind']} review"}
    assert 2 < len(fired) < len(run.employment)
    assert (run.employment.dropna(subset="ended").reason == f"fired: {review['kind']} review").all()
    truth = run.raters.groupby("worker").rho_guideline.first()
    gone = truth.index.isin(fired.agent)
    assert truth[gone].mean() < truth[~gone].mean()
    if review["kind"] == "threshold":
        same = play(tmp_path, {**changes, f"{AUDIT}.consequence": [{**review, "kind": "fire"}, "hire"]}, measured=True)
        assert same.employment.drop(columns="reason").equals(run.employment.drop(columns="reason"))


# ---- what a file may not say --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"{AUDIT}.consequence": "fire"}, "below is missing (write {kind: fire, below: …}, or name a review)"),
        (
            {f"{AUDIT}.consequence": {"kind": "fire", "below": 0.5, "review": "rank"}},
            "fire takes either below or a review",
        ),
        (
            {f"{AUDIT}.consequence": {"kind": "fire", "min_sample": 3, "review": "rank"}},
            "after_warnings and min_sample go with below",
        ),
        ({f"{POOL}.screening": {"items": 5}}, "5 gold items are too few for gold_test, which looks at 10"),
        ({f"{POOL}.effort": "shirking"}, "there is no effort called 'shirking' (did you mean 'no_shirking'?"),
        ({f"{POOL}.probation": {"days": 3, "review": "treshold"}}, "there is no review rule called 'treshold'"),
        ({f"{POOL}.pay": {"kind": "tournament"}}, "bonus"),
        ({f"{POOL}.effort": {"kind": "linear", "rivalry": 2}}, "costs would not be convex"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(written(tmp_path / "scenario.yaml", changes))
    assert said in str(caught.value)
    assert "scenario.yaml:" in str(caught.value)


def test_a_full_file_reads_back_as_itself(tmp_path: Path) -> None:
    changes = {
        f"{POOL}.effort": {"kind": "tournament", "cost": 3}, f"{POOL}.pay": {"kind": "tournament", "bonus": 5},
        f"{POOL}.screening": TEST, f"{POOL}.probation": {"days": 3, "review": "rank"}, f"{POOL}.fatigue": {},
        f"{POOL}.learning": {"noise": 0.1}, f"{POOL}.exposure": {}, f"{POOL}.quits": {}, f"{POOL}.voice": {},
        f"{AUDIT}.consequence": [{"kind": "fire", "review": "sequential"}, {"kind": "retrain", "below": 0.8}],
    }  # fmt: skip
    scenario = load(written(tmp_path / "scenario.yaml", changes))
    again = tmp_path / "again.yaml"
    again.write_text(scenario.as_yaml())
    assert load(again).canonical() == scenario.canonical()
    used = set(scenario.plugins_used())
    assert used >= {("effort", "tournament"), ("review", "gold_test"), ("review", "rank"), ("review", "sequential")}


# ---- in any world -------------------------------------------------------------------------------------------------

EFFORTS = st.sampled_from([
    "diligent", {"kind": "no_shirking", "cost": 6, "outside": 8}, {"kind": "linear", "cost": 5, "rivalry": 0.3},
    {"kind": "gold_bonus", "cost": 4, "cost_spread": 1.0, "careless_seconds": 0.3},
    {"kind": "tournament", "cost": 9, "noise": 2.0},
])  # fmt: skip
PAY = st.sampled_from([
    "hourly", {"kind": "piece", "rate": 0.2}, {"kind": "linear", "bonus": 3, "rate": -0.01},
    {"kind": "tournament", "bonus": 4, "winners": 2}, {"kind": "double_or_nothing", "gold": 2},
])  # fmt: skip
REVIEWS = st.sampled_from([
    {"kind": "threshold", "below": 0.7, "min_sample": 4}, {"kind": "rank", "share": 0.3},
    {"kind": "sequential", "good": 0.8, "bad": 0.6}, {"kind": "gold_test", "items": 8, "right": 6},
])  # fmt: skip


def people(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of one pool."""
    return st.fixed_dictionaries(
        {f"parties.{name}.effort": EFFORTS, f"parties.{name}.pay": PAY},
        optional={
            f"parties.{name}.screening": st.just({"items": 8, "test": {"kind": "gold_test", "items": 8, "right": 5}}),
            f"parties.{name}.probation": REVIEWS.map(lambda review: {"days": 1.5, "review": review}),
            f"parties.{name}.quits": st.sampled_from([{"rate": 0.3}, {"rate": 0.1, "outside": 40, "exposure": 0.5}]),
            f"parties.{name}.voice": st.just({"appeal": 0.7, "cost": 90}),
            f"parties.{name}.fatigue": st.just({"rate": 0.1}),
            f"parties.{name}.exposure": st.just({"criterion": "harmless"}),
            f"parties.{name}.learning": st.just({"seconds": 0.2, "noise": 0.2}),
        },
    )


def consequences(review: Any, others: list[str]) -> list[Any]:
    """A list of consequences: dismissal by a review, and some others."""
    known = {
        "retrain": {"kind": "retrain", "below": 0.8, "hours": 1.5},
        "bonus": {"kind": "bonus", "amount": 2.5, "above": 0.7},
        "hire": "hire", "pay": "pay",
    }  # fmt: skip
    return [{"kind": "fire", "review": review}, *(known[name] for name in others)]


RULES = st.builds(
    consequences, REVIEWS, st.lists(st.sampled_from(["retrain", "bonus", "hire", "pay"]), unique=True, max_size=4)
)
WORLDS = st.builds(
    lambda north, south, leads, mine, theirs, above, days: {
        "days": days, "parties.relay.gold_error": 0.1, **north, **south,
        "parties.leads": {"kind": "auditors", "count": 3, "wage": 20},
        "relations.8": {"principal": "leads", "agent": "north", "every": 1, "sample": 0.3,
                        "consequence": [c for c in above if c != "pay"]},
        **leads, "relations.3.consequence": mine, "relations.4.consequence": theirs,
        "relations.3.every": 0.7, "relations.4.every": 1.3,
    },
    people("north"), people("south"), people("leads"), RULES, RULES, RULES, st.sampled_from([2, 3.5]),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where random worlds leave their files."""
    return tmp_path_factory.mktemp("worlds")


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(world=WORLDS, seed=st.integers(0, 10**6))
def test_the_rules_hold_under_any_conditions(folder: Path, world: dict[str, Any], seed: int) -> None:
    run = deep(folder, world, seed)
    spells = run.employment.set_index("worker")
    assert spells.index.is_unique
    money_changes_hands_twice(run)
    nobody_is_paid_outside_a_spell(run, spells)
    nobody_works_outside_a_spell(run, spells)
    labor_costs_what_was_paid(run)
    every_queue_obeys_little(run)
    reasons = spells.reason[spells.ended.notna()].str.partition(":")[0]
    assert set(reasons) <= {"fired", "failed probation", "quit"}


def deep(folder: Path, changes: dict[str, Any], seed: int) -> Played:
    """One run of the deep hierarchy."""
    import tempfile

    from tests.small_world import played

    here = Path(tempfile.mkdtemp(dir=folder))
    return played(load(written(here / "scenario.yaml", changes, DEEP), seed=seed), here, measured=False)


def money_changes_hands_twice(run: Played) -> None:
    sides = run.ledger.groupby("transfer").amount.agg(["sum", "size"])
    assert (sides["sum"] == 0).all()
    assert (sides["size"] == 2).all()
    assert abs(run.ledger.amount.sum()) < 1e-6
    balances = run.context.ledger.balances
    assert abs(sum(balances.values())) < 1e-6


def nobody_is_paid_outside_a_spell(run: Played, spells: pd.DataFrame) -> None:
    rows = payments(run.ledger)
    rows = rows[rows.payee.isin(spells.index) | rows.payee.str.contains(":")]
    assert set(rows.payee) <= set(spells.index)
    mine = spells.loc[rows.payee]
    assert (mine.hired.to_numpy() <= rows.time.to_numpy()).all()
    assert not (mine.ended.to_numpy() < rows.time.to_numpy()).any()


def nobody_works_outside_a_spell(run: Played, spells: pd.DataFrame) -> None:
    mine = spells.loc[run.comparisons.worker]
    assert (mine.hired.to_numpy() <= run.comparisons.time.to_numpy()).all()
    assert not (mine.ended.to_numpy() < run.comparisons.time.to_numpy()).any()


def labor_costs_what_was_paid(run: Played) -> None:
    for pool in ("north", "south", "leads"):
        cost = run.labor[run.labor.party == pool].pay.sum()
        assert cost == pytest.approx(paid(run, pool).amount.sum(), abs=1e-6), pool
        made = run.comparisons[run.comparisons.worker.str.startswith(f"{pool}:")]
        hours = run.labor[(run.labor.party == pool) & run.labor.kind.isin(["ranking", "auditing"])].hours.sum()
        assert hours == pytest.approx(made.duration.sum() / 3600)


def every_queue_obeys_little(run: Played) -> None:
    rows = run.queues[run.queues.arrivals > 0]
    assert len(rows) > 3
    np.testing.assert_allclose(rows.length, rows.rate * rows.stay, rtol=1e-9)
