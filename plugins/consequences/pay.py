"""Wages: what people are owed for work since the last payday, by the pay scheme of their pool.

Source: own idea. An employer who gives no such consequence pays wages all the same, before anything else follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import simlab
from simlab.consequences.people import pool_of
from simlab.consequences.wages import payday


class Pay(simlab.Consequence):
    """People are paid for the hours they worked."""

    name = "pay"
    principals = ("corporation", "vendor")
    agents = ("raters", "auditors")
    pays = True

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        return self.settle(relation)

    def settle(self, relation: simlab.Relation) -> Sequence[simlab.Effect]:
        return payday(pool_of(relation))
