"""A guideline that answers to incidents."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

import simlab


class RespondToIncidents(simlab.GuidelinePolicy):
    """After complaints and violations the violated criteria gain weight; with time it is as if nothing had been.

    The excess e of a criterion over its first weight follows e ← (1 − decay)·e + rise·|w|·p, where |w| is the norm
    of the guideline at first and p the criterion's share of the incidents since the last meeting. Incidents that
    keep coming in the same proportions lead to e = rise·|w|·p/decay; a single scandal is forgotten geometrically (the
    issue-attention cycle: Downs 1972, "Up and down with ecology", The Public Interest 28).
    """

    name = "respond_to_incidents"
    rise: float = Field(0.2, ge=0, le=100, description="weight gained at a meeting, in norms of the first guideline")
    decay: float = Field(0.25, gt=0, le=1, description="share of the excess that is lost between two meetings")
    least: int = Field(1, ge=1, le=1_000_000_000, description="incidents between two meetings it takes to react")

    def revise(self, situation: simlab.GuidelineReview) -> Mapping[str, float] | None:
        incidents = situation.history[-1].incidents if situation.history else {}
        total = sum(incidents.values())
        gain = self.rise * float(np.linalg.norm(list(situation.first.values()))) if total >= self.least else 0.0
        weights = {}
        for name in {**situation.first, **situation.weights, **incidents}:
            start = situation.first.get(name, 0.0)
            excess = situation.weights.get(name, 0.0) - start
            weights[name] = start + (1 - self.decay) * excess + gain * incidents.get(name, 0) / max(total, 1)
        return weights
