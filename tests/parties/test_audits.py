"""A firm's audits against the tables: every label at what it is worth, and its staff paid for their hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.small_world import AUDIT, LEARN, payments, play


def test_undecided_labels_are_half_right_and_staff_is_paid(tmp_path: Path) -> None:
    """All labels are looked at, and gold never errs."""
    changes = {
        "parties.pool.policy": {"kind": "davidson", "temperature": 1.0, "nu": 1.0},
        "parties.acme.audit_wage": 30,
        "parties.acme.audit_seconds": 60,
        f"{AUDIT}.sample": 1.0,
        f"{LEARN}.sample": 400,
    }
    run = play(tmp_path, changes)
    rows = run.comparisons
    worth = np.where(rows.label == 0, 0.5, rows.label == rows.gold)
    assert (rows.label == 0).mean() > 0.1
    judged = run.judgements[run.judgements.order == 2]
    found = judged.set_index("agent").score
    for who, right in rows.assign(worth=worth).groupby("worker").worth.mean().items():
        assert found[who] == pytest.approx(right)
    labor = run.labor[(run.labor.party == "acme") & (run.labor.kind == "auditing")]
    assert labor.hours.sum() == pytest.approx(len(rows) * 60 / 3600)
    assert labor.pay.sum() == pytest.approx(30 * labor.hours.sum())
    assert payments(run.ledger).query("payee == 'acme staff'").amount.sum() == pytest.approx(labor.pay.sum())
