"""Shareholders: they see the ledger of a corporation, and give or take capital."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.arrays import Array
from simlab.engine.context import LiveParty
from simlab.relation import Judgement, Relation, Standard, Work
from simlab.rng import normals

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import ShareholdersSpec


YEAR = 365.0  # days


@dataclass(slots=True)
class FinancialStatement:
    """A corporation's ledger since its shareholders last looked: money in and out ($), capital left aside."""

    begun: float
    ended: float
    revenue: float
    cost: float


class Shareholders(LiveParty):
    """Those who own a corporation. Their judgement is a number they read off its ledger; what they would have of a
    response, if anything, are their `values`."""

    def __init__(self, context: Context, name: str, spec: ShareholdersSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.vector = context.game.value(spec.values)
        self._earned: dict[str, float] = {}  # revenue per day, of the quarter before, by corporation

    def standard(self) -> Standard:
        return Standard(self.name, 1, self.vector, self.vector, float(np.linalg.norm(self.vector)))

    def utility(self, panel: Panel) -> Array:
        return panel.features @ self.vector

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        raise NotImplementedError("shareholders answer to nobody")
        yield

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """The quarter's return, growth or value, as they understand it."""
        yield from ()
        quarter: FinancialStatement = work.items
        agent = relation.agent.name
        key = self.context.rng.key(self.name, "valuation", agent)
        score = self._measured(agent, quarter) + self.spec.error * float(normals(key, relation.looks))
        return Judgement(
            agent=agent,
            items=quarter,
            size=work.size,
            principal=self.name,
            order=relation.order,
            scores={agent: score},
            samples={agent: 1},
        )

    def _measured(self, firm: str, quarter: FinancialStatement) -> float:
        """What they look at. Without any cost there is no return, and without a quarter before no growth: NaN.

        The value is that of this quarter's profit every year forever, profit per year over the interest.
        """
        days = quarter.ended - quarter.begun
        earned, before = quarter.revenue / days, self._earned.get(firm, 0.0)
        self._earned[firm] = earned
        profit = quarter.revenue - quarter.cost
        if self.spec.measure == "valuation":
            return profit / days * YEAR / self.spec.discount
        if self.spec.measure == "growth":
            return earned / before - 1 if before > 0 else float("nan")
        return profit / quarter.cost if quarter.cost > 0 else float("nan")
