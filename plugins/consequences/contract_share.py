"""Competition among vendors: work moves to those whose labels agree more with gold.

With V vendors of one principal, vendor i's share of its first contract becomes V·s_iᵃ / Σ_j s_jᵃ, where s is the
agreement over the whole contract so far and a is `sharpness`. Of one vendor alone there is nothing to divide.
Source: own idea; the rule is Luce's (1959).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

import simlab
from simlab.consequences.corporations import rivals


class ContractShare(simlab.Consequence):
    """Vendors whose labels agree more with gold get more of the work."""

    name = "contract_share"
    principals = ("corporation", "vendor")
    agents = ("vendor",)

    sharpness: float = Field(2.0, ge=0, le=100, description="exponent of agreement in dividing the work; 0 is equally")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        principal = relation.principal.name
        known = [v for v in rivals(self.context, principal) if v.record(principal).audited[0] > 0]
        if len(known) < 2:
            return []
        weights = np.array([v.record(principal).score[0] for v in known]) ** self.sharpness
        held = sum(v.share for v in known)  # those nobody has looked at yet keep what they have
        effects = []
        for vendor, weight in zip(known, weights.tolist(), strict=True):
            before, vendor.share = vendor.share, float(held * weight / weights.sum()) if weights.sum() else vendor.share
            if vendor.share != before:
                effects.append(
                    simlab.Effect("contract_share", vendor.name, vendor.share, "of first contract", "agreement")
                )
        return effects
