"""Habits and channels: use follows both appeals as the formula says, money goes through the ledger, off is off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import ndtr

from simlab.parties.demand import COLD, Demand, expected_appeal, use
from simlab.parties.users import Users
from simlab.relation import Work
from simlab.scenario import UsersSpec
from simlab.scenario.channels import ChannelsSpec, ElasticitySpec, PurchaseElasticitySpec
from simlab.worlds.world import Items
from tests.market_world import RIVAL
from tests.small_world import LOOK, Played, payments, play

CHURN = {f"{LOOK}.consequence": "churn"}
ALL = {"visits": {"price": 0.1}, "purchases": {"price": 5}, "attention": {"price": 0.002}}
HABITS = {"parties.users.habits": {"engaging": 1}, "parties.users.channels": ALL, **CHURN}


def party(run: Played) -> Users:
    found = run.context.parties["users"]
    assert isinstance(found, Users)
    return found


def reception(run: Played, count: int, **lift: float) -> Any:
    """What users make of responses of a model whose mean is moved along some criteria."""
    game, relation = run.context.game, run.context.relations[0]
    draws = np.random.default_rng(5).normal(size=(count, len(game.dimensions)))
    work = Work("acme", Items(np.arange(count), draws + game.value(lift)), count)
    with pytest.raises(StopIteration) as stop:
        next(party(run).judge(relation, work))
    return stop.value.value.items


# ---- the formula --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("endorsed", "appeal"), [(0.8, 0.3), (0.5, 0.9), (0.25, 0.6)])
def test_elasticities_are_percents_per_percent(endorsed: float, appeal: float) -> None:
    for elasticity in (ElasticitySpec(), PurchaseElasticitySpec(), ElasticitySpec(values=-0.5, habits=2.0)):
        here, percent = use(elasticity, endorsed, appeal), 1e-6
        in_values = np.log(use(elasticity, endorsed * (1 + percent), appeal) / here) / percent
        in_habits = np.log(use(elasticity, endorsed, appeal * (1 + percent)) / here) / percent
        assert in_values == pytest.approx(elasticity.values, abs=1e-4)
        assert in_habits == pytest.approx(elasticity.habits, abs=1e-4)
        assert use(elasticity, COLD, COLD) == pytest.approx(1)
    assert use(ElasticitySpec(values=-1.0), 0.0, 0.5) < np.inf


@pytest.mark.parametrize("purpose", ["visits", "purchases"])
@pytest.mark.parametrize(("shift", "cosine"), [(1.0, 0.0), (0.8, 0.6), (1.5, -0.4), (2.0, 1.0)])
def test_use_follows_the_angle_between_habits_and_the_models_tilt(
    purpose: str, shift: float, cosine: float, tmp_path: Path
) -> None:
    """A model moved by κ at cosine c to habits, and orthogonally to values else: Φ(κc/√2) and Φ(κ√(1−c²)/√2)."""
    run = play(tmp_path, {**HABITS, "world.dimensions": 64})
    across, count = float(np.sqrt(1 - cosine**2)), 40_000
    found = reception(run, count, engaging=shift * cosine, helpful=shift * across)
    party(run).demand.hear("acme", found.endorsed, found.appeal)
    party(run).demand.accrue("acme", 10.0)
    _, sales = party(run).demand.collect("acme")
    sale = next(s for s in sales if s.channel == purpose)
    spec = dict(party(run).spec.channels.given())[purpose]
    endorsed, appeal = expected_appeal(shift, across), expected_appeal(shift, cosine)
    assert appeal == pytest.approx(ndtr(shift * cosine / np.sqrt(2)))
    law = spec.rate * use(spec.elasticity, endorsed, appeal)
    # an approval's standard deviation is at most that of the uniform, √(1/12); errors of logarithms add
    error = np.sqrt(1 / 12 / count) * (spec.elasticity.values / endorsed + spec.elasticity.habits / appeal)
    assert abs(np.log(sale.demand / law)) < 4 * error
    swapped = spec.rate * use(spec.elasticity, appeal, endorsed)
    if abs(cosine - across) > 0.25:
        assert abs(np.log(sale.demand / swapped)) > 4 * error  # and not with the two standards exchanged


def test_what_is_not_endorsed_moves_no_satisfaction(tmp_path: Path) -> None:
    run = play(tmp_path, HABITS)
    plain, flattered = reception(run, 4000), reception(run, 4000, engaging=3)
    assert (plain.satisfied == flattered.satisfied).all()
    assert flattered.endorsed == pytest.approx(plain.endorsed)
    assert flattered.appeal > 0.95 > 0.55 > plain.appeal


# ---- money --------------------------------------------------------------------------------------------------------


def test_all_channels_go_through_the_ledger_and_the_table(tmp_path: Path) -> None:
    run = play(tmp_path, {**HABITS, "parties.users.subscription": 0.5, "days": 4})
    rows, paid = run.channels, payments(run.ledger)
    paid = paid[paid.payee == "acme"]
    assert set(paid[paid.reason == "attention"].payer) == {"users advertisers"}
    assert set(paid[paid.reason != "attention"].payer) == {"users"}
    reasons = {"subscription": "subscriptions"}
    for channel, own in rows.groupby("channel"):
        got = paid[paid.reason == reasons.get(str(channel), channel)].groupby("time").amount.sum()
        np.testing.assert_allclose(own.groupby("time").revenue.sum().reindex(got.index), got)
        assert own.revenue.sum() == pytest.approx(got.sum())
        assert got.sum() > 0
    np.testing.assert_allclose(rows.quantity, rows.days * rows.demand)
    np.testing.assert_allclose(rows.revenue, rows.quantity * rows.price)
    fees = rows[rows.channel == "subscription"]
    np.testing.assert_allclose(fees.revenue.to_numpy(), run.market.revenue.to_numpy()[: len(fees)])
    term = run.context.ledger.revenue("acme", 0.0, 4.0)
    assert term == pytest.approx(rows.revenue.sum())  # what those who set the guideline see


def test_days_without_service_are_not_used(tmp_path: Path) -> None:
    run = play(tmp_path, {**HABITS, "days": 2, "parties.users.leave": 0.0})
    firm: Any = run.context.parties["acme"]
    now, users = run.context.now, party(run)
    run.context.days = now + 4
    firm.suspend(3)
    run.context.env.timeout(4)
    run.context.env.run(until=now + 4)
    users.accrue("acme")
    days, _ = users.demand.collect("acme")
    assert days == pytest.approx(100 * 1)


def test_user_days_follow_those_who_switch(tmp_path: Path) -> None:
    """In all as many user-days as there were users and days, whichever firm they are with."""
    said = {"outside": None, "leave": 0.5, "count": 1000, "values": {"helpful": 1}, "kind": "users"}
    changes = {"parties.users": {**said, "habits": {"engaging": 1}, "channels": ALL}, **RIVAL, "days": 5}
    run = play(tmp_path, changes)
    rows = run.channels[run.channels.channel == "visits"]
    assert rows.days.sum() == pytest.approx(1000 * 5)
    assert rows.groupby("corporation").days.sum()["acme"] > 2600  # which serves what they want


# ---- off, and wrong -----------------------------------------------------------------------------------------------


def test_habits_alone_change_nothing_but_what_is_measured(tmp_path: Path) -> None:
    plain = play(tmp_path, {**CHURN, "days": 2, "parties.users.subscription": 1}, measured=True)
    with_habits = {**CHURN, "days": 2, "parties.users.subscription": 1, "parties.users.habits": {"engaging": 1}}
    moved = play(tmp_path, with_habits, measured=True)
    assert len(plain.channels) == len(moved.channels) == 0
    for table in ("judgements", "market", "ledger", "comparisons", "policy"):
        assert getattr(plain, table).equals(getattr(moved, table))
    extra = moved.alignment[moved.alignment.a == "users:habits"]
    assert set(extra.b) == {"users", "acme", "pool", "rm", "lm"}
    same = moved.alignment[moved.alignment.a != "users:habits"].reset_index(drop=True)
    assert same.equals(plain.alignment)


def test_rho_of_habits_is_the_cosine(tmp_path: Path) -> None:
    """Three angles between what users endorse and what moves them, 2,000 items: ± 4/√n."""
    for weight in (-0.5, 0.0, 2.0):
        habits = {"engaging": 1.0, "helpful": weight}
        changes = {"parties.users.habits": habits, "panel.prompts": 1000, "world.dimensions": 64}
        rows = play(tmp_path, changes, measured=True).alignment
        found = rows[(rows.a == "users:habits") & (rows.b == "users")].rho.iloc[0]
        assert abs(found - weight / np.hypot(1, weight)) < 4 / np.sqrt(2000)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"channels": {"visits": {"price": 1.0}}}, "visits follow habits, but these users have none"),
        ({"habits": {"engaging": 0.0}}, "no criterion has a weight"),
        ({"channels": {"visits": {}}}, "price"),
        ({"channels": {"visit": {"price": 1.0}}}, "visit"),
    ],
)
def test_what_cannot_be_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        UsersSpec.model_validate({"values": {"helpful": 1.0}, **said})


def test_no_channel_no_use() -> None:
    demand = Demand(ChannelsSpec(), ["acme"])
    demand.accrue("acme", 5.0)
    assert demand.collect("acme") == (5.0, [])
