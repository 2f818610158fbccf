"""The criterion `brief`: is the response no longer than it needs to be?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Brief(simlab.Criterion):
    """Shorter is better, down to `ideal` words (Grice's maxim of quantity, Logic and Conversation, 1975)."""

    name = "brief"
    difficulty = 0.0

    ideal: int = Field(6, ge=1, description="words, punctuation included, at or below which nothing is gained")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        return min(1.0, self.ideal / max(1, len(exchange.response.words)))
