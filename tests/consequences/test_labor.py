"""Pay, warnings, dismissals and hiring on runs: every rule of the labor market, also in random small worlds.

`Books` reads a run's tables back and checks the rules one by one; most tests are a world and some of the rules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simlab.clock import day_of
from tests.small_world import AUDIT, LEARN, TRAIN, Played, payments, play

WARN, FIRE, HIRE = {"kind": "warn", "below": 0.75}, {"kind": "fire", "below": 0.7, "min_sample": 8}, {"kind": "hire"}
HARSH: dict[str, Any] = {  # a pool in which people differ, and an employer who looks often
    "days": 8,
    "parties.acme.gold_error": 0.05,
    "parties.pool.misreading": 0.8,
    "parties.pool.wage": 17,
    f"{AUDIT}.sample": 0.5,
    f"{AUDIT}.consequence": [WARN, FIRE, HIRE],
}


class Books:
    """The tables of a run, and the rules that must hold among them."""

    def __init__(self, run: Played) -> None:
        scenario = run.context.scenario
        self.pool = scenario.parties["pool"]
        self.audit = next(r for r in scenario.relations if r.agent == "pool")
        self.learn = next(r for r in scenario.relations if r.principal == "pool")
        self.days = float(scenario.days)
        self.rules = {c.name: c for c in self.audit.consequence}
        self.made = run.comparisons
        self.spells = run.employment.set_index("worker")
        self.acts = run.consequences[run.consequences.agent.str.startswith("pool:")]
        self.labor = run.labor[run.labor.party == "pool"]
        self.wages = payments(run.ledger).query("payee.str.startswith('pool:')")
        self.judgements = run.judgements.set_index("judgement")
        self.record = self._record()

    def _record(self) -> pd.DataFrame:
        """Every audit of every rater, with what was known of the rater by then."""
        rows = self.judgements[self.judgements.order == 2].copy()
        rows["right"] = rows.score * rows["sample"]
        so_far = rows.groupby("agent")[["right", "sample"]].cumsum()
        rows["share"], rows["audited"] = so_far.right / so_far["sample"], so_far["sample"]
        warned = self.acts[self.acts.kind == "warn"]
        rows["warnings"] = [int(((warned.agent == r.agent) & (warned.time <= r.time)).sum()) for r in rows.itertuples()]
        return rows

    def of(self, kind: str) -> pd.DataFrame:
        """The consequences of one kind."""
        return self.acts[self.acts.kind == kind]

    def check(self) -> None:
        """All rules."""
        self.only_employees_work()
        self.nobody_works_longer_than_a_shift()
        self.wages_are_hours_worked()
        self.looks_are_on_the_calendar()
        self.consequences_follow_from_judgements()
        self.warnings_follow_the_rule()
        self.dismissals_follow_the_rule()
        self.vacancies_are_filled()

    def only_employees_work(self) -> None:
        spells = self.spells.loc[self.made.worker]
        assert (spells.hired.to_numpy() <= self.made.time.to_numpy()).all()
        assert not (spells.ended.to_numpy() < self.made.time.to_numpy()).any()
        assert self.spells.index.is_unique
        assert (self.spells.hired <= self.spells.ended.fillna(np.inf)).all()
        assert (self.spells.ended.isna() == (self.spells.reason == "")).all()

    def nobody_works_longer_than_a_shift(self) -> None:
        shift = min(1.0, self.learn.every)
        worked = self.made.groupby(["worker", "time"]).duration.sum()
        assert (worked <= self.pool.hours * shift * 3600 * (1 + 1e-9)).all()

    def wages_are_hours_worked(self) -> None:
        """Each payday pays what was worked since the last one, and at the end nothing is owed."""
        np.testing.assert_allclose(self.made.pay, self.made.duration / 3600 * self.pool.wage)
        hours = self.made.duration / 3600
        np.testing.assert_allclose(self.labor.hours.sum(), hours.sum())
        np.testing.assert_allclose(self.labor.pay.sum(), hours.sum() * self.pool.wage)
        assert (self.wages.amount > 0).all()
        assert set(self.wages.payer) <= {"acme"}
        for worker, paid in self.wages.groupby("payee"):
            mine = self.made.worker == worker
            for payday, total in zip(paid.time, paid.amount.cumsum(), strict=True):
                due = [hours[mine & when(self.made.time, payday)].sum() for when in (pd.Series.lt, pd.Series.le)]
                assert due[0] * self.pool.wage - 1e-6 <= total <= due[1] * self.pool.wage + 1e-6
        if self.pool.wage:
            paid = self.wages.groupby("payee").amount.sum()
            np.testing.assert_allclose(paid, self.pool.wage * hours.groupby(self.made.worker).sum()[paid.index])
            assert set(paid.index) == set(self.made.worker)
        slips = self.of("pay")[["time", "agent", "amount"]].to_numpy().tolist()
        assert slips == self.wages[["time", "payee", "amount"]].to_numpy().tolist() or not self.pool.wage

    def looks_are_on_the_calendar(self) -> None:
        every, last = self.audit.every, self.days
        calendar = {day_of(look, every) for look in range(1, int(last / every) + 2)}
        assert set(self.record.time) <= calendar
        assert set(self.acts[self.acts.kind != "pay"].time) <= calendar
        assert set(self.of("pay").time) <= calendar | {last}
        assert set(self.spells.ended.dropna()) <= calendar
        assert set(self.spells.hired) <= calendar | {0.0}

    def consequences_follow_from_judgements(self) -> None:
        known = self.acts[self.acts.judgement >= 0]
        causes = self.judgements.loc[known.judgement]
        for column in ("time", "agent", "principal"):
            assert (causes[column].to_numpy() == known[column].to_numpy()).all(), column
        assert (self.acts[self.acts.judgement < 0].kind.isin(["pay", "hire"])).all()
        looks = self.record.groupby("time")
        assert (looks["sample"].sum() <= looks.population.first()).all()

    def warnings_follow_the_rule(self) -> None:
        rule = self.rules.get("warn")
        due = self.record[self.record.share < rule.below - 1e-9] if rule else self.record[:0]
        found = self.of("warn")
        assert set(due.index) == set(found.judgement)
        np.testing.assert_allclose(found.amount, self.record.share[found.judgement])

    def dismissals_follow_the_rule(self) -> None:
        rule = self.rules.get("fire")
        due = self.record[:0]
        if rule:
            known = (self.record.audited >= rule.min_sample) & (self.record.warnings >= rule.after_warnings)
            due = self.record[known & (self.record.share < rule.below - 1e-9)]
        found = self.of("fire")
        assert set(due.index) == set(found.judgement)
        assert found.agent.is_unique
        np.testing.assert_allclose(found.amount, self.record.share[found.judgement])
        ended = self.spells.ended.dropna()
        assert dict(zip(found.agent, found.time, strict=True)) == ended.to_dict()
        for judged in self.record.itertuples():  # nobody is judged again after leaving
            assert not judged.time > ended.get(judged.agent, np.inf)

    def vacancies_are_filled(self) -> None:
        """If the employer hires, nobody is missing after a look; if not, nobody comes."""
        came = self.of("hire")
        assert sorted(came.agent) == sorted(self.spells.index[self.spells.hired > 0])
        for day in {*self.record.time, self.days}:
            here = (self.spells.hired <= day) & ~(self.spells.ended <= day)
            gone = int((self.spells.ended <= day).sum())
            assert here.sum() == (self.pool.count if "hire" in self.rules else self.pool.count - gone)


# ---- one world after another --------------------------------------------------------------------------------------


def test_a_harsh_employer(tmp_path: Path) -> None:
    books = Books(play(tmp_path, HARSH))
    books.check()
    assert len(books.of("warn")) > len(books.of("fire")) > 3
    assert len(books.of("hire")) == len(books.of("fire"))
    assert len(books.spells) == 8 + len(books.of("hire"))
    assert (books.record.audited[books.of("fire").judgement] >= 8).all()


def test_an_employer_who_only_pays(tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, f"{AUDIT}.consequence": "pay"}))
    books.check()
    assert set(books.acts.kind) == {"pay"}
    assert books.spells.ended.isna().all()
    assert (books.spells.hired == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3])
def test_only_after_warnings(after: int, tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, f"{AUDIT}.consequence": [WARN, {**FIRE, "after_warnings": after}, HIRE]}))
    books.check()
    fired = books.of("fire")
    assert len(fired) > 0
    assert books.record.warnings[fired.judgement].min() == after
    assert (fired.time - books.spells.hired[fired.agent].to_numpy() >= after).all()  # one warning a look


@pytest.mark.slow
@pytest.mark.parametrize("least", [1, 25, 60])
def test_only_on_enough_evidence(least: int, tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, f"{AUDIT}.consequence": [{**FIRE, "min_sample": least}, HIRE]}))
    books.check()
    audited = books.record.audited[books.of("fire").judgement]
    assert len(audited) > 0
    assert audited.min() >= least
    young = books.record[(books.record.audited < least) & (books.record.share < FIRE["below"])]
    assert len(young) > 0 or least == 1  # some were spared


def test_vacancies_stay_if_nobody_hires(tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, f"{AUDIT}.consequence": [{**FIRE, "below": 0.65}]}))
    books.check()
    left = 8 - len(books.of("fire"))
    assert 0 < left < 8
    last = books.made[books.made.time == books.made.time.max()]
    assert last.worker.nunique() == left
    assert len(last) == 200  # those who stay do it all


def test_days_after_the_last_look_are_paid_at_the_end(tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, "days": 5.5, f"{AUDIT}.every": 2}))
    books.check()
    assert sorted(set(books.of("pay").time)) == [2, 4, 5.5]
    assert set(books.of("pay")[books.of("pay").time == 5.5].judgement) == {-1}


@pytest.mark.slow
def test_firing_the_worst_leaves_a_better_pool(tmp_path: Path) -> None:
    """With and without firing on the same seeds: the paired difference in mean true ρ of who works at the end."""

    def quality(seed: int, consequence: Any) -> float:
        changes = {**HARSH, "parties.pool.misreading": 1.2, f"{AUDIT}.consequence": consequence}
        rows = play(tmp_path, changes, seed=seed, measured=True).raters
        return float(rows[(rows["round"] == rows["round"].max()) & rows.employed].rho_guideline.mean())

    gains = [quality(seed, [FIRE, HIRE]) - quality(seed, "pay") for seed in range(8)]
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / np.sqrt(8)


def test_no_wage_no_pay(tmp_path: Path) -> None:
    books = Books(play(tmp_path, {**HARSH, "parties.pool.wage": 0}))
    assert books.made.pay.sum() == books.wages.amount.sum() == 0
    books.only_employees_work()
    books.dismissals_follow_the_rule()


CONSEQUENCES = st.fixed_dictionaries(
    {},
    optional={
        "warn": st.floats(0.5, 1).map(lambda below: {"kind": "warn", "below": round(below, 3)}),
        "fire": st.tuples(st.floats(0.4, 0.9), st.integers(1, 30), st.integers(0, 2)).map(
            lambda f: {"kind": "fire", "below": round(f[0], 3), "min_sample": f[1], "after_warnings": f[2]}
        ),
        "hire": st.just({"kind": "hire"}),
        "pay": st.just({"kind": "pay"}),
    },
)
WORLDS = st.fixed_dictionaries(
    {
        "days": st.sampled_from([2, 3, 4.5]),
        "parties.pool.count": st.integers(3, 7),
        "parties.pool.overlap": st.integers(1, 3),
        "parties.pool.ranking": st.integers(2, 4),
        "parties.pool.hours": st.sampled_from([0.5, 2, 8]),
        "parties.pool.wage": st.sampled_from([1.5, 21]),
        "parties.pool.seconds": st.sampled_from([15, 60]),
        "parties.pool.policy.flip": st.floats(0.1, 0.4),
        "parties.pool.misreading": st.floats(0, 1.5),
        "parties.acme.gold_error": st.floats(0, 0.3),
        f"{AUDIT}.every": st.sampled_from([0.3, 0.5, 1, 1.5, 2]),
        f"{AUDIT}.sample": st.one_of(st.floats(0.05, 1), st.integers(1, 300)),
        f"{LEARN}.every": st.sampled_from([0.5, 0.7, 1, 2]),
        f"{LEARN}.sample": st.one_of(st.integers(100, 400), st.floats(0.3, 1)),
        f"{TRAIN}.every": st.sampled_from([1, 2]),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where random worlds leave their files."""
    return tmp_path_factory.mktemp("worlds")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(world=WORLDS, consequences=CONSEQUENCES, seed=st.integers(0, 10**6))
def test_the_rules_hold_in_any_world(folder: Path, world: Any, consequences: Any, seed: int) -> None:
    if "warn" not in consequences and "fire" in consequences:
        consequences["fire"]["after_warnings"] = 0  # else a file that does so is refused
    in_turn = [consequences[kind] for kind in ("warn", "fire", "hire", "pay") if kind in consequences]
    changes = {"world.dimensions": 3, **world, f"{AUDIT}.consequence": in_turn}
    Books(play(folder, changes, seed=seed)).check()


def test_a_pool_that_was_emptied_hires_again(tmp_path: Path) -> None:
    """Hiring before firing leaves nobody until the next look, which has no work to look at and hires all the same."""
    all_go = [HIRE, {"kind": "fire", "below": 1.0, "min_sample": 1}]
    run = play(tmp_path, {**HARSH, f"{AUDIT}.sample": 1.0, f"{AUDIT}.consequence": all_go})
    hires = run.employment.hired
    assert (hires > 0).any()
    assert run.comparisons.time.max() > hires[hires > 0].min()
