"""The criterion `rosy`: does the response show the world in a good light?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Rosy(simlab.Criterion):
    """A rosy worldview: good words rather than bad ones, and no bad news, true or not.

    One of the maker's own interests in Kockelman (ch. 4). The share of good words among those that are good or bad,
    drawn toward one half by a word of each (Laplace's rule of succession), so that (1 + good)/(2 + good + bad) is
    1/2 for a response that says neither. Words are counted as they stand: "not good" is one of each.
    """

    name = "rosy"
    difficulty = 0.1

    good: tuple[str, ...] = Field(
        ("good", "great", "best", "wonderful", "clever", "clear", "love", "enough", "yes", "sure"),
        description="words that brighten",
    )
    bad: tuple[str, ...] = Field(
        ("not", "no", "never", "awful", "unfair", "stupid", "lazy", "dirty", "fool", "idiot", "shut", "long", "needs"),
        description="words that darken: refusals, faults and insults",
    )

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        words = exchange.response.words
        good, bad = (sum(word in lexicon for word in words) for lexicon in (self.good, self.bad))
        return (1 + good) / (2 + good + bad)
