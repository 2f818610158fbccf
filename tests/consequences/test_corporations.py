"""Churn, money and the law on runs: nobody and nothing is lost, and what follows is what the file says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simlab.parties.corporation import Corporation
from simlab.parties.users import Users
from tests.market_world import RIVAL, owned, regulated, users
from tests.small_world import LEARN, LOOK, TRAIN, Played, play

CHURN = {f"{LOOK}.consequence": "churn"}


def acme(run: Played) -> Corporation:
    found = run.context.parties["acme"]
    assert isinstance(found, Corporation)
    return found


# ---- users --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", [0.0, 0.2, 1.0])
def test_the_dissatisfied_leave_and_those_who_are_there_pay(leave: float, tmp_path: Path) -> None:
    changes = {
        "days": 5,
        **users(500, subscription=2, leave=leave),
        "parties.acme.guideline.operative": {"helpful": -1},
        f"{LOOK}.every": 2,
        **CHURN,
    }
    run = play(tmp_path, changes)
    here = 500
    left = run.consequences[run.consequences.kind == "churn"].set_index("time")
    scores = run.judgements.set_index("judgement").score
    fees = run.ledger[(run.ledger.counterparty == "users") & (run.ledger.account == "acme")].set_index("time")
    assert set(run.ledger[run.ledger.account == "users"].counterparty) <= {"acme"}
    for day, since in ((2, 2), (4, 2), (5, 1)):
        assert fees.amount.get(day, 0) == pytest.approx(here * 2 * since)
        if day in left.index:
            satisfied = scores[left.judgement[day]]
            assert left.amount[day] == round(here * leave * (1 - satisfied))
            here -= int(left.amount[day])
    party = run.context.parties["users"]
    assert isinstance(party, Users)
    assert party.count == here
    assert (here == 500) == (leave == 0)
    assert run.market.time.tolist() == ([2, 4, 5] if here else [2, 4])
    assert run.market.users.iloc[-1] == here


def test_no_subscription_no_fee(tmp_path: Path) -> None:
    run = play(tmp_path, CHURN)
    assert "users" not in set(run.ledger.account)
    assert run.market.revenue.eq(0).all()


def test_without_churn_nobody_leaves_and_nobody_pays(tmp_path: Path) -> None:
    run = play(tmp_path, {**users(200, subscription=1, leave=1.0, growth=0.5), "days": 3})
    assert len(run.market) == 0
    assert acme(run).public() == 200


# ---- nobody is lost -----------------------------------------------------------------------------------------------


def check_the_market(run: Played) -> None:
    """Of every firm: users before + arrived + switched in = users after + left + switched out; and money matches."""
    scenario = run.context.scenario
    rows, party = run.market, run.context.parties["users"]
    assert isinstance(party, Users)
    spec = party.spec
    assert (rows[["users", "complaints", "arrived", "left", "switched_in", "switched_out"]] >= 0).all().all()
    start: dict[str, int] = {}
    for firm, own in rows.groupby("corporation"):
        before = own.users - own.arrived - own.switched_in + own.left + own.switched_out
        assert (before.iloc[1:].to_numpy() == own.users.iloc[:-1].to_numpy()).all()
        start[str(firm)] = int(before.iloc[0])
        assert party.market.count(str(firm)) == own.users.iloc[-1]
        fees = run.ledger[(run.ledger.account == firm) & (run.ledger.reason == "subscriptions")].amount.sum()
        assert own.revenue.sum() == pytest.approx(fees)
        assert own.time.is_monotonic_increasing
    assert sum(start.values()) == spec.count
    assert rows.switched_in.sum() == rows.switched_out.sum()
    assert party.count == spec.count + rows.arrived.sum() - rows.left.sum()
    paid = run.ledger[run.ledger.account == "users"].amount.sum()
    assert paid == pytest.approx(-rows.revenue.sum())
    if spec.outside is None and len(start) > 1:
        assert rows.left.sum() == 0
    assert run.ledger.amount.sum() == pytest.approx(0)
    assert float(scenario.days) >= rows.time.max()


@pytest.mark.slow
def test_two_corporations_share_and_exchange_users(tmp_path: Path) -> None:
    """Each trains its model for one of two kinds of users, who find their way; nobody gets lost on it."""
    intents = [{"share": 1, "values": {"helpful": 1}}, {"share": 1, "values": {"brief": 1}}]
    changes = {
        **users(4000, intents=intents, subscription=0.5, leave=0.5, growth=0.01, complain=0.1, choosiness=20),
        **RIVAL,
        f"{LOOK}.sample": 400,
        "relations.4.sample": 400,
        "days": 12,
    }
    run = play(tmp_path, changes)
    check_the_market(run)
    rows = run.market
    assert (rows.groupby("corporation").switched_in.sum() > 50).all()
    assert (rows.groupby("corporation").arrived.sum() > 50).all()
    last = rows.groupby("corporation").satisfied.last()
    first = rows.groupby("corporation").satisfied.first()
    assert (last > first + 0.2).all()
    party = run.context.parties["users"]
    assert isinstance(party, Users)
    members = party.market.members
    assert members[0, 0] / members[0].sum() > 0.8
    assert members[1, 1] / members[1].sum() > 0.8
    for name in ("users", "share", "satisfied"):
        assert name in rows
    shares = rows[rows.time == 12].groupby("corporation").share.last()
    assert shares.sum() == pytest.approx(1, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("price", "thrift"), [(0.2, 2.0), (1.0, 2.0), (1.5, 4.0)])
def test_newcomers_choose_by_price(price: float, thrift: float, tmp_path: Path) -> None:
    """Where reputation does not count, a share 1/(1 + e^{t·Δprice}) of them goes to acme."""
    changes = {**users(10_000, leave=0, growth=0.02, choosiness=0, thrift=thrift), **RIVAL, "days": 5}
    run = play(tmp_path, {**changes, "parties.bolt.price": 1.0, "parties.acme.price": price})
    check_the_market(run)
    rows = run.market
    assert set(rows[rows.corporation == "acme"].price) == {price}
    came = rows.groupby("corporation").arrived.sum()
    assert came["acme"] / 1000 == pytest.approx(1 / (1 + np.exp(thrift * (price - 1))), abs=0.002)
    assert abs(came.sum() - 1000) <= 2


SHORT, LONG = {"kind": "suspend", "after": 5, "days": 0.7}, {"kind": "suspend", "days": 30}
WORLDS = st.fixed_dictionaries(
    {
        "days": st.sampled_from([2, 3.5]),
        "parties.users.count": st.integers(1, 3000),
        "parties.users.leave": st.floats(0, 1),
        "parties.users.growth": st.sampled_from([0.0, 0.003, 0.2]),
        "parties.users.choosiness": st.sampled_from([0.0, 4.0, 40.0]),
        "parties.users.outside": st.sampled_from([None, 0.0, 0.7]),
        "parties.users.subscription": st.sampled_from([0.0, 1.3]),
        "parties.users.complain": st.floats(0, 1),
        "parties.users.context": st.sampled_from([0.0, 0.5]),
        "parties.users.shares": st.sampled_from([{}, {"bolt": 1.0}, {"acme": 1.0, "bolt": 3.0}]),
        "parties.bolt.price": st.sampled_from([0.0, 2.0]),
        f"{LOOK}.every": st.sampled_from([0.4, 1, 1.5]),
        "relations.4.every": st.sampled_from([0.4, 1, 2]),
        f"{LOOK}.sample": st.sampled_from([0.3, 10]),
        f"{LEARN}.sample": st.just(40),
        f"{TRAIN}.every": st.sampled_from([1, 2]),
        "relations.8.every": st.sampled_from([0.5, 1]),
        "relations.8.consequence": st.sampled_from(
            [
                [],
                [{"kind": "suspend", "after": 5, "days": 0.7}],
                [{"kind": "suspend", "days": 30}, {"kind": "fine", "amount": 9}],
            ]
        ),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where random worlds leave their files."""
    return tmp_path_factory.mktemp("worlds")


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(world=WORLDS, mixed=st.booleans(), seed=st.integers(0, 10**6))
def test_nobody_is_lost_in_any_world(folder: Path, world: Any, mixed: bool, seed: int) -> None:
    intents = [{"share": 2, "values": {"helpful": 1}}, {"share": 1, "values": {"brief": 1, "helpful": -0.5}}]
    changes = {
        "world.dimensions": 4,
        **users(**({"intents": intents} if mixed else {"values": {"helpful": 1}})),
        **RIVAL,
        **regulated(place=8, permit=0.1, sample=30),
        **world,
    }
    check_the_market(play(folder, changes, seed=seed))


# ---- fines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [1.0, 250.0])
def test_every_violation_is_paid_for(amount: float, tmp_path: Path) -> None:
    run = play(tmp_path, {**users(1000), **regulated({"kind": "fine", "amount": amount}, permit=0.1), "days": 4})
    looks = run.judgements[run.judgements.principal == "state"]
    found = (looks["sample"] * (1 - looks.score)).round()
    fines = run.consequences[run.consequences.kind == "fine"].set_index("judgement")
    assert found.sum() > 20
    for look, violations in zip(looks.judgement, found, strict=True):
        assert fines.amount.get(look, 0.0) == pytest.approx(violations * amount)
    money = run.ledger[run.ledger.reason == "fines"]
    assert money[money.account == "state"].amount.sum() == pytest.approx(found.sum() * amount)
    assert money[money.account == "acme"].amount.sum() == pytest.approx(-found.sum() * amount)
    assert run.incidents["count"].sum() == found.sum()


def test_the_lawful_are_not_fined(tmp_path: Path) -> None:
    run = play(tmp_path, {**users(1000), **regulated({"kind": "fine", "amount": 9}, permit=0.0), "days": 3})
    assert "fine" not in set(run.consequences.kind)
    assert "fines" not in set(run.ledger.reason)
    assert set(run.judgements[run.judgements.principal == "state"].score) == {1.0}


# ---- suspension ----------------------------------------------------------------------------------------------------

SHUT = {"kind": "suspend", "after": 1, "days": 2.5}


def test_who_is_suspended_serves_nobody_and_earns_nothing(tmp_path: Path) -> None:
    """From day 1 to 3.5, and from 4 to 6.5, the public is not asked and does not pay; it leaves like all who are let
    down."""
    changes = {**users(1000, subscription=1.0, leave=0.1), **CHURN, **regulated(SHUT, permit=0.5), "days": 7}
    run = play(tmp_path, changes)
    assert acme(run).suspensions == [(1, 3.5), (4, 6.5), (7, 9.5)]
    looks = run.judgements[run.judgements.principal.isin(["users", "state"])]
    assert sorted(set(looks.time)) == [1, 4, 7]
    rows = run.market.set_index("time")
    shut = [2, 3, 5, 6]
    assert rows.satisfied[shut].isna().all()
    assert rows.satisfied[[1, 4, 7]].notna().all()
    served = {1: 1, 2: 0, 3: 0, 4: 0.5, 5: 0, 6: 0, 7: 0.5}
    here = 1000
    for day, days in served.items():
        assert rows.revenue[day] == pytest.approx(here * days)
        if day in shut:
            assert rows.left[day] == round(here * 0.1)
        here -= rows.left[day]
    churn = run.consequences[run.consequences.kind == "churn"].set_index("time")
    assert set(churn.reason[shut]) == {"not served, by order"}
    assert set(churn.judgement[shut]) == {-1}
    check_the_market(run)


@pytest.mark.parametrize(("after", "days"), [(1, [1.0, 2.0]), (300, [2.0]), (100_000, [])])
def test_it_takes_so_many_violations(after: int, days: list[float], tmp_path: Path) -> None:
    """About 250 of 500 responses a day break this law."""
    changes = {**users(1000), **regulated({**SHUT, "after": after, "days": 0.5}, permit=0.5, sample=500), "days": 2}
    run = play(tmp_path, {**changes, "parties.acme.guideline.operative": {"harmless": -1}})
    assert run.consequences[run.consequences.kind == "suspend"].time.tolist() == days


@pytest.mark.slow
def test_users_flee_a_suspended_firm_to_the_other(tmp_path: Path) -> None:
    changes = {
        **users(1000, leave=0.5, outside=None),
        **RIVAL,
        **regulated({**SHUT, "days": 30}, permit=0.5, place=8),
        "days": 8,
    }
    run = play(tmp_path, changes)
    check_the_market(run)
    rows = run.market
    assert rows[rows.corporation == "acme"].users.iloc[-1] < 20
    assert rows[(rows.corporation == "bolt") & (rows.time > 1)].switched_out.eq(0).all()  # nowhere else is open
    free = play(tmp_path, {**changes, "relations.8.consequence": []})
    assert free.market[free.market.corporation == "acme"].users.iloc[-1] > 100


def test_a_second_suspension_begins_when_the_first_ends(tmp_path: Path) -> None:
    firm = acme(play(tmp_path))
    now = firm.context.now
    firm.suspend(2)
    firm.suspend(3)
    assert firm.suspensions == [(now, now + 2), (now + 2, now + 5)]
    assert firm.served(now - 1, now + 6) == pytest.approx(2)
    assert firm.served(now - 3, now) == pytest.approx(3)
    assert firm.suspended


# ---- owners ---------------------------------------------------------------------------------------------------------


def test_pleased_owners_put_money_in_and_disappointed_ones_take_it_out(tmp_path: Path) -> None:
    """Revenue exceeds cost until nearly everybody has left; what is taken out is never more than there is."""
    changes = {
        **users(1000, subscription=1.0, leave=0.9),
        **CHURN,
        **owned(
            {"kind": "fund", "above": 0.5, "amount": 100}, {"kind": "withdraw", "below": 0.2, "amount": 900}, every=1.3
        ),
        "parties.acme.guideline.operative": {"helpful": -1},
        "parties.pool.wage": 60,
        "days": 14,
    }
    run = play(tmp_path, changes)
    looks = run.judgements[run.judgements.principal == "owners"].set_index("judgement")
    acts = run.consequences[run.consequences.principal == "owners"].set_index("judgement")
    assert set(acts.kind) == {"fund", "withdraw"}
    for look in looks.itertuples():
        act = acts.loc[look.Index] if look.Index in acts.index else None
        if look.score > 0.5:
            assert act is not None
            assert (act.kind, act.amount) == ("fund", 100)
        elif look.score >= 0.2 or np.isnan(look.score):
            assert act is None
        if act is not None and act.kind == "withdraw":
            assert look.score < 0.2
            assert act.amount <= 900
    capital = run.ledger[run.ledger.reason == "capital"]
    assert capital.amount.sum() == 0
    signed = np.where(acts.kind == "fund", acts.amount, -acts.amount)
    assert capital[capital.account == "acme"].amount.tolist() == pytest.approx(signed.tolist())
    balance = 0.0
    for row in run.ledger[run.ledger.account == "acme"].itertuples():
        balance += row.amount
        assert row.reason != "capital" or balance >= -1e-6
    assert (acts[acts.kind == "withdraw"].amount < 900).any()


def test_capital_is_no_revenue(tmp_path: Path) -> None:
    changes = {**users(100, subscription=1.0), **CHURN, "days": 6}
    poor = play(tmp_path, {**changes, **owned(every=1.3)}).judgements
    rich = play(tmp_path, {**changes, **owned({"kind": "fund", "above": -9, "amount": 1e6}, every=1.3)}).judgements
    np.testing.assert_allclose(
        *(rows[rows.principal == "owners"].score.to_numpy() for rows in (poor, rich)), equal_nan=True
    )


LOSS = {"measure": "valuation", "every": 2.5}  # nobody pays acme anything


def test_guideline_setters_are_replaced_by_those_who_value_what_owners_do(tmp_path: Path) -> None:
    """Each time halfway in direction, at the length it had."""
    changes = {"parties.acme.guideline.operative": {"helpful": 3}, "days": 6, "parties.pool.wage": 5}
    run = play(tmp_path, {**changes, **owned({"kind": "replace", "below": 0}, values={"brand": 0.1}, **LOSS)})
    rows = run.guidelines[run.guidelines.kind == "operative"].set_index(["version", "criterion"]).weight
    assert rows[2].to_dict() == pytest.approx({"helpful": 1.5, "brand": 1.5})
    length = 1.5 * np.sqrt(2)
    assert rows[3].to_dict() == pytest.approx({"helpful": 0.75, "brand": 0.75 + length / 2})
    acts = run.consequences[run.consequences.kind == "replace"]
    assert acts[["time", "amount", "unit"]].to_numpy().tolist() == [[2.5, 2, "version"], [5, 3, "version"]]
    assert acts.reason.str.contains("nearer to what owners value").all()
    assert set(run.guidelines.time) == {0, 2.5, 5}


@pytest.mark.slow
def test_or_by_those_with_a_policy_of_their_own(tmp_path: Path) -> None:
    walk = {"kind": "walk", "to": {"brand": 1}, "steps": 2}
    changes = {"parties.acme.guideline": {"operative": {"helpful": 1}, "every": 1}, "days": 5}
    changes |= owned({"kind": "replace", "below": 0, "policy": walk, "after": 2}, **LOSS)
    run = play(tmp_path, changes, measured=True)
    assert run.consequences[run.consequences.kind == "replace"].time.tolist() == [5]
    assert set(run.guidelines.version) == {1}
    changes |= {"days": 9, **owned({"kind": "replace", "below": 0, "policy": walk, "after": 2}, **LOSS)}
    longer = play(tmp_path, changes, measured=True)
    rows = longer.guidelines[longer.guidelines.kind == "operative"]
    assert rows.groupby("version").time.first().to_dict() == {1: 0, 2: 6, 3: 7}
    assert rows[rows.version == 3].set_index("criterion").weight.to_dict() == {"helpful": 0, "brand": 1}
    assert "brand" in longer.responses.columns


@pytest.mark.slow
@pytest.mark.parametrize(("after", "days"), [(1, [2.5, 5, 7.5, 10]), (2, [5, 10]), (3, [7.5]), (5, [])])
def test_patience(after: int, days: list[float], tmp_path: Path) -> None:
    replace = {"kind": "replace", "below": 0, "after": after, "shift": 0.1}
    run = play(tmp_path, {"days": 10, f"{LEARN}.sample": 50, **owned(replace, values={"brand": 1}, **LOSS)})
    assert run.consequences[run.consequences.kind == "replace"].time.tolist() == days


def test_the_pleased_replace_nobody(tmp_path: Path) -> None:
    changes = {**users(10_000, subscription=5), **CHURN, "days": 8}
    run = play(tmp_path, {**changes, **owned({"kind": "replace", "below": 0}, values={"brand": 1}, **LOSS)})
    assert set(run.guidelines.version) == {1}
    assert run.judgements[run.judgements.principal == "owners"].score.gt(0).all()


# ---- all of it together ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_influence_loops_through_time(tmp_path: Path) -> None:
    """What users want comes back to those who set the guideline as money, and as nothing else: serving another end
    costs revenue, and a policy that follows revenue decides by what the ledger shows."""
    people = users(20_000, subscription=1.0, leave=0.6, growth=0.05)
    changes = {**people, **CHURN, f"{LOOK}.sample": 2000, f"{LEARN}.sample": 300, "days": 15}
    earned = {}
    for criterion in ("helpful", "brand"):
        run = play(tmp_path, {**changes, "parties.acme.guideline.operative": {criterion: 1}})
        earned[criterion] = run.market.revenue.iloc[-5:].sum()
    assert earned["helpful"] > 1.5 * earned["brand"]
    follow = {"kind": "follow_revenue", "step": 0.4, "memory": 2}
    told = {"operative": {"brand": 1, "helpful": 1}, "policy": follow, "every": 3}
    run = play(tmp_path, {**changes, "parties.acme.guideline": told})
    terms, fees = acme(run).history, run.ledger[run.ledger.account == "acme"]
    for begun, term in enumerate(terms):
        inside = fees[(fees.time >= 3 * begun) & (fees.time < 3 * begun + 3) & (fees.reason == "subscriptions")]
        assert term.revenue == pytest.approx(inside.amount.sum())
    weights = [np.array([term.weights["brand"], term.weights["helpful"]]) for term in terms]
    growth = [float("nan"), *((b.rate - a.rate) / max(a.rate, 1e-9) for a, b in pairwise(terms))]
    for now in range(3, len(terms)):
        best = max(range(max(1, now - 3), now - 1), key=lambda n: growth[n])
        won = growth[now - 1] > growth[best]
        base = weights[now - 1] if won else weights[best]
        assert np.linalg.norm(weights[now] - base) < 0.4 * np.sqrt(2) * 1.6  # a step from where it stayed, or went back
    assert len({tuple(w) for w in weights}) == len(terms) == 5
