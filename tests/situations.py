"""Situations and plugins for tests of effort, pay and review: everything plain, but for what a test says otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.components.effort import Effort, WorkSituation
from simlab.components.pay import HourlySpec
from simlab.components.review import Review
from simlab.plugins.registry import discover

PLUGINS = discover(local=False)
PLAIN: dict[str, Any] = {
    "wage": 20.0, "hours": 1.0, "cost": 1.0, "pairs": 1.0, "audited": 1.0, "quality": 1.0, "careless": 0.5,
    "gold_error": 0.0, "discount": 0.95, "separation": 0.05, "outside": 1.0,
}  # fmt: skip


def situation(people: int = 1, **said: Any) -> WorkSituation:
    """A situation of so many people; numbers count for all, arrays one by one."""
    pay, review = said.pop("pay", HourlySpec()), said.pop("review", None)
    columns = {name: np.array(np.broadcast_to(said.pop(name, value), people), float) for name, value in PLAIN.items()}
    assert not said
    return WorkSituation(**columns, pay=pay, review=review)


def effort(name: str, **parameters: Any) -> Effort:
    """A built-in effort plugin."""
    made = PLUGINS.get("effort", name)(**parameters)
    assert isinstance(made, Effort)
    return made


def review(name: str, **parameters: Any) -> Review:
    """A built-in review rule."""
    made = PLUGINS.get("review", name)(**parameters)
    assert isinstance(made, Review)
    return made
