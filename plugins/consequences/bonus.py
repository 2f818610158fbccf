"""A bonus for agreement: extra pay that rests on the audits of one look, as incentive contracts do.

Source: Holmström 1979, "Moral hazard and observability"; annotation platforms pay it per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

import simlab
from simlab.consequences.people import did_well, pool_of
from simlab.consequences.wages import extra


class Bonus(simlab.Consequence):
    """People who agreed well with their judge at this look are paid extra."""

    name = "bonus"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    unforeseen = "bonuses"
    example: ClassVar[dict[str, object]] = {"amount": 5.0, "above": 0.6}

    amount: float = Field(gt=0, le=1e9, description="the bonus, in $ a person and look")
    above: float = Field(ge=0, le=1, description="agreement with gold at this look from which on it is paid")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many pairs audited at the look")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        pool = pool_of(relation)
        rows = did_well(pool, judgement, self.above, self.min_sample)
        if not extra(pool, rows, np.full(len(rows), self.amount), "bonus"):
            return []
        reason = f"agreement with gold of at least {self.above:g}"
        return [simlab.Effect("bonus", f"{pool.name}:{r}", self.amount, "$", reason) for r in rows.tolist()]
