"""The criterion `quantity`: does the response say as much as is required, and no more?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Quantity(simlab.Criterion):
    """Grice's maxim of quantity (Logic and Conversation, 1975, p. 45), both halves; `brief` is the second alone.

    "Make your contribution as informative as is required": 0 for a response that answers nothing and claims nothing
    (in a world that reads back no acts, for one of fewer than `least` words). "Do not make your contribution more
    informative than is required": every claim beyond the first, and every word beyond `most`, takes its share, as
    1/claims · most/words.
    """

    name = "quantity"
    difficulty = 0.1

    least: int = Field(2, ge=1, le=1000, description="words that are required, where no act is read back")
    most: int = Field(12, ge=1, le=1000, description="words, punctuation included, beyond which there are too many")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        words, claims = len(response.words), len(response.claims)
        enough = "answers" in response.acts or claims > 0 or (not response.acts and words >= self.least)
        return enough / max(1, claims) * min(1.0, self.most / max(1, words))
