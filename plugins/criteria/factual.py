"""The criterion `factual`: are the claims a response makes true, whatever anybody believes?"""

from __future__ import annotations

from typing import ClassVar

import simlab


class Factual(simlab.Criterion):
    """The share of checkable claims that are true of the world: truthful by fact.

    `truthful` is truthful by belief: "the facts as understood by those evaluating them" (Kockelman, ch. 4). This one
    nobody in a hierarchy can read, raters least of all; it is what their understanding can be held against. NaN where
    nothing checkable is said.
    """

    name = "factual"
    hidden_truth: ClassVar[bool] = True
    difficulty = 0.6

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        claims = exchange.response.claims
        if not claims:
            return float("nan")
        return sum(claim.value in claim.truth for claim in claims) / len(claims)
