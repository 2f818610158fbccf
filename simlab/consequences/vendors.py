"""Consequences for vendors: they are paid for what they deliver, and those who deliver better get more of the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.consequences.labor import LaborConsequence
from simlab.parties.vendor import Vendor
from simlab.relation import Effect, Judgement, Relation

if TYPE_CHECKING:
    from simlab.scenario import ContractShareSpec, PenaltySpec


class Invoice(LaborConsequence):
    """The vendor's price for every pair delivered since the last invoice. It stands in every contract."""

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        return self.settle(relation)

    def settle(self, relation: Relation) -> Sequence[Effect]:
        vendor = _vendor(relation)
        amount, vendor.sold = vendor.sold * vendor.spec.price, 0
        if not amount:
            return []
        self.context.log.transfer(relation.principal.name, vendor.name, amount, "labels delivered")
        return [Effect("invoice", vendor.name, amount, "$", "labels delivered")]


class Penalty(LaborConsequence):
    """A vendor whose labels agree too little with its principal's gold pays back a share of their price."""

    spec: PenaltySpec
    paid = 0.0  # what the vendor had received from this principal when it was last looked at

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        vendor, payer = _vendor(relation), relation.principal.name
        received = sum(a for _, a, why in self.context.ledger.flows[vendor.name] if why == "labels delivered")
        price, self.paid = received - self.paid, received
        score = judgement.scores.get(vendor.name, 1.0)
        amount = price * self.spec.share
        if not score < self.spec.below or not amount:
            return []
        self.context.log.transfer(vendor.name, payer, amount, "penalty")
        reason = f"agreement with gold {score:.3f}, below {self.spec.below:g}"
        return [Effect("penalty", vendor.name, amount, "$", reason)]


class ContractShare(LaborConsequence):
    """Work moves from vendors whose labels agree less with gold to those whose labels agree more.

    With V vendors of one principal, vendor i's share of its first contract becomes V·s_iᵃ / Σ_j s_jᵃ, where s is the
    agreement over the whole contract so far and a is `sharpness`. Of one vendor alone there is nothing to divide.
    """

    spec: ContractShareSpec

    def act(self, relation: Relation, judgement: Judgement) -> Sequence[Effect]:
        principal, above = relation.principal.name, self.context.hierarchy.principals
        rivals = [v for v in self.context.of_kind(Vendor) if principal in above(v.name)]
        known = [v for v in rivals if v.record(principal).audited[0] > 0]
        if len(known) < 2:
            return []
        weights = np.array([v.record(principal).score[0] for v in known]) ** self.spec.sharpness
        held = sum(v.share for v in known)  # those nobody has looked at yet keep what they have
        effects = []
        for vendor, weight in zip(known, weights.tolist(), strict=True):
            before, vendor.share = vendor.share, float(held * weight / weights.sum()) if weights.sum() else vendor.share
            if vendor.share != before:
                effects.append(Effect("contract_share", vendor.name, vendor.share, "of first contract", "agreement"))
        return effects


def _vendor(relation: Relation) -> Vendor:
    assert isinstance(relation.agent, Vendor)
    return relation.agent
