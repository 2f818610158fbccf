"""Training for people whose work was found wanting: they read the guideline more as their trainer does.

Whoever looked trains: a firm by its own reading; of a pool of auditors, one for each trainee, drawn from all who work
there. After k times a reader whose error was e₀ errs by λᵏ·e₀ + (1 − λᵏ)·t: t is the trainer's error, λ is `shrink`.

Source: Griffiths & Kalish 2007 ("Language evolution by iterated learning with Bayesian agents", Cognitive Science 31)
for the dynamics; annotation firms train before they let anybody go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.people import judged, pool_of, trainers
from simlab.consequences.wages import wages_in_training


class Retrain(simlab.Consequence):
    """People whose agreement with their judge is low are trained, to read it as their trainer does."""

    name = "retrain"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    unforeseen = "training"
    example: ClassVar[dict[str, object]] = {"below": 0.7}

    below: float = Field(ge=0, le=1, description="agreement with gold below which a person is trained")
    shrink: float = Field(0.5, ge=0, le=1, description="what is left of the way to the trainer's reading, as a share")
    hours: float = Field(2.0, ge=0, le=1000, description="time it takes, paid, off the next shifts, in hours")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many audited pairs")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        """Who was just judged, and whose record with this principal stands below `below`, is trained."""
        pool = pool_of(relation)
        rows, record = judged(pool, judgement), pool.record(relation.principal.name)
        rows = rows[(record.audited[rows] >= self.min_sample) & (record.score[rows] < self.below)]
        if not len(rows):
            return []
        pool.retrain(rows, trainers(relation, rows), self.shrink, self.hours)
        wages_in_training(pool, rows, self.hours)
        reason = f"agreement with gold below {self.below:g}"
        return [simlab.Effect("retrain", f"{pool.name}:{r}", self.hours, "hours", reason) for r in rows.tolist()]
