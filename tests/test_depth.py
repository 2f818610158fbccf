"""Depth is a matter of the scenario file: entries appended to a shipped scenario make further orders of judgement."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.report.orders import orders

SHIPPED = Path(__file__).parent.parent / "scenarios" / "00_gaussian.yaml"
ENTRIES = [
    "parties.leads={kind: auditors, count: 6, misreading: 0.4, wage: 30}",
    "parties.managers={kind: auditors, count: 5, misreading: 0.3, wage: 50}",
    "parties.directors={kind: auditors, count: 4, misreading: 0.2, wage: 90}",
    "relations.4={principal: leads, agent: pool, every: 5, sample: 0.3}",
    "relations.5={principal: managers, agent: leads, every: 5, sample: 0.5}",
    "relations.6={principal: directors, agent: managers, every: 5, sample: 0.5}",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[simlab.Run, simlab.Run]:
    """The shipped scenario as it is, and with three auditor entries appended."""
    folder = tmp_path_factory.mktemp("depth")
    plain = simlab.run(SHIPPED, out=folder / "plain")
    return plain, simlab.run(SHIPPED, out=folder / "deep", overrides=ENTRIES)


@pytest.mark.slow
def test_each_entry_makes_the_next_order(both: tuple[simlab.Run, simlab.Run]) -> None:
    plain, deep = both
    assert set(plain.alignment.order) == {1, 2}
    assert set(deep.alignment.order) == {1, 2, 3, 4}
    last = deep.alignment[deep.alignment["round"] == 4]
    for order, principal, agent in ((2, "leads", "pool"), (3, "managers", "leads"), (4, "directors", "managers")):
        mine = (last.order == order) & (last.a == principal) & (last.panel == agent)
        (rho,) = last[mine & (last.against == "guideline")].rho
        assert -1 <= rho <= 1
        cost = deep.labor[(deep.labor.order == order) & (deep.labor.party == principal)]
        assert cost.hours.sum() > 0
        assert cost.pay.sum() > 0


@pytest.mark.slow
def test_what_judging_takes_is_told_for_every_order(both: tuple[simlab.Run, simlab.Run]) -> None:
    rows = orders(both[1])
    whom = dict(zip(rows.principal, rows.agent, strict=True))
    assert whom == {"pool": "rm", "acme": "pool", "leads": "pool", "managers": "leads", "directors": "managers"}
    assert rows.order.tolist() == [1, 2, 2, 3, 4]
    assert (rows.hours > 0).all()
    work = both[1].labor.query("party == 'pool' and order == 1")
    (first,) = rows[rows.order == 1].itertuples()
    assert (first.hours, first.pay) == pytest.approx((work.hours.sum(), work.pay.sum()))
    measured = both[1].orders.query("principal == 'pool'")
    assert first.validity == measured.validity_guideline.iloc[-1]
    assert 0 <= rows[rows.order > 1].days.min() <= rows.days.max() < 1  # each look ends on the day it began


@pytest.mark.slow
def test_nothing_else_is_drawn_otherwise(both: tuple[simlab.Run, simlab.Run]) -> None:
    """Everything that does not wait for an audit is the same to the last digit: people, tasks, labels, responses."""
    plain, deep = both
    rows = deep.comparisons
    said = plain.comparisons
    same(said[said.principal == "pool"], rows[rows.principal == "pool"])
    same(plain.candidates, deep.candidates)
    same(plain.employment, deep.employment[deep.employment.worker.str.startswith("pool:")])
    parties = {"users", "acme", "acme:published", "pool", "rm", "lm"}
    measured = deep.alignment[deep.alignment.a.isin(parties) & deep.alignment.b.isin(parties)]
    same(plain.alignment, measured)


def same(one: pd.DataFrame, two: pd.DataFrame) -> None:
    assert len(one) > 0
    skip = ["run", "time", "hired", "ended"]  # audits take time, and what waits for them comes later
    kept = [c for c in one.columns if c not in skip]
    pd.testing.assert_frame_equal(one[kept].reset_index(drop=True), two[kept].reset_index(drop=True), check_exact=True)


@pytest.mark.slow
def test_another_seed_is_another_run(both: tuple[simlab.Run, simlab.Run], tmp_path: Path) -> None:
    other = simlab.run(SHIPPED, out=tmp_path / "other", seed=2)
    with pytest.raises(AssertionError):
        same(both[0].comparisons, other.comparisons)
