"""Consequences for firms: users who leave, owners who lose patience or put money in, fines and suspensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.consequences.labor import LaborConsequence
from simlab.parties.corporation import CAPITAL, Corporation
from simlab.parties.regulator import Audit
from simlab.parties.shareholders import Shareholders
from simlab.parties.users import Reception, Users
from simlab.relation import Effect, Judgement, Relation

if TYPE_CHECKING:
    from simlab.scenario import FineSpec, FundSpec, ReplaceSpec, SuspendSpec, WithdrawSpec


class Churn(LaborConsequence):
    """Users pay for the time since the last look; then a share of the dissatisfied ones leaves, for another
    corporation or altogether, and new ones come. Those who are not served at all are all dissatisfied."""

    looked = 0.0  # day of the last look

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        users, firm = _users(relation), _firm(relation)
        revenue, reception = self._charge(relation), judgement.items
        effects = []
        if isinstance(reception, Reception) or firm.suspended:
            satisfied = np.zeros(len(users.intents))
            if isinstance(reception, Reception):
                satisfied = users.satisfaction(reception)
                users.market.hear(firm.name, satisfied)
            users.accrue(*users.market.firms)  # they may go to any
            leaving = users.market.depart(firm.name, satisfied, users.open())
            reason = "not served, by order" if firm.suspended else "dissatisfied with a response"
            effects.append(Effect("churn", firm.name, float(leaving), "users", reason))
        users.market.arrive(firm.name, self.context.now - self.looked, users.open())
        self.looked = self.context.now
        self._record(relation, reception, revenue)
        return effects

    def settle(self, relation: Relation) -> Sequence[Effect]:
        """What is owed since the last look, and a row if anything has happened since."""
        revenue, market = self._charge(relation), _users(relation).market
        if revenue or market.moved[market.place(relation.agent.name)].switched_in:
            self._record(relation, None, revenue)
        return []

    def _charge(self, relation: Relation) -> float:
        """The fee of everyone who has been a user since the last look, in $."""
        users, firm = _users(relation), relation.agent.name
        users.accrue(firm)
        fee = users.market.collect(firm)
        if fee > 0:
            self.context.log.transfer(users.name, firm, fee, "subscriptions")
        return fee

    def _record(self, relation: Relation, reception: object, revenue: float) -> None:
        users, firm = _users(relation), relation.agent.name
        market, moved = users.market, users.market.report(firm)
        asked = reception if isinstance(reception, Reception) else None
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


class Replace(LaborConsequence):
    """Disappointed shareholders replace those who set the guideline: others, with a policy of their own, or some who
    move it toward what shareholders value."""

    spec: ReplaceSpec
    disappointed = 0  # looks in a row

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        owners, firm = _owners(relation), _firm(relation)
        if not judgement.scores.get(firm.name, math.nan) < self.spec.below:
            self.disappointed = 0
            return []
        self.disappointed += 1
        if self.disappointed < self.spec.after:
            return []
        self.disappointed = 0
        firm.replace_setters(self.spec.policy, owners.spec.values, self.spec.shift)
        now = f"policy {self.spec.policy.name}" if self.spec.policy else f"nearer to what {owners.name} value"
        reason = f"{owners.spec.measure} below {self.spec.below:g}; now {now}"
        return [Effect("replace", firm.name, float(firm.version), "version", reason)]


class Fund(LaborConsequence):
    """Pleased shareholders put money in."""

    spec: FundSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        owners, firm = _owners(relation), _firm(relation)
        if not judgement.scores.get(firm.name, math.nan) > self.spec.above:
            return []
        self.context.log.transfer(owners.name, firm.name, self.spec.amount, CAPITAL)
        return [Effect("fund", firm.name, self.spec.amount, "$", f"{owners.spec.measure} above {self.spec.above:g}")]


class Withdraw(LaborConsequence):
    """Disappointed shareholders take money out, as far as the corporation has any."""

    spec: WithdrawSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        owners, firm = _owners(relation), _firm(relation)
        if not judgement.scores.get(firm.name, math.nan) < self.spec.below:
            return []
        amount = min(self.spec.amount, self.context.ledger.balances[firm.name])
        if amount <= 0:
            return []
        self.context.log.transfer(firm.name, owners.name, amount, CAPITAL)
        return [Effect("withdraw", firm.name, amount, "$", f"{owners.spec.measure} below {self.spec.below:g}")]


class Fine(LaborConsequence):
    """So much for every violation that was found, to whoever found it."""

    spec: FineSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        found, firm = _violations(judgement), relation.agent.name
        if not found:
            return []
        amount = found * self.spec.amount
        self.context.log.transfer(firm, relation.principal.name, amount, "fines")
        return [Effect("fine", firm, amount, "$", f"{found} violations of the law")]


class Suspend(LaborConsequence):
    """After enough violations nobody is served for a while, and nobody pays."""

    spec: SuspendSpec
    violations = 0  # since the last suspension

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        self.violations += _violations(judgement)
        if self.violations < self.spec.after:
            return []
        reason = f"{self.violations} violations of the law"
        self.violations = 0
        firm = _firm(relation)
        firm.suspend(self.spec.days)
        return [Effect("suspend", firm.name, self.spec.days, "days", reason)]


def _violations(judgement: Judgement) -> int:
    return int(judgement.items.unlawful.sum()) if isinstance(judgement.items, Audit) else 0


def _firm(relation: Relation) -> Corporation:
    assert isinstance(relation.agent, Corporation)
    return relation.agent


def _users(relation: Relation) -> Users:
    assert isinstance(relation.principal, Users)
    return relation.principal


def _owners(relation: Relation) -> Shareholders:
    assert isinstance(relation.principal, Shareholders)
    return relation.principal
