"""Vendors on runs: a misreading shared by everyone below, money for labels, and work that follows good labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simlab.parties.pool import Pool
from simlab.parties.vendor import Vendor
from tests.deep_world import CLICK, DEEP, RELAY
from tests.small_world import payments, play_as


def test_a_vendor_s_misreading_is_shared_by_everyone_below(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path, {"parties.north.misreading": 0.0, "parties.south.misreading": 0.0})
    for vendor, pool in (("relay", "north"), ("click", "south")):
        firm, people = run.context.parties[vendor], run.context.parties[pool]
        assert isinstance(firm, Vendor)
        assert isinstance(people, Pool)
        np.testing.assert_allclose(people.cohort.vector, np.tile(firm.standard().vector, (people.spec.count, 1)))
        told = run.context.parties["acme"].standard()
        assert firm.standard().unit == told.unit
        assert np.linalg.norm(firm.standard().vector - told.vector) > 0


@pytest.mark.slow
@pytest.mark.parametrize("compliance", [0.0, 0.5, 0.9])
def test_a_vendor_pulls_toward_its_own_values(compliance: float, tmp_path: Path) -> None:
    own = {"brief": 2.0}
    firm = {"kind": "vendor", "compliance": compliance, "values": own}
    run = play_as(DEEP, tmp_path, {"parties.relay": firm})
    game, told = run.context.game, run.context.parties["acme"].standard()
    expected = compliance * told.vector + (1 - compliance) * game.value(own)
    np.testing.assert_allclose(run.context.parties["relay"].standard().vector, expected)


@pytest.mark.slow
def test_labels_are_sold_by_the_pair_and_raters_paid_by_the_vendor(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path)
    paid = payments(run.ledger)
    for vendor, pool, price, wage in (("relay", "north", 0.5, 8), ("click", "south", 0.2, 3)):
        made = run.comparisons[run.comparisons.principal == pool]
        income = paid[paid.payee == vendor]
        assert set(income.payer) == {"acme"}
        np.testing.assert_allclose(income.amount.sum(), len(made) * price)
        wages = paid[paid.payee.str.startswith(f"{pool}:")]
        assert set(wages.payer) == {vendor}
        np.testing.assert_allclose(wages.amount.sum(), made.duration.sum() / 3600 * wage)
        staff = paid[paid.payee == f"{vendor} staff"]  # which checks some of the labels
        checked = run.judgements[run.judgements.principal == vendor]["sample"].sum()
        np.testing.assert_allclose(staff.amount.sum(), checked * 60 / 3600 * 21)
        left = income.amount.sum() - wages.amount.sum() - staff.amount.sum()
        assert run.context.ledger.balances[vendor] == pytest.approx(left)
    assert sum(run.context.ledger.balances.values()) == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_acme_sees_the_vendor_s_labels_and_judges_the_vendor(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path)
    rows = run.judgements[run.judgements.principal == "acme"]
    assert set(rows.agent) == {"relay", "click"}
    assert set(rows.order) == {2}
    made = run.comparisons[run.comparisons.principal == "north"]
    mine = rows[rows.agent == "relay"]
    assert mine.population.sum() == len(made)
    scores = rows.groupby("agent").score.mean()
    assert scores["relay"] > scores["click"]  # which misreads three times as much


@pytest.mark.slow
def test_work_goes_to_the_better_vendor_and_none_is_lost(tmp_path: Path) -> None:
    rule = [{"kind": "contract_share", "sharpness": 8}]
    changes = {"days": 6, f"{RELAY}.consequence": rule, f"{CLICK}.consequence": rule}
    run = play_as(DEEP, tmp_path, changes)
    vendors = [run.context.parties[name] for name in ("relay", "click")]
    assert all(isinstance(v, Vendor) for v in vendors)
    shares = [v.share for v in vendors if isinstance(v, Vendor)]
    assert sum(shares) == pytest.approx(2)
    assert shares[0] > 1 > shares[1]
    work = run.comparisons.groupby(["principal", "round"]).task.nunique().unstack()
    assert work.loc["north", 5] > work.loc["north", 0]
    assert work.loc["south", 5] < work.loc["south", 0]
    even = play_as(DEEP, tmp_path, {"days": 6})
    same = even.comparisons.groupby(["principal", "round"]).task.nunique().unstack()
    assert same.nunique(axis=1).eq(1).all()


@pytest.mark.slow
def test_poor_labels_are_penalized(tmp_path: Path) -> None:
    changes = {f"{CLICK}.consequence": [{"kind": "penalty", "below": 1.0, "share": 0.25}]}
    run = play_as(DEEP, tmp_path, changes)
    fined = payments(run.ledger).query("reason == 'penalty'")
    assert set(zip(fined.payer, fined.payee, strict=True)) == {("click", "acme")}
    sold = payments(run.ledger).query("payee == 'click'").set_index("time").amount
    scores = run.judgements.query("agent == 'click'").set_index("time").score
    np.testing.assert_allclose(fined.set_index("time").amount, 0.25 * sold[scores[scores < 1].index])
    spared = play_as(DEEP, tmp_path, {f"{CLICK}.consequence": [{"kind": "penalty", "below": 0.0}]})
    assert "penalty" not in set(spared.ledger.reason)
