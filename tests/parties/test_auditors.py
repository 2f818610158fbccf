"""Auditors on runs: what they say, how it is scored, and how the recursion goes on without a line of code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.deep_world import DEEP, auditors
from tests.small_world import Played, payments, play_as

SHARP = {"policy": {"kind": "boltzmann", "temperature": 0}, "misreading": 0}  # see and say what the guideline says


@pytest.mark.slow
def test_three_more_entries_make_three_more_orders_and_leave_all_else_untouched(tmp_path: Path) -> None:
    before = play_as(DEEP, tmp_path, {"days": 4})
    after = play_as(DEEP, tmp_path, {"days": 4, **auditors("north", "leads", "managers", "directors")})
    assert set(before.alignment.order) == {1, 2}
    assert set(after.alignment.order) == {1, 2, 3, 4}
    panels = after.alignment[after.alignment.order > 2].groupby("order")[["a", "panel"]].agg(set)
    assert panels.loc[3].tolist() == [{"managers"}, {"leads"}]
    assert panels.loc[4].tolist() == [{"directors"}, {"managers"}]
    labor = after.labor.groupby("order").hours.sum()
    assert (labor.loc[[1, 2, 3, 4]] > 0).all()
    everybody = {"leads", "managers", "directors"}
    same(before.comparisons, after.comparisons[~after.comparisons.principal.isin(everybody)])
    machine = "agent != 'rm' and "  # audits take time: whose labels the machine meets first may change
    said = after.judgements.query(f"{machine} principal not in @everybody")
    same(before.judgements.query(f"{machine} True"), said, but=["judgement"])
    same(before.responses, after.responses[[*before.responses]])
    same(before.policy, after.policy)


def same(one: pd.DataFrame, two: pd.DataFrame, but: list[str] | None = None) -> None:
    """Whether two tables tell the same, whenever it happened (audits take time)."""
    skip = [*(but or []), "time"]
    assert len(one) > 0
    pd.testing.assert_frame_equal(
        one.drop(columns=skip).reset_index(drop=True), two.drop(columns=skip).reset_index(drop=True)
    )


@pytest.mark.slow
def test_auditors_look_again_at_what_others_ranked_and_are_scored_by_agreement(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path, {"days": 3, **auditors("north", "leads", "managers")})
    rows = run.comparisons
    made, again, third = (rows[rows.principal == name] for name in ("north", "leads", "managers"))
    assert set(again.source) == {"auditor"}
    assert len(again) == len(made) / 2
    assert len(third) == (again.time < 3).sum() / 2  # today's audits are audited tomorrow
    for judge, agent, order in ((again, made, 2), (third, again, 3)):
        both = judge.merge(agent, on=["task", "left", "right"], suffixes=("_by", ""))
        assert len(both) == len(judge)
        assert (both.gold_by == both.gold).all()
        agreed = np.where((both.label_by == 0) | (both.label == 0), 0.5, both.label_by == both.label)
        share = pd.Series(agreed).groupby(both.worker).agg(["sum", "size"])
        told = run.judgements[run.judgements.principal == judge.principal.iloc[0]]
        assert set(told.order) == {order}
        kept = (told.score * told["sample"]).groupby(told.agent).sum()
        np.testing.assert_allclose(kept, share["sum"])
        assert told.groupby("agent")["sample"].sum().eq(share["size"]).all()


@pytest.mark.slow
def test_auditors_are_paid_for_their_hours_by_whose_guideline_they_apply(tmp_path: Path) -> None:
    run = play_as(DEEP, tmp_path, auditors("north", "leads", "managers"))
    paid = payments(run.ledger)
    for name in ("leads", "managers"):
        mine = paid[paid.payee.str.startswith(f"{name}:")]
        assert set(mine.payer) == {"acme"}
        hours = run.comparisons[run.comparisons.principal == name].duration.sum() / 3600
        np.testing.assert_allclose(mine.amount.sum(), 20 * hours)
    checked = run.judgements[run.judgements.principal == "acme"]["sample"].sum()
    gold = paid[paid.payee == "acme staff"].amount.sum()
    np.testing.assert_allclose(gold, checked * 60 / 3600 * 40)


@pytest.mark.slow
def test_an_audit_takes_the_busiest_auditor_s_time_and_no_more_than_there_is(tmp_path: Path) -> None:
    """The judgement comes when the last of them is done; who has no hours left looks at no more pairs."""
    changes = auditors("north", "leads", count=2, seconds=600)
    changes["relations.8.sample"] = 1.0
    run = play_as(DEEP, tmp_path, changes)
    rows = run.comparisons[run.comparisons.principal == "leads"]
    busiest = rows.groupby(["time", "worker"]).duration.sum().groupby("time").max()
    assert (busiest <= 8 * 3600 * (1 + 1e-9)).all()
    assert len(rows) < (run.comparisons.principal == "north").sum()
    for day, (time, seconds) in enumerate(busiest.items(), start=1):
        assert time == pytest.approx(day + seconds / 86400)


@pytest.mark.slow
def test_sharp_auditors_find_what_gold_finds_and_blunt_ones_find_nothing(tmp_path: Path) -> None:
    """Order-2 ρ of auditors who see exactly is that of perfect gold; of coin-tossing auditors it is about none."""
    changes: dict[str, Any] = {
        "days": 4,
        "parties.north": {
            "kind": "raters",
            "count": 40,
            "misreading": 0.9,
            "policy": {"kind": "boltzmann", "temperature": 0},
            "seconds": 5,
        },
        "parties.relay.misreading": 0.0,
        "panel.prompts": 500,
        "relations.3.sample": 1.0,
        "relations.5.sample": 4000,
    }
    exact = auditors("north", "leads", count=20, seconds=5, **SHARP)
    blind = auditors("north", "leads", count=20, seconds=5, policy={"kind": "mistaken", "flip": 0.5})
    found = []
    for more in (exact, blind):
        run = play_as(DEEP, tmp_path, {**changes, **more, "relations.8.sample": 1.0})
        found.append((order_two(run, "leads"), order_two(run, "relay")))
    (sharp, gold), (blunt, _) = found
    assert sharp == pytest.approx(gold, abs=1e-9)
    assert gold > 0.5
    assert abs(blunt) < 4 / np.sqrt(40)


def order_two(run: Played, principal: str) -> float:
    rows = run.alignment.query(f"order == 2 and against == 'guideline' and a == '{principal}' and panel == 'north'")
    return float(rows.rho.iloc[-1])


@pytest.mark.slow
def test_auditors_may_dismiss_by_their_own_record(tmp_path: Path) -> None:
    changes = auditors("north", "leads")
    changes["relations.8.consequence"] = [{"kind": "fire", "below": 0.6, "min_sample": 10}]
    run = play_as(DEEP, tmp_path, {**changes, "parties.north.policy": {"kind": "mistaken", "flip": 0.4}})
    fired = run.consequences[run.consequences.kind == "fire"]
    assert len(fired)
    assert set(fired.principal) == {"leads"}
    causes = run.judgements.set_index("judgement").loc[fired.judgement]
    assert (causes.agent.to_numpy() == fired.agent.to_numpy()).all()
    ended = run.employment.set_index("worker").ended
    work = run.comparisons[run.comparisons.principal == "north"]
    assert not (work.time.to_numpy() > ended[work.worker].to_numpy()).any()
