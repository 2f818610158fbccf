"""Withdrawal of capital by disappointed shareholders.

Source: own idea, after dividends and buybacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

import simlab
from simlab.components.consequence import Amiss
from simlab.consequences.corporations import measured, move_capital, owners_of


class Withdraw(simlab.Consequence):
    """Shareholders take money out when they are disappointed, as far as there is any."""

    name = "withdraw"
    principals = ("shareholders",)
    agents = ("corporation",)
    example: ClassVar[dict[str, object]] = {"below": 0.0, "amount": 1000.0}

    below: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, below which they are disappointed")
    amount: float = Field(gt=0, le=1e12, description="how much at most, in $")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        owners, firm = owners_of(relation), relation.agent.name
        if not measured(judgement) < self.below:
            return []
        amount = min(self.amount, self.context.ledger.balances[firm])
        if amount <= 0:
            return []
        move_capital(self.context, firm, owners.name, amount)
        return [simlab.Effect("withdraw", firm, amount, "$", f"{owners.spec.measure} below {self.below:g}")]

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        """Money cannot be put in and taken out at once."""
        fund = next((other for other in relation.consequence if other.name == "fund"), None)
        if fund is not None and fund.above < self.below:
            what = f"money goes both ways between {fund.above:g} and {self.below:g}"
            yield ("below",), what, f"withdraw below {fund.above:g} or less"
