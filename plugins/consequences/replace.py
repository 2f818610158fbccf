"""Replacement of those who set the guideline, by shareholders who have been disappointed for long enough.

The new ones have a policy of their own, or move the guideline toward what shareholders value. Source: own idea, after
Jensen & Meckling 1976, "Theory of the firm".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

import simlab
from simlab.components.consequence import Amiss
from simlab.consequences.corporations import corporation_of, measured, owners_of
from simlab.scenario.fields import NoGuidelinePolicyField


class Replace(simlab.Consequence):
    """Those who set the guideline are replaced when shareholders are disappointed."""

    name = "replace"
    principals = ("shareholders",)
    agents = ("corporation",)
    example: ClassVar[dict[str, object]] = {"below": 0.0}

    below: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, below which they are disappointed")
    after: int = Field(1, ge=1, le=1000, description="only after this many disappointments in a row")
    policy: NoGuidelinePolicyField = Field(
        None, description="how the new ones revise the guideline; default: they move it toward shareholders' values"
    )
    shift: float = Field(0.5, gt=0, le=1, description="how far they move it, as a share of the way, without a policy")

    _disappointed: int = 0  # looks in a row

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        owners, firm = owners_of(relation), corporation_of(relation)
        if not measured(judgement) < self.below:
            self._disappointed = 0
            return []
        self._disappointed += 1
        if self._disappointed < self.after:
            return []
        self._disappointed = 0
        firm.replace_setters(self.policy, owners.spec.values, self.shift)
        now = f"policy {self.policy.name}" if self.policy else f"nearer to what {owners.name} value"
        reason = f"{owners.spec.measure} below {self.below:g}; now {now}"
        return [simlab.Effect("replace", firm.name, float(firm.version), "version", reason)]

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        """Without a policy, there must be values to move the guideline toward."""
        if self.policy is None and not any(principal.values.values()):
            what = f"{relation.principal} have no values to move the guideline toward"
            yield (), what, f"give parties.{relation.principal}.values, or a policy"
