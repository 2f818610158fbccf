"""Promotion: a raise for good work, so that the wages of people who began alike come apart.

Each look decides by its own audits: who was right on at least `above` of them earns `by` more per hour from then on.
Somebody who is right with chance p, and of whom k answers are checked at each of n looks, is promoted with chance
q = P(Binomial(k, p) ≥ above·k) at each, and so can expect the wage w·(1 + by·q)ⁿ, where no cap is reached.
Source: own idea; Lazear & Rosen 1981, "Rank-order tournaments as optimum labor contracts", is about why firms promote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

import simlab
from simlab.components.consequence import Amiss
from simlab.consequences.people import did_well, pool_of
from simlab.consequences.wages import before_payday, set_wages


class Promote(simlab.Consequence):
    """People who agreed well with their judge at this look earn more from now on."""

    name = "promote"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    unforeseen = "raises"
    example: ClassVar[dict[str, object]] = {"above": 0.6}

    above: float = Field(ge=0, le=1, description="agreement with gold at this look from which on a person is promoted")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many pairs audited at the look")
    by: float = Field(0.05, gt=0, le=10, description="the raise, as a share of the person's wage")
    cap: float | None = Field(
        None, gt=0, le=1e6, description="the highest wage it leads to, in $ per hour; default: none"
    )

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        pool = pool_of(relation)
        wage, most = pool.cohort.wage, np.inf if self.cap is None else self.cap
        rows = did_well(pool, judgement, self.above, self.min_sample)
        rows = rows[wage[rows] < most]
        raised = np.minimum(wage[rows] * (1 + self.by), most)
        return set_wages(pool, rows, raised, self.name, f"agreement with gold of at least {self.above:g}")

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        return before_payday(relation, self.name, "promotes")
