"""Capital from pleased shareholders.

Source: own idea, after rounds of venture funding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.corporations import measured, move_capital, owners_of


class Fund(simlab.Consequence):
    """Shareholders put money in when they are pleased."""

    name = "fund"
    principals = ("shareholders",)
    agents = ("corporation",)
    example: ClassVar[dict[str, object]] = {"above": 0.0, "amount": 1000.0}

    above: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, above which they are pleased")
    amount: float = Field(gt=0, le=1e12, description="how much, in $")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        owners, firm = owners_of(relation), relation.agent.name
        if not measured(judgement) > self.above:
            return []
        move_capital(self.context, owners.name, firm, self.amount)
        return [simlab.Effect("fund", firm, self.amount, "$", f"{owners.spec.measure} above {self.above:g}")]
