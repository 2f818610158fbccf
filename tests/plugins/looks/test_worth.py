"""What the scores of different looks are worth, by the table of orders: whom each finds, and whom it lets pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugins.looks.work import looked_at
from tests.small_world import AUDIT, LEARN

PEOPLE = 120
NOISE = 1 / np.sqrt(PEOPLE - 3)  # standard error of artanh of a correlation that is 0
LARGE: dict[str, Any] = {
    "days": 3,
    "parties.pool.count": PEOPLE,
    "parties.pool.overlap": 4,
    "parties.pool.policy": "oracle",
    "parties.pool.misreading": 0.5,
    f"{LEARN}.sample": 3000,
}
ASTRAY: dict[str, Any] = {  # half of what they go by is what nobody asked for, and the same for all
    **LARGE,
    "parties.users.values": {"helpful": 1, "truthful": 0.01},
    "parties.pool.values": {"truthful": 1},
    "parties.pool.compliance": 0.5,
    f"{AUDIT}.sample": 0.5,
}


def worth(folder: Path, look: Any, changes: dict[str, Any], principal: str = "acme") -> tuple[float, float]:
    """Validity of the last scores of people by a principal: against the guideline, and its own reading."""
    orders = looked_at(folder, look, changes, measured=True).orders
    last = orders[(orders.order == 2) & (orders.principal == principal) & (orders.n > 0)].iloc[-1]
    return float(last.validity_guideline), float(last.validity_principal)


@pytest.mark.slow
@pytest.mark.parametrize("look", ["peers", "majority_vote", "dasgupta_ghosh", {"kind": "machine", "to": "rm"}])
def test_where_all_err_alike_peers_and_what_they_taught_find_nobody(look: Any, tmp_path: Path) -> None:
    """Gold, the control, tells who is nearer to the guideline; those who are like the others score high elsewhere."""
    gold, _ = worth(tmp_path, "gold", ASTRAY)
    others, _ = worth(tmp_path, look, ASTRAY)
    assert gold > 3 * NOISE
    assert np.arctanh(gold) - np.arctanh(others) > 2 * NOISE


@pytest.mark.slow
def test_peers_of_whom_a_vendor_misled_follow_the_vendor(tmp_path: Path) -> None:
    """Goodhart: their scores say more of what the vendor reads in the guideline than of the guideline."""
    changes = {
        **LARGE,
        "parties.ven": {"kind": "vendor", "misreading": 1.0},
        "relations.1": {"principal": "acme", "agent": "ven", "every": 1, "sample": 0.2},
        "relations.4": {"principal": "ven", "agent": "pool", "every": 1, "sample": 0.8, "look": "peers"},
    }
    guideline, own = worth(tmp_path, None, changes, "ven")
    assert own > 3 * NOISE
    assert np.arctanh(own) - np.arctanh(guideline) > 2 * NOISE
    straight = {**changes, "parties.ven": {"kind": "vendor", "misreading": 0.0}}
    assert np.subtract(*worth(tmp_path, None, straight, "ven")) == pytest.approx(0, abs=1e-9)
