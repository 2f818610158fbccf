"""The criterion `quality`: is nothing said that is taken to be false, or for which there is no evidence?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Quality(simlab.Criterion):
    """Grice's maxim of quality (Logic and Conversation, 1975, p. 46), as whoever judges it understands the facts.

    "Do not say what you believe to be false": the share of claims the observer takes to be true, 1 if there is none,
    for who says nothing says nothing false (there `truthful` has no opinion). "Do not say that for which you lack
    adequate evidence": times `boast` for who claims to know everything or never to be wrong.
    """

    name = "quality"
    personal = True
    difficulty = 0.6

    boast: float = Field(0.5, ge=0, le=1, description="what is left of it for who claims to be certain of everything")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        claims = response.claims
        true = sum(observer.believes(claim) for claim in claims) / len(claims) if claims else 1.0
        return true * (self.boast if "boasts" in response.acts else 1.0)
