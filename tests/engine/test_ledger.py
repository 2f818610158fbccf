"""Money: in any small world every figure that is shown or written down is that of the ledger, to the cent."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console

import simlab
from simlab.cli import main
from simlab.engine.jobs import Store
from simlab.report import labor_costs
from simlab.report.orders import orders
from simlab.report.summary_screen import screen
from simlab.runs.loading import Run
from simlab.scenario.budget import Budget, windows
from tests.deep_world import CLICK, DEEP, NORTH, RELAY, SOUTH
from tests.loading import load
from tests.small_world import AUDIT, HIERARCHY, written

CENT = 0.005
PEOPLE = ("north", "south", "leads", "chiefs")
PAY = st.sampled_from([
    "hourly", {"kind": "piece", "rate": 0.2}, {"kind": "linear", "bonus": 3, "rate": -0.01},
    {"kind": "tournament", "bonus": 4, "winners": 2}, {"kind": "double_or_nothing", "gold": 2},
])  # fmt: skip
TEST = {"items": 8, "test": {"kind": "gold_test", "items": 8, "right": 5}}
COSTS = st.fixed_dictionaries({}, optional={"hiring_cost": st.just(80.0), "training_cost": st.just(12.5)})
CONDITIONS = st.fixed_dictionaries(
    {"pay": PAY, "count": st.integers(3, 6), "wage": st.sampled_from([0, 7.35, 21])},
    optional={
        "voice": st.just({"appeal": 0.7, "cost": 90}),
        "quits": st.just({"rate": 0.3}),
        "seconds_spread": st.just(0.0),
    },
)
FOLLOWS = st.lists(
    st.sampled_from([
        {"kind": "bonus", "amount": 2.5, "above": 0.7}, {"kind": "retrain", "below": 0.8, "hours": 1.5},
        {"kind": "fire", "below": 0.6, "min_sample": 4}, {"kind": "warn", "below": 0.7}, {"kind": "hire"},
    ]),
    max_size=4, unique_by=lambda c: c["kind"],
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """The deep hierarchy with two orders of auditors, owners and a law, all paid somehow."""
    changes: dict[str, Any] = {"days": draw(st.sampled_from([2, 2.5, 3]))}
    for name in PEOPLE:
        said = {**draw(CONDITIONS), **draw(COSTS)}
        if name in PEOPLE[:2] and draw(st.booleans()):
            said |= {"screening": TEST, "screening_cost": draw(st.sampled_from([0, 4.4]))}
        if name in PEOPLE[2:]:
            changes[f"parties.{name}"] = {"kind": "auditors", **said}
        else:
            changes |= {f"parties.{name}.{key}": value for key, value in said.items()}
    contract = ["contract_share", {"kind": "penalty", "below": 0.95, "share": 0.25}]
    return changes | {
        "parties.users.subscription": 0.37,
        "parties.relay.audit_wage": draw(st.sampled_from([0, 33])),
        "parties.owners": {"kind": "shareholders"},
        "parties.state": {"kind": "regulator", "law": {"harmless": 1}},
        "relations.0.consequence": "churn",
        f"{RELAY}.consequence": draw(st.lists(st.sampled_from(contract), max_size=2, unique_by=str)),
        f"{CLICK}.consequence": draw(st.lists(st.sampled_from(contract), max_size=2, unique_by=str)),
        f"{NORTH}.consequence": draw(FOLLOWS),
        f"{SOUTH}.consequence": draw(FOLLOWS),
        "relations.8": {"principal": "leads", "agent": "north", "every": 1, "sample": 0.3,
                        "consequence": draw(FOLLOWS)},
        "relations.9": {"principal": "chiefs", "agent": "leads", "every": 1, "sample": 0.5,
                        "consequence": draw(FOLLOWS)},
        "relations.10": {"principal": "owners", "agent": "acme", "every": 1, "sample": 1,
                         "consequence": {"kind": "fund", "above": 0, "amount": 100}},
        "relations.11": {"principal": "state", "agent": "acme", "every": 1, "sample": 20,
                         "consequence": {"kind": "fine", "amount": 3}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where random worlds leave their files."""
    return tmp_path_factory.mktemp("money")


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(changes=worlds(), seed=st.integers(0, 10**6))
def test_every_figure_is_that_of_the_ledger(folder: Path, changes: dict[str, Any], seed: int) -> None:
    run = made(folder, changes, DEEP, seed)
    paid = transfers(run)
    labor_is_what_was_paid(run, paid)
    pairs_bring_what_they_are_said_to_bring(run, paid)
    consequences_are_what_was_paid(run, paid)
    people_cost_what_their_pool_says(run, paid)
    markets_take_what_users_pay(run, paid)
    the_screen_adds_up(run, paid)
    comparisons_of_runs_add_up(run, paid)


def made(folder: Path, changes: Mapping[str, Any], said: Mapping[str, Any], seed: int = 0) -> Run:
    """One run of a small world, as it is on disk."""
    here = folder / str(len(list(folder.iterdir())))
    here.mkdir()
    return simlab.run(written(here / "world.yaml", changes, said), seed=seed, out=here / "run", store=Store(None))


def transfers(run: Run) -> pd.DataFrame:
    """The ledger with a row a transfer: who paid (as accounts, people under their pool), whom, how much, for what."""
    sides = run.ledger.groupby("transfer").amount.agg(["sum", "size", "max"])
    assert (sides["sum"] == 0).all()
    assert (sides["size"] == 2).all()
    assert (run.ledger.account != "").all()
    assert (run.ledger.counterparty != "").all()
    rows = run.ledger[::2]  # the payer's side comes first
    assert (rows.amount <= 0).all()
    pool = rows.counterparty.str.split(":").str[0]
    return pd.DataFrame({"payer": rows.account, "payee": pool, "amount": -rows.amount, "reason": rows.reason})


def labor_is_what_was_paid(run: Run, paid: pd.DataFrame) -> None:
    """The table labor: people by their pool, the staff and helpers of a firm under the firm."""
    for party in (*PEOPLE, "acme", "relay", "click"):
        said = run.labor[run.labor.party == party].pay.sum()
        mine = paid.payee == party if party in PEOPLE else paid.payee.str.startswith(f"{party} ")
        assert said == pytest.approx(paid[mine].amount.sum(), abs=CENT), party
    firms = json.loads(run.runs.parameters[0])["parties"]
    labels = paid[paid.reason == "labels delivered"]
    for vendor in ("relay", "click"):
        sold = (
            run.comparisons[run.comparisons.order == 1].principal == {"relay": "north", "click": "south"}[vendor]
        ).sum()
        price = sold * firms[vendor]["price"]
        assert labels[labels.payee == vendor].amount.sum() == pytest.approx(price, abs=CENT)


def pairs_bring_what_they_are_said_to_bring(run: Run, paid: pd.DataFrame) -> None:
    """`comparisons.pay` is the wage or piece rate of each pair; with appeals, and what pay schemes add or take, it is
    the wages of the ledger."""
    for name in PEOPLE:
        of = run.labor[run.labor.party == name]
        pairs = run.comparisons[run.comparisons.worker.str.startswith(f"{name}:")].pay.sum()
        work = of[of.kind.isin(["ranking", "auditing"]) & (of.hours > 0)].pay.sum()
        assert pairs == pytest.approx(work, abs=CENT)
        rest = of[(of.kind == "appealing") | (of.kind.isin(["ranking", "auditing"]) & (of.hours == 0))].pay.sum()
        mine = paid[(paid.payee == name) & paid.reason.str.contains("ranking|auditing")]
        assert pairs + rest == pytest.approx(mine.amount.sum(), abs=CENT)


def consequences_are_what_was_paid(run: Run, paid: pd.DataFrame) -> None:
    """All that the table consequences says in dollars."""
    acts = run.consequences[run.consequences.unit == "$"]
    of = acts.agent.str.split(":").str[0]
    wages = paid.reason.str.contains("ranking|auditing") & paid.payee.isin(PEOPLE)
    reasons = {
        "invoice": paid.reason == "labels delivered", "penalty": paid.reason == "penalty",
        "fine": paid.reason == "fines", "fund": paid.reason == "capital",
    }  # fmt: skip
    for name in PEOPLE:
        said = acts[acts.kind.isin(["pay", "bonus"]) & (of == name)].amount.sum()
        assert said == pytest.approx(paid[wages & (paid.payee == name)].amount.sum(), abs=CENT), name
    for kind, rows in reasons.items():
        assert acts[acts.kind == kind].amount.sum() == pytest.approx(paid[rows].amount.sum(), abs=CENT), kind
    trained = run.consequences[run.consequences.kind == "retrain"]
    pool = trained.agent.str.split(":").str[0]
    parties = json.loads(run.runs.parameters[0])["parties"]
    cost = sum(hours * parties[name]["wage"] for hours, name in zip(trained.amount, pool, strict=True))
    assert paid[paid.reason == "wages in training"].amount.sum() == pytest.approx(cost, abs=CENT)
    lessons = sum(parties[name]["training_cost"] for name in pool)
    assert paid[paid.reason == "training people"].amount.sum() == pytest.approx(lessons, abs=CENT)


def people_cost_what_their_pool_says(run: Run, paid: pd.DataFrame) -> None:
    """Every spell of employment was paid for once, and nobody is paid outside one."""
    parties = json.loads(run.runs.parameters[0])["parties"]
    spells = run.employment.worker.str.split(":").str[0].value_counts()
    cost = sum(spells.get(name, 0) * parties[name]["hiring_cost"] for name in PEOPLE)
    assert paid[paid.reason == "hiring"].amount.sum() == pytest.approx(cost, abs=CENT)
    tests = paid[paid.reason == "testing candidates"].amount
    costs = {parties[name]["screening_cost"] for name in PEOPLE} - {0}
    assert not costs or (tests.sum() / min(costs)) == pytest.approx(round(tests.sum() / min(costs)))
    wages = run.ledger[run.ledger.account.str.contains(":")]
    mine = run.employment.set_index("worker").loc[wages.account]
    assert (mine.hired.to_numpy() <= wages.time.to_numpy()).all()
    assert not (mine.ended.to_numpy() < wages.time.to_numpy()).any()


def markets_take_what_users_pay(run: Run, paid: pd.DataFrame) -> None:
    fees = paid[paid.reason == "subscriptions"].amount.sum()
    assert run.market.revenue.sum() == pytest.approx(fees, abs=CENT)


def the_screen_adds_up(run: Run, paid: pd.DataFrame) -> None:
    """What acme pays is what workers get and vendors keep; and hours are either paid or not."""
    work = paid[~paid.reason.isin(labor_costs.NO_LABOR)]
    cost = work[work.payer == "acme"].amount.sum() - work[work.payee == "acme"].amount.sum()
    (spent,) = labor_costs.labor_costs(run).values()
    assert spent == pytest.approx(cost, abs=CENT)
    workers, kept = labor_costs.shares(run)
    assert workers + kept == pytest.approx(cost, abs=CENT)
    assert workers == pytest.approx(run.labor.pay.sum(), abs=CENT)
    assert labor_costs.balances(run).sum() == pytest.approx(0, abs=CENT)
    hours, unpaid = labor_costs.hours(run)
    assert hours + sum(unpaid.values()) == pytest.approx(run.labor[run.labor.flops == 0].hours.sum())
    text = shown(run)
    for words in (f"{cost:,.0f} USD", f"{hours:,.0f} hours of paid work"):
        assert words in text, (words, text)
    costs = orders(run)
    for (party, order), rows in costs.groupby(["principal", "order"]):
        said = run.labor[(run.labor.party == party) & (run.labor.order == order) & (run.labor.flops == 0)]
        assert rows.pay.sum() == pytest.approx(said.pay.sum(), abs=CENT), (party, order)
        assert rows.hours.sum() == pytest.approx(said.hours.sum()), (party, order)


def comparisons_of_runs_add_up(run: Run, paid: pd.DataFrame) -> None:
    from simlab.report.compared_measures import measured

    found = measured(run)
    money = {of: value for (kind, _, of), value in found.items() if kind == "money"}
    assert sum(money.values()) == pytest.approx(0, abs=CENT)
    got = paid.groupby("payee").amount.sum().sub(paid.groupby("payer").amount.sum(), fill_value=0)
    assert money == pytest.approx(got.to_dict(), abs=CENT)
    assert found["labor_cost", "", "acme"] == pytest.approx(labor_costs.labor_costs(run)["acme"])
    pay = sum(value for (kind, _, _), value in found.items() if kind == "pay")
    assert pay == pytest.approx(run.labor.pay.sum(), abs=CENT)


def shown(run: Run) -> str:
    """The screen, in one line."""
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(screen(run))
    return " ".join(console.export_text().split())


@pytest.mark.slow
def test_the_screen_names_what_is_paid_and_what_those_who_work_get(folder: Path) -> None:
    changes = {
        "relations.8": {"principal": "leads", "agent": "north", "every": 1, "sample": 0.3},
        "parties.leads": {"kind": "auditors", "count": 3},
        "parties.north.screening": TEST,
    }
    run = made(folder, changes, DEEP)
    paid = transfers(run)
    people = paid[~paid.payee.isin(["relay", "click", "acme"])].amount.sum()
    labels = paid[paid.reason == "labels delivered"].groupby("payee").amount.sum()
    text = shown(run)
    assert f"relay {labels['relay']:,.0f}" in text
    assert f"Those who did the work got {people:,.0f} USD; vendors" in text
    tested = run.labor[run.labor.kind == "screening"].hours.sum()
    assert f"{tested:,.0f} of tests of candidates unpaid" in text


@pytest.mark.slow
def test_who_judges_two_pools_is_paid_once(folder: Path) -> None:
    """What acme's staff did is divided between the pools by what it looked at, and not told twice."""
    changes = {
        "parties.pool2": {"kind": "raters", "count": 4, "policy": {"kind": "mistaken", "flip": 0.2}},
        "relations.4": {"principal": "acme", "agent": "pool2", "every": 1, "sample": 0.6},
        "relations.5": {"principal": "pool2", "agent": "rm", "every": 1, "sample": 200, "consequence": "gradient"},
    }
    run = made(folder, changes, HIERARCHY)
    rows = orders(run).query("principal == 'acme'").set_index("agent")
    staff = run.labor[(run.labor.party == "acme") & (run.labor.order == 2)]
    assert rows.pay.sum() == pytest.approx(staff.pay.sum())
    assert rows.hours["pool2"] == pytest.approx(0.75 * staff.hours.sum())  # .6 and .2 of as many pairs


# ---- what is foreseen ---------------------------------------------------------------------------------------------

PLANS: dict[str, dict[str, Any]] = {
    "hourly": {},
    "pieces": {"parties.pool.pay": {"kind": "piece", "rate": 0.3}},
    "a share of their time": {"relations.2.sample": 0.4, "parties.pool.overlap": 2, "parties.pool.hours": 2},
    "too little time": {"relations.2.sample": 20_000, "parties.pool.hours": 1},
    "an unfinished window": {"days": 5, "relations.2.every": 2, "relations.1.every": 2},
    "auditors": {
        "parties.leads": {"kind": "auditors", "count": 4, "wage": 33}, "relations.4": {
            "principal": "leads", "agent": "pool", "every": 1, "sample": 0.4},
        "parties.chiefs": {"kind": "auditors", "count": 2, "wage": 50, "pay": {"kind": "piece", "rate": 1}},
        "relations.5": {"principal": "chiefs", "agent": "leads", "every": 1, "sample": 0.5},
    },
    "hired dearly": {"parties.pool.hiring_cost": 100, "parties.pool.ranking": 4, "parties.acme.audit_seconds": 10},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_what_describe_foresees_is_what_is_spent(name: str, folder: Path) -> None:
    """Paces are log-normal with spread s twice over: a pool's mean is off by about s/√people, and so is the bill; here
    s = .1, so that 8 % is beyond three standard errors with eight people."""
    changes = {"days": 4, "parties.pool.seconds_spread": 0.1, **PLANS[name]}
    for auditors in ("leads", "chiefs"):
        if f"parties.{auditors}" in changes:
            changes[f"parties.{auditors}.seconds_spread"] = 0.1
    run = made(folder, changes, HIERARCHY)
    items = list(Budget(load(run.path / "scenario.yaml")).items())
    paid = transfers(run)
    assert {item.payee for item in items if item.amount} == set(paid.payee)
    for payee in set(paid.payee):
        foreseen = sum(item.amount for item in items if item.payee == payee)
        assert foreseen == pytest.approx(paid[paid.payee == payee].amount.sum(), rel=0.08), payee


@pytest.mark.slow
def test_describe_foresees_vendors_and_says_who_gets_what(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(folder / "vendors.yaml", {"days": 4}, DEEP)
    assert main(["describe", str(file)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    run = simlab.run(file, out=folder / "vendors-run", store=Store(None))
    said = re.search(r"acme pays about \$([\d,]+) for labor: .*?\$([\d,]+) to relay", text)
    assert said is not None, text
    assert float(said[1].replace(",", "")) == pytest.approx(labor_costs.labor_costs(run)["acme"], rel=0.02)
    got = re.search(r"those who do the work get about \$([\d,]+)", text)
    assert got is not None
    assert float(got[1].replace(",", "")) == pytest.approx(labor_costs.shares(run)[0], rel=0.15)  # six people, s = .3


def test_describe_names_what_it_cannot_foresee(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def unforeseen(changes: dict[str, Any]) -> str:
        assert main(["describe", str(written(tmp_path / "world.yaml", changes))]) == 0
        return " ".join(capsys.readouterr().out.split()).partition("not reckoned: ")[2].partition(" Measured")[0]

    assert unforeseen({}) == ""
    assert unforeseen({
        f"{AUDIT}.consequence": [{"kind": "bonus", "amount": 1, "above": 0.5}], "parties.pool.voice": {"cost": 60},
        "parties.pool.effort": {"kind": "no_shirking", "cost": 3}, "parties.pool.hiring_cost": 5,
    }) == "bonuses, later hires and candidates, time saved by carelessness or haste, time spent on appeals"  # fmt: skip


@pytest.mark.parametrize(("every", "until", "expected"), [
    (5, 20, (4, 4)), (5, 12, (2.4, 3)), (5, 10.3, (2, 2)), (5, 10.4, (2.2, 3)), (0.5, 1.1, (2, 2)), (0.5, 1.2, (3, 3)),
    (1.5, 3.2, (2, 2)), (1.5, 3.5, (3, 3)),
])  # fmt: skip
def test_windows_of_work(every: float, until: float, expected: tuple[float, int]) -> None:
    assert windows(every, until) == pytest.approx(expected)


# ---- what hiring, testing and training cost -----------------------------------------------------------------------


@pytest.mark.slow
def test_turnover_tests_and_training_cost_what_the_pool_says_and_change_nothing_else(folder: Path) -> None:
    follows = [{"kind": "retrain", "below": 0.9}, {"kind": "fire", "below": 0.7, "min_sample": 8}, "hire"]
    changes = {
        "days": 4, "parties.pool.policy.flip": 0.35, "parties.pool.screening": TEST,
        f"{AUDIT}.sample": 0.5, f"{AUDIT}.consequence": follows,
    }  # fmt: skip
    costs = {"hiring_cost": 100, "screening_cost": 7, "training_cost": 11}
    free = made(folder, changes, HIERARCHY)
    dear = made(folder, changes | {f"parties.pool.{key}": cost for key, cost in costs.items()}, HIERARCHY)
    paid = transfers(dear).groupby(["payee", "reason"]).amount.sum()
    hires, trained = len(dear.employment), (dear.consequences.kind == "retrain").sum()
    assert hires > 8
    assert trained > 0
    assert paid["acme recruiters", "hiring"] == 100 * hires
    assert paid["acme trainers", "training people"] == 11 * trained
    tested = dear.labor[dear.labor.kind == "screening"].hours.sum() / (30 * 8 / 3600 * np.exp(0.3**2))
    assert paid["acme recruiters", "testing candidates"] / 7 == pytest.approx(tested, rel=0.25)
    assert paid["acme recruiters", "testing candidates"] / 7 >= hires
    extra = dear.labor[dear.labor.kind.isin(["hiring", "testing candidates", "training people"])]
    assert extra.pay.sum() == pytest.approx(dear.labor.pay.sum() - free.labor.pay.sum())
    for table in ("comparisons", "responses", "judgements", "employment", "alignment"):
        left, right = (run.tables[table].drop(columns="run") for run in (free, dear))
        pd.testing.assert_frame_equal(left, right)


def test_a_test_that_nobody_sits_has_no_price(tmp_path: Path) -> None:
    with pytest.raises(simlab.InvalidInput, match="screening_cost means nothing without a screening"):
        load(written(tmp_path / "world.yaml", {"parties.pool.screening_cost": 5}))


@pytest.mark.slow
def test_a_firm_s_staff_is_paid_like_raters_unless_the_file_says_otherwise(folder: Path) -> None:
    """What is checked costs by default; a free check must be asked for, and moves money alone."""
    paid, free = made(folder, {}, HIERARCHY), made(folder, {"parties.acme.audit_wage": 0}, HIERARCHY)
    hours = paid.labor[(paid.labor.party == "acme") & (paid.labor.kind == "auditing")].hours.sum()
    assert hours > 0
    assert transfers(paid).query("payee == 'acme staff'").amount.sum() == pytest.approx(21 * hours)
    assert "acme staff" not in set(free.ledger.account)
    pd.testing.assert_frame_equal(paid.comparisons.drop(columns="run"), free.comparisons.drop(columns="run"))


def test_people_whom_nobody_employs_are_not_paid_for_training_by_nobody(folder: Path) -> None:
    changes = {
        "relations.1": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.3,
                        "consequence": {"kind": "retrain", "below": 1.0}},
        "parties.leads": {"kind": "auditors", "count": 3, "values": {"helpful": 1}},
        "parties.pool.values": {"helpful": 1},
        "relations.0": {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
    }  # fmt: skip
    run = made(folder, changes, HIERARCHY)
    assert (run.consequences.kind == "retrain").any()
    assert set(run.ledger.account) == set()
    assert run.labor.pay.sum() == 0
