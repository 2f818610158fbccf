"""Demotion: lower pay for poor work, down to a floor, so that the wages of people who began alike come apart.

Each look decides by its own audits: who was right on fewer than `below` of them earns `by` less per hour from then on.
Somebody who is right with chance p, and of whom k answers are checked at each of n looks, is demoted with chance
q = P(Binomial(k, p) < below·k) at each, and so can expect the wage w·(1 − by·q)ⁿ, where no floor is reached.
Source: own idea, the mirror image of `promote`; Gibbons & Waldman 1999, "A theory of wage and promotion dynamics
inside firms", QJE 114, for why firms rarely do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

import simlab
from simlab.components.consequence import Amiss
from simlab.consequences.people import did_badly, pool_of
from simlab.consequences.wages import before_payday, set_wages


class Demote(simlab.Consequence):
    """People who agreed badly with their judge at this look earn less from now on."""

    name = "demote"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    example: ClassVar[dict[str, object]] = {"below": 0.6}

    below: float = Field(ge=0, le=1, description="agreement with gold at this look below which a person is demoted")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many pairs audited at the look")
    by: float = Field(0.05, gt=0, lt=1, description="the cut, as a share of the person's wage")
    floor: float = Field(0.0, ge=0, le=1e6, description="the lowest wage it leads to, in $ per hour")

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        pool = pool_of(relation)
        wage = pool.cohort.wage
        rows = did_badly(pool, judgement, self.below, self.min_sample)
        rows = rows[wage[rows] > self.floor]
        cut = np.maximum(wage[rows] * (1 - self.by), self.floor)
        return set_wages(pool, rows, cut, self.name, f"agreement with gold below {self.below:g}")

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        return before_payday(relation, self.name, "demotes")
