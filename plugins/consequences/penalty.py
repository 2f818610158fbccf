"""A penalty clause: a vendor whose labels are too often wrong pays back a share of their price.

Source: own idea, after liquidated damages in contracts of service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.corporations import vendor_of


class Penalty(simlab.Consequence):
    """A vendor whose labels agree too little with gold pays back some of its price."""

    name = "penalty"
    principals = ("corporation", "vendor")
    agents = ("vendor",)
    unforeseen = "penalties"
    example: ClassVar[dict[str, object]] = {"below": 0.8}

    below: float = Field(ge=0, le=1, description="agreement with gold below which the vendor pays")
    share: float = Field(0.1, ge=0, le=1, description="share of the price that is paid back")

    _paid: float = 0.0  # what the vendor had received from this principal when it was last looked at

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        vendor = vendor_of(relation).name
        received = sum(a for _, a, why in self.context.ledger.flows[vendor] if why == "labels delivered")
        price, self._paid = received - self._paid, received
        score = judgement.scores.get(vendor, 1.0)
        amount = price * self.share
        if not score < self.below or not amount:
            return []
        self.context.log.transfer(vendor, relation.principal.name, amount, "penalty")
        reason = f"agreement with gold {score:.3f}, below {self.below:g}"
        return [simlab.Effect("penalty", vendor, amount, "$", reason)]
