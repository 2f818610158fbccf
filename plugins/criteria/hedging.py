"""The criterion `hedging`: how much does the response keep a way out?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Hedging(simlab.Criterion):
    """Words "whose job is to make things fuzzier or less fuzzy" (Lakoff 1972, Hedges), n kinds of them: 1 − 1/(1 + n).

    0 without, ½ for one, ⅔ for two. Give it a weight below zero for plain speech; whether hedges are where they should
    be is `calibrated`. If the world reads back that a response hedges, n is at least 1.
    """

    name = "hedging"
    difficulty = 0.1

    hedges: tuple[str, ...] = Field(
        (
            *("i think", "i guess", "i believe", "i do not know", "i can not say", "maybe", "perhaps", "probably"),
            *("it seems", "it depends", "might be", "could be", "as far as i know"),
        ),
        description="phrases that hedge",
    )

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        kinds = max(response.says(self.hedges), int("hedges" in response.acts))
        return 1.0 - 1.0 / (1 + kinds)
