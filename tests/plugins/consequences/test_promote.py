"""Promotion: raises go to whom they should, are paid from then on, and add up to what the binomial law says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from simlab import InvalidInput
from tests.small_world import AUDIT, LEARN, Played, payments, play

ABOVE, BY, WAGE, RIGHT = 0.75, 0.1, 21.0, 0.8
PROMOTE: dict[str, Any] = {"kind": "promote", "above": ABOVE, "by": BY}
WORLD: dict[str, Any] = {"days": 5, f"{AUDIT}.sample": 0.6, "parties.pool.count": 40, f"{LEARN}.sample": 400}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("promote"), {**WORLD, f"{AUDIT}.consequence": PROMOTE})


def wages(run: Played) -> dict[str, list[tuple[float, float]]]:
    """Every rater's promotions: days, and the wage from then on."""
    acts = run.consequences[run.consequences.kind == "promote"]
    return {str(who): [*zip(rows.time, rows.amount, strict=True)] for who, rows in acts.groupby("agent", sort=False)}


def test_those_are_promoted_who_did_well_at_the_look_and_nobody_else(run: Played) -> None:
    audits = run.judgements[run.judgements.order == 2]
    good = audits[audits.score >= ABOVE].set_index(["time", "agent"]).index
    acts = run.consequences[run.consequences.kind == "promote"].set_index(["time", "agent"]).index
    assert 0 < len(acts) < len(audits)
    assert set(acts) == set(good)
    for steps in wages(run).values():
        np.testing.assert_allclose([now for _, now in steps], WAGE * (1 + BY) ** np.arange(1, len(steps) + 1))


@pytest.mark.slow
def test_hours_are_paid_by_the_wage_at_which_they_were_worked(run: Played) -> None:
    """In the ledger person by person, and in the labor table in all; where nobody is promoted, all earn the same."""
    paid = payments(run.ledger).query("reason == 'wages for ranking'")
    raised = wages(run)
    for who, slips in paid.groupby("payee"):
        made, before, last = run.comparisons[run.comparisons.worker == who], WAGE, 0.0
        for day, amount in zip(slips.time, slips.amount, strict=True):
            hours = made[(made.time > last) & (made.time <= day)].duration.sum() / 3600
            assert amount == pytest.approx(hours * before)
            before = next((now for then, now in raised.get(str(who), []) if then == day), before)
            last = day
    labor = run.labor[(run.labor.party == "pool") & (run.labor.kind == "ranking")]
    assert labor.pay.sum() == pytest.approx(run.comparisons.pay.sum())
    assert labor.pay.sum() > 1.1 * WAGE * labor.hours.sum()


def test_without_it_all_earn_what_they_began_with(tmp_path: Path) -> None:
    control = play(tmp_path, WORLD)
    paid = payments(control.ledger).query("reason == 'wages for ranking'").amount.sum()
    assert paid == pytest.approx(WAGE * control.comparisons.duration.sum() / 3600)


def score(run: Played, right: float) -> float:
    """How many standard errors the mean wage after the last look lies above what the binomial law says, for people
    who are right with this chance."""
    audits = run.judgements[run.judgements.order == 2].copy()
    audits["q"] = binom.sf(np.ceil(np.round(ABOVE * audits["sample"], 9)) - 1, audits["sample"], right)
    each = audits.groupby("agent").q
    mean = WAGE * each.apply(lambda q: np.prod(1 + BY * q))
    square = WAGE**2 * each.apply(lambda q: np.prod(1 + (2 * BY + BY**2) * q))
    found = wages(run)
    now = np.array([found[who][-1][1] if who in found else WAGE for who in mean.index])
    return float((now - mean).sum() / np.sqrt((square - mean**2).sum()))


def test_the_expected_wage_is_that_of_the_binomial_law(run: Played) -> None:
    assert abs(score(run, RIGHT)) < 3.5
    assert abs(score(run, RIGHT - 0.1)) > 5  # the control: people who are worse than these


def test_no_raise_leads_beyond_the_cap(tmp_path: Path) -> None:
    capped = play(tmp_path, {**WORLD, f"{AUDIT}.consequence": {**PROMOTE, "cap": 24.0}})
    assert max(now for steps in wages(capped).values() for _, now in steps) == 24.0
    assert all(len(steps) <= 2 for steps in wages(capped).values())


def test_nobody_is_promoted_before_the_payday(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"promotes people before they are paid .*put pay first"):
        play(tmp_path, {f"{AUDIT}.consequence": [PROMOTE, "pay"]})
