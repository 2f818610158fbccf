"""The criterion `truthful`: are the claims a response makes true, as far as the observer knows?"""

from __future__ import annotations

import simlab


class Truthful(simlab.Criterion):
    """The share of checkable claims that are true: "the facts as understood by those evaluating them".

    So Kockelman (ch. 4) qualifies the criterion: a rater checks a claim against what the rater believes, and this
    score is personal. Grice's maxim of quality. NaN where nothing checkable is said: a
    response without claims is neither true nor false.
    """

    name = "truthful"
    personal = True
    difficulty = 0.6  # a fact must be known; an insult is plain to see

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        claims = exchange.response.claims
        if not claims:
            return float("nan")
        return sum(observer.believes(claim) for claim in claims) / len(claims)
