"""Collusion: when auditors are silent, what it does to scores and fidelity, and how the next order finds it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.people.collusion import silence
from simlab.scenario import load
from tests.small_world import LEARN, Played, built_ins, payments, play, written

FLIP, ERR = 0.3, 0.1  # of raters, of auditors
WORLD: dict[str, Any] = {
    "days": 2,
    "parties.pool": {"kind": "raters", "count": 20, "policy": {"kind": "mistaken", "flip": FLIP}},
    "parties.leads": {"kind": "auditors", "count": 8, "policy": {"kind": "mistaken", "flip": ERR}},
    "parties.managers": {"kind": "auditors", "count": 2, "policy": {"kind": "mistaken", "flip": ERR}},
    f"{LEARN}.sample": 3000,
    "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.8},
    "relations.5": {"principal": "managers", "agent": "leads", "every": 1, "sample": 1.0},
}


def colluding(share: float, stake: float, efficiency: float, bounty: float = 0.0) -> dict[str, Any]:
    collusion = {"share": share, "stake": stake, "efficiency": efficiency}
    return {**WORLD, "parties.leads.collusion": collusion, "parties.leads.bounty": bounty}


def score(run: Played, principal: str) -> tuple[float, int]:
    """The mean score a principal gave, and how many pieces of work it rests on."""
    made = run.judgements[run.judgements.principal == principal]
    return float(np.average(made.score, weights=made["sample"])), int(made["sample"].sum())


@pytest.mark.parametrize(("stake", "efficiency"), [(4.0, 1.0), (4.0, 0.5), (10.0, 0.2)])
def test_an_organization_is_proof_from_the_bounty_on_that_is_worth_the_stake(
    tmp_path: Path, stake: float, efficiency: float
) -> None:
    """Tirole's constraint, r ≥ λ·x: below it friends are silent, and no error of theirs is found; above it all are."""
    proof = efficiency * stake
    for bounty, silent in ((0.95 * proof, True), (1.05 * proof, False)):
        run = play(tmp_path, colluding(1.0, stake, efficiency, bounty))
        bribes = payments(run.ledger).query("reason == 'bribe'")
        assert (len(bribes) > 100) == silent
        agreed, n = score(run, "leads")
        honest = (1 - FLIP) * (1 - ERR) + FLIP * ERR
        assert agreed == (1.0 if silent else pytest.approx(honest, abs=4 * math.sqrt(honest * (1 - honest) / n)))
        if silent:
            np.testing.assert_allclose(bribes.amount, (bounty / efficiency + stake) / 2)
            assert set(bribes.payer) == {"pool"}
            assert set(bribes.payee.str.split(":").str[0]) == {"leads"}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_scores_rise_fidelity_falls_and_the_next_order_sees_it(tmp_path: Path, share: float) -> None:
    """With friends a share f: raters' scores are (1 − f)·h + f, with h those of honest auditors; auditors' fidelity is
    (1 − f)·(1 − 2e) + f·(1 − 2ε); and managers find it at the rate of their own fidelity."""
    run = play(tmp_path, colluding(share, 5.0, 1.0) if share else WORLD, measured=True)
    leads = run.context.parties["leads"]
    known = silence(leads, "pool", np.arange(8), np.arange(20))  # who happens to know whom
    assert known.mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / known.size))
    honest = (1 - FLIP) * (1 - ERR) + FLIP * ERR
    agreed, n = score(run, "leads")
    assert agreed == pytest.approx((1 - known.mean()) * honest + known.mean(), abs=4 * math.sqrt(0.25 / n))
    rows = run.raters[(run.raters["round"] == 1) & run.raters.worker.str.startswith("leads")]
    fidelity = (1 - known.mean(axis=1)) * (1 - 2 * ERR) + known.mean(axis=1) * (1 - 2 * FLIP)
    np.testing.assert_allclose(rows.fidelity_guideline, fidelity)
    np.testing.assert_allclose(rows.lost_silence, (1 - 2 * ERR) - fidelity, atol=1e-12)
    seen, n = score(run, "managers")
    assert seen == pytest.approx((1 + (1 - 2 * ERR) * fidelity.mean()) / 2, abs=4 * math.sqrt(0.25 / n))
    (order,) = run.orders[(run.orders.principal == "managers") & (run.orders["round"] == 2)].itertuples()
    assert order.fidelity_guideline == pytest.approx(fidelity.mean())


WAVED = {"kind": "wave_through", "rate": 0.6, "temperature": 0.0}
NOT_APART: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # judges who go by whom they judge; and who do not
    "friends": ({"collusion": {"share": 0.5, "stake": 5.0}}, {}),
    "waved through": ({"policy": WAVED}, {"policy": {**WAVED, "rate": 0.0}}),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", NOT_APART)
def test_what_scores_are_worth_is_foreseen_where_judges_do_not_judge_for_themselves(tmp_path: Path, how: str) -> None:
    """Over twenty worlds the mean validity is what is expected, and below what it would be of honest judges."""
    leads = {"kind": "auditors", "count": 6, "policy": {"kind": "mistaken", "flip": 0.1}}
    changes = {
        **WORLD, "parties.pool.count": 60, "parties.pool.misreading": 0.8, "world.dimensions": 8,
        "parties.pool.policy": {"kind": "mistaken", "flip": 0.1}, f"{LEARN}.sample": 3000,
        "parties.leads": {**leads, **NOT_APART[how][0]},
    }  # fmt: skip
    rows = pd.concat(
        play(tmp_path, changes, seed=seed, measured=True).orders.query("principal == 'leads' and round > 0")
        for seed in range(20)
    )
    honest = {**changes, "parties.leads": {**leads, **NOT_APART[how][1]}}
    plain = play(tmp_path, honest, measured=True).orders.query("principal == 'leads' and round > 0")
    worlds = (rows.validity_guideline - rows.validity_expected).groupby(np.arange(len(rows)) // 2).mean()
    assert abs(worlds.mean()) < 4 * worlds.std(ddof=1) / math.sqrt(20)
    assert rows.validity_expected[:2].mean() < plain.validity_expected.mean() - 0.05  # of the same world


def test_where_judges_share_the_mistakes_of_the_judged_nothing_is_foreseen(tmp_path: Path) -> None:
    kenya = {"mistakes": 0.5, "within": "nation", "nation": "kenya"}
    changes = {**WORLD, "parties.pool.misreading": 0.8, "parties.leads.shared": kenya}
    both, one = (
        play(tmp_path, {**changes, **more}, measured=True).orders.query("principal == 'leads' and round > 0")
        for more in ({"parties.pool.shared": kenya}, {"parties.pool.shared": {**kenya, "nation": "india"}})
    )
    assert both.validity_expected.isna().all()
    assert one.validity_expected.notna().all()


def test_bounties_are_paid_for_errors_that_are_reported_and_no_others(tmp_path: Path) -> None:
    run = play(tmp_path, {**WORLD, "parties.leads.bounty": 0.5})
    made = run.judgements[run.judgements.principal == "leads"]
    found = round(float((made["sample"] * (1 - made.score)).sum()))
    paid = payments(run.ledger).query("reason == 'bounty'")
    assert len(paid) == found > 50
    assert (paid.amount == 0.5).all()
    control = play(tmp_path, WORLD)
    more = [r.labor[(r.labor.party == "leads")].pay.sum() for r in (run, control)]
    assert more[0] - more[1] == pytest.approx(0.5 * found)


def test_friends_are_friends_for_good_and_whoever_else_is_there(tmp_path: Path) -> None:
    """Who was ever found wrong by an auditor is no friend of hers, on any day."""
    run = play(tmp_path, {**colluding(0.5, 5.0, 1.0), "days": 3})
    labels = run.comparisons[run.comparisons.principal == "pool"].set_index(["task", "worker"]).label
    rows = run.comparisons[run.comparisons.principal == "leads"]
    assert len(rows) > 100
    raters = labels.reset_index().drop_duplicates("task").set_index("task").worker
    rows = rows.assign(rater=raters.reindex(rows.task).to_numpy()).dropna(subset="rater")
    said = labels.reindex(list(zip(rows.task, rows.rater, strict=True))).to_numpy()
    contradicted = rows.assign(no=said != rows.label).groupby(["worker", "rater"]).no.agg(["sum", "size"])
    often = contradicted[contradicted["size"] >= 20]
    never = (often["sum"] == 0).mean()
    assert never == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / len(often)))


@pytest.mark.parametrize(
    ("collusion", "said"), [({"share": 1.2, "stake": 1}, "less than or equal to 1"), ({"share": 0.5}, "stake")], ids=str
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, collusion: dict[str, Any], said: str) -> None:
    with pytest.raises(simlab.InvalidInput, match=said):
        load(written(tmp_path / "s.yaml", {**WORLD, "parties.leads.collusion": collusion}), plugins=built_ins())


# ---- waving through ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.4, 0.9])
def test_who_waves_through_finds_less_and_is_worth_as_much_as_what_is_confirmed(tmp_path: Path, rate: float) -> None:
    """Raters' scores are (1 − w)·h + w, auditors' fidelity (1 − w)·F + w·(1 − 2ε), with h and F of those who look."""
    run = play(tmp_path, {**WORLD, "parties.leads.policy": {**WAVED, "rate": rate}}, measured=True)
    agreed, n = score(run, "leads")
    expected = (1 - rate) * (1 - FLIP) + rate
    assert agreed == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))
    rows = run.raters[(run.raters["round"] == 1) & run.raters.worker.str.startswith("leads")]
    fidelity = (1 - rate) + rate * (1 - 2 * FLIP)
    np.testing.assert_allclose(rows.fidelity_guideline, fidelity)
    seen, n = score(run, "managers")
    assert seen == pytest.approx((1 + (1 - 2 * ERR) * fidelity) / 2, abs=4 * math.sqrt(0.25 / n))
