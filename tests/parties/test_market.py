"""The market by itself: nobody is lost, choices are the logit's, and shares settle where theory says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.components.guideline_policy import Term
from simlab.parties.market import UNHEARD, Market, Tally, apportioned
from simlab.scenario import IntentSpec, UsersSpec

FIRMS = ("acme", "bolt", "cogs")


def market(firms: tuple[str, ...] = FIRMS, prices: Any = None, **settings: Any) -> Market:
    said = settings if "intents" in settings else {"values": {"helpful": 1.0}, **settings}
    spec = UsersSpec.model_validate(said)
    return Market(spec, firms, prices or [0.0] * len(firms))


def everyone(count: int, value: bool = True) -> Any:
    return np.full(count, value)


# ---- whole persons ------------------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 10**9), st.lists(st.floats(0, 1e6), min_size=1, max_size=12))
def test_people_are_apportioned_whole_and_none_is_lost(total: int, weights: list[float]) -> None:
    found = apportioned(total, np.array(weights))
    mass = sum(weights)
    if mass == 0:
        assert not found.any()
        return
    assert found.sum() == total
    assert (found >= 0).all()
    assert np.all(np.abs(found - total * np.array(weights) / mass) < 1 + 1e-6 * total)


def test_largest_remainders_come_first() -> None:
    assert apportioned(10, np.array([1.5, 1.5, 0.3])).tolist() == [5, 4, 1]  # 4.55, 4.55, .91
    assert apportioned(7, np.array([[1.0, 1.0], [1.0, 0.0]])).tolist() == [[3, 2], [2, 0]]


def test_users_are_divided_equally_or_as_said() -> None:
    assert market(count=100).members.ravel().tolist() == [34, 33, 33]
    assert market(count=100, shares={"bolt": 3.0, "acme": 1.0}).members.ravel().tolist() == [25, 75, 0]
    two = [IntentSpec(share=s, values={"helpful": 1.0}) for s in (3.0, 1.0)]
    assert market(FIRMS[:2], count=80, intents=two).members.tolist() == [[30, 10], [30, 10]]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(FIRMS), st.floats(0, 1), st.floats(0, 1), st.lists(st.booleans(), min_size=3, max_size=3)
    ),
    max_size=25,
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    MOVES,
    st.integers(0, 3000),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.floats(0, 50),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_nobody_is_lost(
    moves: Any, count: int, leave: float, growth: float, choosiness: float, outside: float | None
) -> None:
    """Users in = users out + users now, in all and of each firm; and no firm ever has fewer than none."""
    intents = [IntentSpec(share=s, values={"helpful": 1.0}) for s in (2.0, 1.0)]
    said = {"leave": leave, "growth": growth, "choosiness": choosiness, "outside": outside, "intents": intents}
    here = market(count=max(count, 1), prices=[0.0, 1.0, 2.5], **said)
    start = {firm: here.count(firm) for firm in FIRMS}
    total = dict.fromkeys(("arrived", "left", "switched_in", "switched_out"), 0)
    net = dict.fromkeys(FIRMS, 0)
    for firm, one, other, serving in moves:
        here.hear(firm, np.array([one, other]))
        here.depart(firm, np.array([one, other]), np.array(serving))
        here.arrive(firm, 2.0, np.array(serving))
        assert (here.members >= 0).all()
    for firm in FIRMS:
        moved = here.report(firm)
        net[firm] += moved.arrived - moved.left + moved.switched_in - moved.switched_out
        for name in total:
            total[name] += getattr(moved, name)
        assert here.count(firm) == start[firm] + net[firm]
    assert total["switched_in"] == total["switched_out"]
    assert here.count() == sum(start.values()) + total["arrived"] - total["left"]
    if outside is None:
        assert total["left"] == 0


def test_newcomers_add_up_to_what_was_promised_in_whole_persons() -> None:
    here = market(count=1000, growth=0.0007)
    for _ in range(200):  # looks half a day apart: 0.35 persons each, a third of them to each firm
        for firm in FIRMS:
            here.arrive(firm, 0.5, everyone(3))
    assert abs(here.count() - 1000 - 70) <= 3
    shut = market(count=1000, growth=0.01)
    assert shut.arrive("acme", 10.0, np.array([False, True, True])) == 0
    assert shut.count() == 1000


# ---- choices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("choosiness", "thrift"), [(0.0, 0.0), (2.0, 0.5), (10.0, 3.0)])
def test_choice_is_a_logit_in_reputation_and_price(choosiness: float, thrift: float) -> None:
    here = market(prices=[0.2, 0.0, 1.0], choosiness=choosiness, thrift=thrift, outside=0.3)
    here.hear("acme", np.array([0.9]))
    here.hear("cogs", np.array([0.7]))
    values = choosiness * np.array([0.9, UNHEARD, 0.7, 0.3]) - thrift * np.array([0.2, 0.0, 1.0, 0.0])
    expected = np.exp(values) / np.exp(values).sum()
    np.testing.assert_allclose(here.choice(0, everyone(3), outside=True), expected)
    some = here.choice(0, np.array([True, False, True]), outside=False)
    np.testing.assert_allclose(some, [expected[0], 0, expected[2], 0] / (expected[0] + expected[2]))


def test_nowhere_to_go() -> None:
    alone = market(("acme",), count=100, outside=None, leave=1.0)
    assert alone.depart("acme", np.array([0.0]), everyone(1)) == 0
    assert alone.count() == 100
    free = market(("acme",), count=100, leave=1.0)
    assert free.depart("acme", np.array([0.25]), everyone(1)) == 75
    assert free.count() == 25
    assert free.report("acme").left == 75
    assert free.report("acme").left == 0  # once


# ---- where it leads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("leave", "satisfied"), [(0.1, 0.5), (0.3, 0.8), (0.05, 0.0)])
def test_a_lonely_firm_loses_a_constant_share(leave: float, satisfied: float) -> None:
    here = market(("acme",), count=1_000_000, leave=leave)
    for _ in range(12):
        here.depart("acme", np.array([satisfied]), everyone(1))
    expected = 1_000_000 * (1 - leave * (1 - satisfied)) ** 12
    assert abs(here.count() - expected) < 12
    assert abs(here.count() - 1_000_000 * (1 - leave * satisfied) ** 12) > 1000 or satisfied == 0.5  # not the others


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.6), (0.7, 0.65), (0.3, 0.8)])
def test_two_firms_share_the_market_by_their_dissatisfied(first: float, second: float) -> None:
    """If every leaver goes to the other firm, shares settle where as many go as come, n₁·a = (n₂ + n₁·a)·b: a and b
    are the shares that leave the one and then the other, whose users have just increased."""
    here = market(FIRMS[:2], count=1_000_000, leave=0.3, outside=None)
    for _ in range(300):
        for firm, satisfied in (("acme", first), ("bolt", second)):
            here.hear(firm, np.array([satisfied]))
            here.depart(firm, np.array([satisfied]), everyone(2))
    share = here.count("acme") / here.count()
    a, b = 0.3 * (1 - first), 0.3 * (1 - second)
    assert here.count() == 1_000_000
    assert abs(share - b / (b + a * (1 - b))) < 1e-4
    assert abs(share - first / (first + second)) > 0.01  # not in proportion to their satisfied


def test_intents_sort_themselves() -> None:
    """Each firm pleases one of two kinds of users: in the end it has hardly any others."""
    two = [IntentSpec(share=1.0, values={"helpful": 1.0}), IntentSpec(share=1.0, values={"brief": 1.0})]
    here = market(FIRMS[:2], count=10_000, leave=0.3, outside=None, intents=two)
    for _ in range(60):
        for firm, satisfied in (("acme", [0.95, 0.4]), ("bolt", [0.4, 0.95])):
            here.hear(firm, np.array(satisfied))
            here.depart(firm, np.array(satisfied), everyone(2))
    assert here.members[0, 0] / here.members[0].sum() > 0.85
    assert here.members[1, 1] / here.members[1].sum() > 0.85


# ---- what they owe ------------------------------------------------------------------------------------------------


def test_everybody_owes_for_the_days_with_each_firm() -> None:
    here = market(FIRMS[:2], count=200, prices=[1.5, 0.5], leave=1.0, outside=None)
    here.accrue("acme", 2.0)
    here.accrue("bolt", 2.0)
    here.depart("acme", np.array([0.4]), everyone(2))  # 60 of 100 go over
    here.accrue("acme", 1.0)
    here.accrue("bolt", 1.0)
    assert here.collect("acme") == pytest.approx(1.5 * (100 * 2 + 40))
    assert here.collect("bolt") == pytest.approx(0.5 * (100 * 2 + 160))
    assert here.collect("acme") == 0


# ---- what its users are worth --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patience", "growth", "content"), [(20.0, 0.02, 0.8), (20.0, 0.005, 0.3), (60.0, 0.01, 0.6), (60.0, 0.0, 0.6)]
)
def test_customer_equity_is_what_the_market_brings_discounted(patience: float, growth: float, content: float) -> None:
    """Of a market in which every day is like the first: 10 horizons of it, an eighth of a day at a time, of which
    e⁻¹⁰ comes later; sums of steps are off by half of one in `patience` days or in what leaves, at most. Without
    newcomers equity is the value of a user, for everybody; with them it is not."""
    spans, days = int(80 * patience), 0.125
    here = market(("acme",), count=10**9, leave=0.1 * days, growth=growth, values={"helpful": 1.0})
    open, found = np.ones(1, dtype=bool), 0.0
    first = here.count("acme")
    for span in range(spans):
        if span == 8:  # a day has gone by
            term = Term(0.0, 1.0, {}, 2.0 * here.tallies[0].days, 0.0, 0.0, {}, *counted(here.tallies[0]))
        found += 2.0 * here.count("acme") * days * np.exp(-(span + 0.5) * days / patience)
        here.accrue("acme", days)
        here.depart("acme", np.array([content]), open)
        here.arrive("acme", days, open)
    error = 0.5 * days * (1 / patience + 0.1 * (1 - content))
    assert term.equity(patience, first) == pytest.approx(found, rel=2 * error)
    assert term.tenure(patience) == pytest.approx(1 / (1 / patience + 0.1 * (1 - content)), rel=error)
    blind = term.profit * term.tenure(patience) * first  # present users alone
    assert growth == 0 or abs(blind / found - 1) > 10 * error


def counted(tally: Tally) -> tuple[float, int, int]:
    """User-days, joined, lost."""
    return tally.days, tally.joined, tally.lost
