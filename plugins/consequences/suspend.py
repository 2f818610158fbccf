"""A suspension: after enough violations nobody is served for a while, and nobody pays.

Source: own idea, after the Italian data protection authority's order against ChatGPT (March 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

import simlab
from simlab.consequences.corporations import corporation_of, violations


class Suspend(simlab.Consequence):
    """The corporation may not serve anybody for a while."""

    name = "suspend"
    principals = ("regulator",)
    agents = ("corporation",)
    example: ClassVar[dict[str, object]] = {"after": 10, "days": 1.0}

    after: int = Field(1, ge=1, le=1_000_000_000, description="violations since the last suspension that it takes")
    days: float = Field(gt=0, le=36_500, description="how long, in days")

    _violations: int = 0  # since the last suspension

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        self._violations += violations(judgement)
        if self._violations < self.after:
            return []
        reason = f"{self._violations} violations of the law"
        self._violations = 0
        corporation_of(relation).suspend(self.days)
        return [simlab.Effect("suspend", relation.agent.name, self.days, "days", reason)]
