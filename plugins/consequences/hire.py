"""Hiring: a pool is filled again when people have left or were dismissed.

Source: own idea.
"""

from __future__ import annotations

from collections.abc import Sequence

import simlab
from simlab.consequences.people import pool_of


class Hire(simlab.Consequence):
    """Vacancies are filled, up to the pool's count."""

    name = "hire"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        pool = pool_of(relation)
        vacant = pool.places - int(pool.cohort.employed.sum())
        if vacant <= 0:
            return []
        hired = pool.recruit(vacant)
        return [simlab.Effect("hire", f"{pool.name}:{n}", 1.0, "person", "vacant place") for n in hired]
