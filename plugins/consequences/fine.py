"""A fine for every violation of the law that was found, paid to whoever found it.

Source: Becker 1968, "Crime and Punishment: An Economic Approach".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.corporations import violations


class Fine(simlab.Consequence):
    """The corporation pays for every violation that was found."""

    name = "fine"
    principals = ("regulator",)
    agents = ("corporation",)
    example: ClassVar[dict[str, object]] = {"amount": 100.0}

    amount: float = Field(gt=0, le=1e12, description="fine, in $ per violation")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        found, firm = violations(judgement), relation.agent.name
        if not found:
            return []
        amount = found * self.amount
        self.context.log.transfer(firm, relation.principal.name, amount, "fines")
        return [simlab.Effect("fine", firm, amount, "$", f"{found} violations of the law")]
