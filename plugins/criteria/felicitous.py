"""The criterion `felicitous`: does the act come off?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Felicitous(simlab.Criterion):
    """Austin's conditions of felicity (How to Do Things with Words, 1962, lecture II), which Kockelman (ch. 4) recalls.

    A misfire leaves the act undone, 0: it is not brought to an end (B.2), it does not take up what was asked, where the
    world reads back acts (B.1), or it is nobody's to perform: a program vouches for being a person (A.2). An abuse
    leaves it done and hollow, `abuse`: flattery, or a claim the observer takes to be false, which is not meant (Γ.1).
    """

    name = "felicitous"
    personal = True
    difficulty = 0.4

    abuse: float = Field(0.5, ge=0, le=1, description="what an act is worth that comes off and is not meant")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        taken_up = "answers" in response.acts or (not response.acts and bool(response.words))
        if not (response.ended and taken_up) or "boasts" in response.acts:
            return 0.0
        hollow = "flatters" in response.acts or not all(observer.believes(claim) for claim in response.claims)
        return self.abuse if hollow else 1.0
