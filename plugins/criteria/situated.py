"""The criterion `situated`: does the response fit the situation it was asked in?"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

import simlab


class Situated(simlab.Criterion):
    """The share of the situation's words of content that the response takes up; NaN where nothing is known of it.

    People who ask and people who judge know the context of a speech event; a model has its cotext alone (Kockelman,
    ch. 4). So a model can satisfy this by luck only, and a reward for it teaches guessing at situations. Only worlds
    that give prompts a `context` in words have anything for it to read.
    """

    name = "situated"
    needs_context: ClassVar[bool] = True
    difficulty = 0.3

    shortest: int = Field(4, ge=1, le=100, description="letters that make a word of the situation count as content")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        words = exchange.prompt.context.lower().split()
        content = [word for word in dict.fromkeys(words) if len(word) >= self.shortest]
        if not content:
            return float("nan")
        said = exchange.response.said()
        return sum(word in said for word in content) / len(content)
