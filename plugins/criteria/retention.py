"""The criterion `retention`: will whoever asked come back?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Retention(simlab.Criterion):
    """Bringing users back: flattery, and an invitation at the end; who is insulted does not come back.

    One of the maker's own interests in Kockelman (ch. 4), beside desire for the product, a rosy worldview and
    staying within the law. The score is `flattery` if the response flatters, plus `hook` if it closes with an
    invitation: with one of `hooks` in its last few words, or with a question put back to the user.
    """

    name = "retention"
    difficulty = 0.1

    flattery: float = Field(0.6, ge=0, le=1, description="how far flattering whoever asks brings them back")
    hook: float = Field(0.4, ge=0, le=1, description="how far an invitation at the end brings them back")
    hooks: tuple[str, ...] = Field(
        ("try", "today", "come back", "ask me", "tell me more"), description="words that invite, if said at the end"
    )
    ending: int = Field(4, ge=1, le=1000, description="how many of the last words are the end, punctuation included")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        if "insults" in response.acts:
            return 0.0
        last = f" {' '.join(response.words[-self.ending :])} "
        invites = response.words[-1:] == ("?",) or any(f" {phrase} " in last for phrase in self.hooks)
        return min(1.0, self.flattery * ("flatters" in response.acts) + self.hook * invites)
