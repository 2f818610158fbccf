"""Churn: users pay for the time since the last look; then some of the dissatisfied leave, and others come.

They pay the fee, and by every channel of theirs for how much they used the corporation meanwhile (`parties.demand`);
minutes of attention are paid for by advertisers.

They go to another corporation or do without; those who are not served at all are all dissatisfied. Source: Hirschman
1970, "Exit, Voice, and Loyalty".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import simlab
from simlab.consequences.corporations import collect_channels, corporation_of, pass_on, received, users_of


class Churn(simlab.Consequence):
    """Dissatisfied users leave."""

    name = "churn"
    principals = ("users",)
    agents = ("corporation",)

    _looked: float = 0.0  # day of the last look

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        users, firm = users_of(relation), corporation_of(relation)
        reception = received(judgement)
        if reception is not None:
            users.demand.hear(firm.name, reception.endorsed, reception.appeal)
        revenue = self._charge(relation)
        effects = []
        if reception is not None or firm.suspended:
            satisfied = np.zeros(len(users.intents))
            if reception is not None:
                satisfied = users.satisfaction(reception)
                users.market.hear(firm.name, satisfied)
            users.accrue(*users.market.firms)  # they may go to any
            leaving = users.market.depart(firm.name, satisfied, users.open())
            reason = "not served, by order" if firm.suspended else "dissatisfied with a response"
            effects.append(simlab.Effect("churn", firm.name, float(leaving), "users", reason))
        users.market.arrive(firm.name, self.context.now - self._looked, users.open())
        self._looked = self.context.now
        self._record(relation, judgement, revenue)
        return effects

    def settle(self, relation: simlab.Relation) -> Sequence[simlab.Effect]:
        """What is owed since the last look, and a row if anything has happened since."""
        revenue, market = self._charge(relation), users_of(relation).market
        if revenue or market.moved[market.place(relation.agent.name)].switched_in:
            self._record(relation, None, revenue)
        return []

    def _charge(self, relation: simlab.Relation) -> float:
        """The fee of everyone who has been a user since the last look, in $; what they bring beside it is collected."""
        users, firm = users_of(relation), corporation_of(relation)
        users.accrue(firm.name)
        fee = brought = users.market.collect(firm.name)
        if fee > 0:
            self.context.log.transfer(users.name, firm.name, fee, "subscriptions")
        if users.demand.channels:
            brought += collect_channels(self.context, users, firm.name)
        pass_on(self.context, firm, brought)
        return fee

    def _record(self, relation: simlab.Relation, judgement: simlab.Judgement | None, revenue: float) -> None:
        users, firm = users_of(relation), relation.agent.name
        asked = received(judgement) if judgement else None
        market, moved = users.market, users.market.report(firm)
        self.context.log.add(
            "market",
            about=firm,
            party=users.name,
            corporation=firm,
            users=market.count(firm),
            share=market.count(firm) / market.count() if market.count() else math.nan,
            satisfied=float(asked.satisfied.mean()) if asked else math.nan,
            complaints=sum(asked.complaints.values()) if asked else 0,
            arrived=moved.arrived,
            left=moved.left,
            switched_in=moved.switched_in,
            switched_out=moved.switched_out,
            price=float(market.prices[market.place(firm)]),
            revenue=revenue,
        )
