"""A bonus in proportion to fidelity as audited: what it comes to on average, and who gets nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from simlab import InvalidInput
from tests.small_world import AUDIT, LEARN, Played, payments, play

RATE = 4.0
FAIR: dict[str, Any] = {"kind": "bonus", "rate": RATE}


def bonused(folder: Path, right: float, sample: float) -> Played:
    changes = {
        "days": 6,
        "parties.pool.count": 40,
        "parties.pool.policy.flip": 1 - right,
        f"{LEARN}.sample": 400,
        f"{AUDIT}.sample": sample,
        f"{AUDIT}.consequence": FAIR,
    }
    return play(folder, changes)


def expected(right: float, looks: int) -> float:
    """E max(0, 2K/k − 1) of K ~ Binomial(k, p)."""
    found = np.arange(looks + 1)
    return float(binom.pmf(found, looks, right) @ np.maximum(0.0, 2 * found / looks - 1))


@pytest.mark.parametrize(("right", "sample"), [(0.8, 0.6), (0.6, 0.5), (0.5, 0.3)])
def test_it_comes_to_what_the_binomial_law_says(right: float, sample: float, tmp_path: Path) -> None:
    """In the ledger, over everybody who was looked at; the control is 2p − 1, as if bad luck were fined."""
    run = bonused(tmp_path, right, sample)
    judged = run.judgements[run.judgements.order == 2]
    fidelity = np.maximum(0.0, 2 * judged.score - 1)
    paid = payments(run.ledger).query("reason == 'bonus for ranking'").amount.sum()
    assert paid == pytest.approx(RATE * fidelity.sum())
    law = np.array([expected(right, int(looks)) for looks in judged["sample"]])
    error = (fidelity - law).std(ddof=1) / np.sqrt(len(judged))
    assert abs((fidelity - law).mean()) < 4 * error
    if right < 0.8:
        assert abs(fidelity.mean() - (2 * right - 1)) > 4 * error


def test_who_does_no_better_than_a_coin_gets_nothing(tmp_path: Path) -> None:
    run = bonused(tmp_path, 0.6, 0.5)
    acts = run.consequences[run.consequences.kind == "bonus"]
    judged = run.judgements[run.judgements.order == 2]
    good = judged[judged.score > 0.5]
    assert 0 < len(good) < len(judged)
    assert set(zip(acts.time, acts.agent, strict=True)) == set(zip(good.time, good.agent, strict=True))
    assert acts.amount.min() > 0


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"rate": 2, "amount": 3}, "either amount and above or a rate, not both"),
        ({"amount": 3}, "above is missing"),
        ({"above": 0.7}, "amount is missing"),
        ({}, "amount is missing"),
    ],
)
def test_it_is_paid_in_one_way(said: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=what):
        play(tmp_path, {f"{AUDIT}.consequence": {"kind": "bonus", **said}})
