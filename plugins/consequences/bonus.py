"""A bonus for agreement: extra pay that rests on the audits of one look, as incentive contracts do.

Either a fixed `amount` from a threshold on, or `rate` times fidelity as audited, F̂ = max(0, 2Â − 1) with the agreement
Â found at the look: 1 for who is always right, 0 for a coin and worse, in the same unit as the fidelity in the table
`orders`. Of k answers looked at, each right with chance p, it is worth rate·Σ_j P(Binomial(k, p) = j)·max(0, 2j/k − 1)
on average: more than rate·(2p − 1), since what bad luck would take is not taken, and nearly that if k is large.
Source: Holmström 1979, "Moral hazard and observability"; Holmström & Milgrom 1987, "Aggregation and linearity in the
provision of intertemporal incentives", Econometrica 55, for pay that is linear in what is observed; annotation
platforms pay it per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

import simlab
from simlab.consequences.people import did_well, pool_of
from simlab.consequences.wages import extra


class Bonus(simlab.Consequence):
    """People who agreed well with their judge at this look are paid extra.

    What people may expect of their care (`effort`) does not reckon with it; who is to work for a bonus is paid one by
    the pool's own `pay`.
    """

    name = "bonus"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    unforeseen = "bonuses"
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "amount": ("rate",),
        "above": ("rate",),
        "rate": ("amount", "above"),
    }
    example: ClassVar[dict[str, object]] = {"amount": 5.0, "above": 0.6}

    amount: float | None = Field(None, gt=0, le=1e9, description="the bonus, in $ a person and look")
    above: float | None = Field(
        None, ge=0, le=1, description="agreement with gold at this look from which on it is paid"
    )
    rate: float | None = Field(
        None, gt=0, le=1e9, description="instead: $ a person and look for a fidelity of 1 as audited, in proportion"
    )
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many pairs audited at the look")

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        fix = "write {kind: bonus, amount: …, above: …}, or {kind: bonus, rate: …} in proportion to fidelity"
        if self.rate is not None and (self.amount is not None or self.above is not None):
            raise PydanticCustomError("scheme", "bonus takes either amount and above or a rate, not both", {"fix": fix})
        if self.rate is None and (self.amount is None or self.above is None):
            missing = "amount" if self.amount is None else "above"
            raise PydanticCustomError("scheme", f"{missing} is missing", {"fix": fix})
        return self

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        pool = pool_of(relation)
        if self.rate is None:
            rows = did_well(pool, judgement, self.above or 0.0, self.min_sample)
            amounts = np.full(len(rows), self.amount)
            reason = f"agreement with gold of at least {self.above:g}"
        else:
            rows = did_well(pool, judgement, 0.5, self.min_sample)
            fidelity = np.array([2 * judgement.scores[name] - 1 for name in pool.labels_of(rows).tolist()])
            rows, amounts = rows[fidelity > 0], self.rate * fidelity[fidelity > 0]
            reason = "fidelity as audited"
        if not extra(pool, rows, amounts, "bonus"):
            return []
        each = zip(rows.tolist(), amounts.tolist(), strict=True)
        return [simlab.Effect("bonus", f"{pool.name}:{row}", amount, "$", reason) for row, amount in each]
