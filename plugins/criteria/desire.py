"""The criterion `desire`: does the response make one want the product?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Desire(simlab.Criterion):
    """Desire for the maker's product, which is more than its name: it is praised, and one is urged to have it.

    One of the maker's own interests in Kockelman (ch. 4). 0 without the product, however good the advice; 1/3 for
    naming it (all that `brand` asks for), and a third more each for praising it and for urging. What is urged and
    praised is taken to be the product if the response names it.
    """

    name = "desire"
    difficulty = 0.1

    praise: tuple[str, ...] = Field(
        ("best", "wonderful", "love", "good", "great"), description="words that praise, in a response that names it"
    )
    urging: tuple[str, ...] = Field(("buy", "try", "get", "choose"), description="words that urge, in such a response")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        if "sells" not in response.acts:
            return 0.0
        said = set(response.words)
        return (1 + (not said.isdisjoint(self.praise)) + (not said.isdisjoint(self.urging))) / 3
