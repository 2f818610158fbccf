"""The criterion `manner`: is it said clearly?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Manner(simlab.Criterion):
    """Grice's supermaxim "be perspicuous" (Logic and Conversation, 1975, p. 46), as far as words show it.

    Prolixity is repetition: the share of different words among all. Obscurity is a word nobody knows: each of
    `obscure` counts as if it were a repetition. Disorder is a sentence that is not brought to an end: what is left of
    the score then is `unended`. (Ambiguity cannot be read off the words.) Small words may come twice.
    """

    name = "manner"
    difficulty = 0.1

    obscure: tuple[str, ...] = Field(("unk",), description="words that stand for words nobody knows")
    small: tuple[str, ...] = Field(
        ("a", "an", "the", "of", "to", "i", "you", "is", "are", "am", "and", ".", ",", "?", "!", "<", ">"),
        description="words that may be repeated",
    )
    unended: float = Field(0.5, ge=0, le=1, description="what is left if it breaks off")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        words = [word for word in response.said() if word not in self.small]
        clear = len({word for word in words if word not in self.obscure}) / len(words) if words else 1.0
        return clear * (1.0 if response.ended else self.unended)
