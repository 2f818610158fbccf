"""Demotion: cuts go to whom they should, stop at the floor, and add up to what the binomial law says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from simlab import InvalidInput
from tests.small_world import AUDIT, LEARN, payments, play

BELOW, BY, WAGE, RIGHT = 0.75, 0.1, 21.0, 0.8
DEMOTE: dict[str, Any] = {"kind": "demote", "below": BELOW, "by": BY}
WORLD: dict[str, Any] = {"days": 5, f"{AUDIT}.sample": 0.6, "parties.pool.count": 40, f"{LEARN}.sample": 400}


def test_those_are_demoted_who_did_badly_at_the_look_and_nobody_else(tmp_path: Path) -> None:
    run = play(tmp_path, {**WORLD, f"{AUDIT}.consequence": DEMOTE})
    audits = run.judgements[run.judgements.order == 2]
    bad = audits[audits.score < BELOW].set_index(["time", "agent"]).index
    acts = run.consequences[run.consequences.kind == "demote"]
    assert 0 < len(acts) < len(audits)
    assert set(acts.set_index(["time", "agent"]).index) == set(bad)
    for _, rows in acts.groupby("agent", sort=False):
        np.testing.assert_allclose(rows.amount, WAGE * (1 - BY) ** np.arange(1, len(rows) + 1))
    slips = payments(run.ledger).query("reason == 'wages for ranking'")
    control = payments(play(tmp_path, WORLD).ledger).query("reason == 'wages for ranking'")
    assert slips.amount.sum() < control.amount.sum()


@pytest.mark.slow
@pytest.mark.parametrize("right", [0.7, 0.8, 0.9])
def test_wages_fall_as_the_binomial_law_says(tmp_path: Path, right: float) -> None:
    """Ten pairs of each are checked at every look: the chance of a cut is that of fewer than eight right."""
    changes = {
        **WORLD, "days": 4, "parties.pool.count": 200, f"{LEARN}.sample": 4000, f"{AUDIT}.sample": 1.0,
        "parties.pool.policy": {"kind": "mistaken", "flip": 1 - right}, f"{AUDIT}.consequence": DEMOTE,
    }  # fmt: skip
    run = play(tmp_path, changes)
    made = run.judgements[run.judgements.order == 2]
    chance = binom.cdf(np.ceil(BELOW * made["sample"]) - 1, made["sample"], right)
    cuts, sampling = (run.consequences.kind == "demote").sum(), 4 * np.sqrt((chance * (1 - chance)).sum())
    wrong = binom.cdf(np.ceil(BELOW * made["sample"]), made["sample"], right)  # as if `below` were "not above"
    assert abs(cuts - wrong.sum()) > sampling
    assert cuts == pytest.approx(chance.sum(), abs=sampling)


def test_no_wage_falls_below_the_floor(tmp_path: Path) -> None:
    run = play(tmp_path, {**WORLD, f"{AUDIT}.consequence": {**DEMOTE, "below": 1.0, "by": 0.5, "floor": 8.0}})
    acts = run.consequences[run.consequences.kind == "demote"]
    assert acts.amount.min() == 8.0
    assert acts.groupby("agent").size().max() == 2  # 10.5, 8, and no further


def test_pay_comes_first(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="put pay first"):
        play(tmp_path, {**WORLD, f"{AUDIT}.consequence": [DEMOTE, {"kind": "pay"}]})
