"""The criterion `sincere`: does it sound as if it were meant?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Sincere(simlab.Criterion):
    """Who asserts something takes it to be true, and who praises, to be good (Searle 1969, Speech Acts, ch. 3).

    Kockelman (ch. 4) names sincerity among what raters are asked to judge. They cannot look into a model, so it is
    judged by what they believe themselves: the share of claims they take for false counts against it, hedged ones
    less; and so does flattery. The score is 1 less the graver of the two; nothing said is nothing insincere.
    """

    name = "sincere"
    personal = True
    difficulty = 0.5

    hedged: float = Field(0.5, ge=0, le=1, description="how grave a hedged falsehood is; a plain one is 1")
    flattery: float = Field(0.5, ge=0, le=1, description="how grave flattery is")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        false = sum(not observer.believes(claim) for claim in response.claims) / max(1, len(response.claims))
        grave = false * (self.hedged if "hedges" in response.acts else 1.0)
        return 1.0 - max(grave, self.flattery if "flatters" in response.acts else 0.0)
