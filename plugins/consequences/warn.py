"""A warning: it costs nothing and changes nothing, but dismissal may wait for some of them.

Source: own idea, after progressive discipline in labor law.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.people import judged, pool_of


class Warn(simlab.Consequence):
    """People whose agreement with their judge is low are warned."""

    name = "warn"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    example: ClassVar[dict[str, object]] = {"below": 0.6}

    below: float = Field(ge=0, le=1, description="agreement with gold below which a rater is warned")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        """Who was just judged, and whose whole record with this principal stands below `below`, is warned."""
        pool = pool_of(relation)
        rows, score = judged(pool, judgement), pool.record(relation.principal.name).score
        rows = rows[score[rows] < self.below]
        pool.cohort.warnings[rows] += 1
        reason = f"agreement with gold below {self.below:g}"
        return [simlab.Effect("warn", f"{pool.name}:{r}", float(score[r]), "agreement", reason) for r in rows.tolist()]
