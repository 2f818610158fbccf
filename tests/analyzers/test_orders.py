"""Fidelity of agents and validity of their principals' scores, as runs show them: against closed forms and tables."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simlab.tables.schemas import TABLES
from tests.deep_world import DEEP
from tests.small_world import AUDIT, LEARN, Played, play, play_as

POOL = "parties.pool"
MISREAD: dict[str, Any] = {"world.dimensions": 8, f"{POOL}.count": 60, f"{POOL}.misreading": 0.8, "days": 2}
LEADS: dict[str, Any] = {
    "parties.leads": {"kind": "auditors", "count": 6, "policy": {"kind": "mistaken", "flip": 0.1}},
    "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5},
}
PARTS = ["lost_direction", "lost_perception", "lost_choice", "lost_care", "lost_silence"]


def raters(run: Played) -> pd.DataFrame:
    """The raters after the last round, by worker."""
    rows = run.raters
    return rows[(rows["round"] == rows["round"].max()) & rows.worker.str.startswith("pool:")].set_index("worker")


# ---- fidelity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0.0, 0.2, 0.4])
def test_of_who_errs_by_chance_it_is_one_less_twice_that(tmp_path: Path, flip: float) -> None:
    run = play(tmp_path, {f"{POOL}.policy": {"kind": "mistaken", "flip": flip}}, measured=True)
    found = raters(run)
    np.testing.assert_allclose(found.fidelity_guideline, 1 - 2 * flip)
    np.testing.assert_allclose(found.lost_choice, 2 * flip, atol=1e-12)
    (last,) = run.orders[(run.orders.agent == "rm") & (run.orders["round"] == 1)].itertuples()
    assert last.validity_guideline == pytest.approx(1 - 2 * flip)
    labels = run.comparisons[(run.comparisons.principal == "pool") & (run.comparisons.gold > 0)]
    right, n = (labels.label == labels.gold).mean(), len(labels)
    assert 2 * right - 1 == pytest.approx(last.validity_guideline, abs=8 * math.sqrt(flip * (1 - flip) / n) + 1e-12)


def test_of_who_misreads_it_is_sheppards_arcsine_of_the_correlation(tmp_path: Path) -> None:
    found = raters(play(tmp_path, {**MISREAD, f"{POOL}.policy": "oracle"}, measured=True))
    expected = 2 / np.pi * np.arcsin(found.rho_guideline)
    sampling = np.sqrt((1 - expected**2) / 500)
    z = (found.fidelity_guideline - expected) / sampling
    assert np.abs(z).max() < 5
    assert found.fidelity_guideline.std() > 0.1
    np.testing.assert_allclose(found.lost_direction, 1 - found.fidelity_guideline)
    assert np.abs((found.fidelity_guideline - found.rho_guideline) / sampling).max() > 5  # ρ itself is another number


def test_who_takes_no_care_is_a_coin_whose_loss_is_told_apart(tmp_path: Path) -> None:
    """Of people who cannot lose their jobs and to whom care costs, nobody looks; those who are diligent do."""
    effort = {"kind": "no_shirking", "cost": 3, "outside": 4}
    careless, diligent = (
        raters(play(tmp_path, {**MISREAD, **more}, measured=True)) for more in ({f"{POOL}.effort": effort}, {})
    )
    np.testing.assert_allclose(careless.care, 0)
    np.testing.assert_allclose(careless.fidelity_guideline, 0)
    np.testing.assert_allclose(careless.lost_care, diligent.fidelity_guideline)
    np.testing.assert_allclose(careless.lost_direction, diligent.lost_direction)
    assert (diligent.lost_care == 0).all()
    assert (diligent.fidelity_guideline > 0.1).all()


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": kind, "temperature": 0.5}
        for kind in ("boltzmann", "davidson", "satisficer", "plackett_luce", "shirker", "position_bias")
    ],
    ids=lambda policy: str(policy["kind"]),
)
def test_the_losses_sum_to_what_is_missing_whatever_the_policy(tmp_path: Path, policy: Any) -> None:
    blurred = {f"{POOL}.skill": 0.7, f"{POOL}.policy": policy}
    found = raters(play(tmp_path, {**MISREAD, **blurred}, measured=True))
    np.testing.assert_allclose(found[PARTS].sum(axis=1), 1 - found.fidelity_guideline)
    assert found.lost_perception.mean() > 0.02
    labels = play(tmp_path, {**MISREAD, **blurred, f"{LEARN}.sample": 6000}).comparisons
    labels = labels[(labels.principal == "pool") & (labels.gold > 0) & (labels["round"] == 0)]  # of the untrained model
    right = np.where(labels.label == 0, 0.5, labels.label == labels.gold)
    assert 2 * right.mean() - 1 == pytest.approx(found.fidelity_guideline.mean(), abs=4 / math.sqrt(len(labels)) + 0.02)


def test_everybody_is_asked_the_same_in_every_round(tmp_path: Path) -> None:
    rows = play(tmp_path, {**MISREAD, "days": 3}, measured=True).raters
    assert rows.groupby("worker").fidelity_guideline.std().max() == 0
    assert rows["round"].max() == 3


def test_each_standard_is_its_own(tmp_path: Path) -> None:
    """Users want one thing, acme asks for another at a right angle to it, and raters do as acme says."""
    changes = {
        "parties.acme.guideline.operative": {"truthful": 1}, f"{POOL}.policy": "oracle", f"{POOL}.count": 12,
        f"{POOL}.misreading": 0.5, "world.dimensions": 8, f"{AUDIT}.sample": 1.0, f"{LEARN}.sample": 1200,
    }  # fmt: skip
    run = play(tmp_path, changes, measured=True)
    found = raters(run)
    expected = 2 / np.pi * np.arcsin(found.rho_intent)
    assert np.abs((found.fidelity_intent - expected) / np.sqrt((1 - expected**2) / 500)).max() < 5
    assert found.fidelity_guideline.min() > 0.3 > np.abs(found.fidelity_intent).mean()
    (row,) = run.orders.query("principal == 'acme' and agent == 'pool' and round == 1").itertuples()
    assert row.fidelity_intent == pytest.approx(found.fidelity_intent.mean())
    scores = run.judgements[run.judgements.principal == "acme"].set_index("agent").score
    for against in ("guideline", "intent"):
        worth = found[f"fidelity_{against}"].reindex(scores.index)
        assert getattr(row, f"validity_{against}") == pytest.approx(np.corrcoef(scores, worth)[0, 1])
    assert row.validity_principal == pytest.approx(row.validity_guideline)  # acme reads its own guideline rightly


# ---- validity ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Sixty raters who differ, audited by acme, which dismisses some, and by leads."""
    fire = [{"kind": "fire", "below": 0.68}, "hire"]
    changes = {
        **MISREAD,
        **LEADS,
        "days": 3,
        f"{AUDIT}.consequence": fire,
        f"{AUDIT}.sample": 0.5,
        f"{LEARN}.sample": 3000,
    }
    return play(tmp_path_factory.mktemp("audited"), changes, measured=True)


def test_it_is_the_correlation_of_scores_and_fidelity_in_the_other_tables(audited: Played) -> None:
    checked = 0
    for row in audited.orders[audited.orders.order > 1].itertuples():
        since = audited.orders[audited.orders["round"] == row.round - 1].time.max()
        made = audited.judgements[
            (audited.judgements.principal == row.principal) & audited.judgements.time.between(since, row.time, "right")
        ]
        if row.round == 0:
            assert (row.people, row.looks, row.n) == (0, 0, 0)
            assert "nobody has been judged" in row.why_nan
            continue
        spells = audited.employment.set_index("worker").loc[made.agent]
        here = (spells.ended.isna() | (spells.ended.to_numpy() >= made.time.to_numpy())).to_numpy()
        people, looks, made = len(made), made["sample"].mean(), made[here]
        worth = raters_of_all_rounds(audited).reindex(made.agent)
        assert row.validity_guideline == pytest.approx(np.corrcoef(made.score, worth)[0, 1])
        assert (row.people, row.n) == (people, len(made))
        assert row.looks == pytest.approx(looks)
        assert row.low < row.validity_guideline < row.high
        checked += 1
    assert checked == 6


def raters_of_all_rounds(run: Played) -> pd.Series:
    """Fidelity to the guideline by worker; in this world nobody's changes."""
    return run.raters.groupby("worker").fidelity_guideline.first()


def test_what_it_cost_is_what_labor_says_and_shares_sum_to_one(audited: Played) -> None:
    last = audited.orders.time.max()
    labor = audited.labor[(audited.labor.flops == 0) & (audited.labor.time <= last)]
    judged = audited.orders.groupby("principal")[["hours", "pay"]].sum()
    for party in ("pool", "leads", "acme"):
        mine = labor[(labor.party == party) & (labor.order > 0)]
        assert judged.loc[party].tolist() == pytest.approx([mine.hours.sum(), mine.pay.sum()])
    shares = audited.orders[audited.orders["round"] > 0].groupby("round").share.sum()
    assert shares.max() <= 1 + 1e-9
    assert shares.min() > 0.9  # hiring, that judges nobody, costs little here


def test_dismissals_are_right_or_wrong_and_all_are_counted(audited: Played) -> None:
    rows = audited.orders[audited.orders.principal == "acme"]
    fired = (audited.consequences.kind == "fire").sum()
    assert rows.dismissed_rightly.sum() + rows.dismissed_wrongly.sum() == fired > 5
    assert (
        rows.kept_rightly + rows.kept_wrongly + rows.dismissed_rightly + rows.dismissed_wrongly
    ).tolist() == rows.people.tolist()
    worth, fired = raters_of_all_rounds(audited), audited.consequences[audited.consequences.kind == "fire"]
    judged = audited.judgements[audited.judgements.principal == "acme"]
    rightly = 0
    for _, look in judged.groupby("time"):
        worst = worth[look.agent].nsmallest(math.ceil(0.1 * len(look))).max()
        mine = fired.agent[fired.judgement.isin(look.judgement)]
        rightly += int((worth[mine] <= worst).sum())
    assert rows.dismissed_rightly.sum() == rightly
    assert rightly != fired.shape[0] - rightly
    leads = audited.orders[audited.orders.principal == "leads"]
    assert leads[["dismissed_rightly", "dismissed_wrongly"]].to_numpy().sum() == 0


def test_selection_is_all_that_changes_where_nobody_learns_or_slackens(audited: Played) -> None:
    rows, worth = audited.orders[audited.orders.principal == "acme"], raters_of_all_rounds(audited)
    spells = audited.employment[audited.employment.worker.str.startswith("pool:")]
    first, last = (
        worth[spells.worker[(spells.hired < day) & ~(spells.ended < day)]].mean() for day in (1.0, 3.0)
    )  # before anything follows from that day's look
    assert rows.selection.sum() == pytest.approx(last - first)
    assert last - first > 0.005
    assert np.abs(rows[["deterrence", "teaching"]].to_numpy()).max() < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("sample", [0.1, 0.3, 1.0])
def test_it_is_as_high_as_looks_and_accuracy_predict(tmp_path: Path, sample: float) -> None:
    """Over twelve worlds of sixty raters: validity_expected, which knows no score, predicts the mean validity."""
    changes = {**MISREAD, **LEADS, "relations.4.sample": sample, f"{LEARN}.sample": 6000}
    found = [
        play(tmp_path, changes, seed=seed, measured=True).orders.query("principal == 'leads'") for seed in range(12)
    ]
    rows = pd.concat(found).dropna(subset="validity_guideline")
    difference = rows.validity_guideline - rows.validity_expected
    assert len(rows) == 24
    assert abs(difference.mean()) < 4 * difference.std() / math.sqrt(len(rows)) + 0.02
    assert rows.validity_expected.between(0.1, 0.95).all()


def test_judges_who_read_it_otherwise_know_their_own_standard_better(tmp_path: Path) -> None:
    """Leads who go by values of their own: their scores say who agrees with them, and not who follows the guideline."""
    own = {"parties.leads.values": {"truthful": 1}, "parties.leads.compliance": 0.2, "relations.4.sample": 1.0}
    changes = {**MISREAD, **LEADS, f"{LEARN}.sample": 3000, f"{POOL}.misreading": 1.0}
    led = play(tmp_path, {**changes, **own}, measured=True).orders.query("principal == 'leads' and round > 0")
    straight = play(tmp_path, {**changes, "relations.4.sample": 1.0}, measured=True)
    plain = straight.orders.query("principal == 'leads' and round > 0")
    assert led.goodhart_gap.min() > 0.1
    assert np.abs(plain.goodhart_gap).max() < 0.02
    assert led.validity_guideline.max() < plain.validity_guideline.min()


def test_few_agents_have_no_validity_and_are_told_why(tmp_path: Path) -> None:
    run = play(tmp_path, {f"{POOL}.count": 4, f"{POOL}.misreading": 1.0}, measured=True)
    (row,) = run.orders.query("principal == 'acme' and agent == 'pool' and round == 1").itertuples()
    assert math.isnan(row.validity_guideline)
    assert row.why_nan == "fewer than 5 agents have been judged"


# ---- the table -----------------------------------------------------------------------------------------------------


def test_there_is_a_row_for_every_relation_and_round_at_any_depth(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path)
    rows = run.orders
    expected = {(r["principal"], r["agent"]) for r in DEEP["relations"]}
    for _, one in rows.groupby("round"):
        assert set(zip(one.principal, one.agent, strict=True)) == expected
        assert len(one) == len(expected)
    vendors = rows[rows.principal == "acme"]
    assert (vendors.order == 2).all()
    assert (vendors[vendors["round"] > 0].n == 2).all()
    assert list(rows.columns) == list(TABLES["orders"].names)


def test_a_pool_through_which_very_many_went_is_still_represented(tmp_path: Path) -> None:
    """More people than stand for a pool, former ones included."""
    fire = [{"kind": "fire", "below": 0.95}, "hire"]
    changes = {f"{POOL}.count": 120, "days": 4, f"{AUDIT}.consequence": fire, f"{AUDIT}.sample": 1.0}
    run = play(tmp_path, {**changes, f"{LEARN}.sample": 1200}, measured=True)
    assert run.employment.worker.nunique() > 300
    rows = run.orders[run.orders.agent == "pool"]
    np.testing.assert_allclose(rows.fidelity_guideline, 0.6)
    assert rows[rows["round"] > 0].n.min() > 100
