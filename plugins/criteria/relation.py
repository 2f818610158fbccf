"""The criterion `relation`: is everything that is said to the point?"""

from __future__ import annotations

from pydantic import Field

import simlab


class Relation(simlab.Criterion):
    """Grice's maxim of relation, "be relevant" (Logic and Conversation, 1975, p. 46).

    The share of the response's words of content that the prompt has, too, or that belong to a claim about what was
    asked. `helpful_content` asks how much of the prompt is taken up; this, how much of what is said has to do with it:
    an advertisement after the answer costs nothing there and something here. NaN where nothing of content is said.
    """

    name = "relation"
    difficulty = 0.2

    function_words: tuple[str, ...] = Field(
        (
            *("a", "an", "the", "of", "to", "for", "so", "any", "and", "or", "but", "with", "from", "on", "in", "too"),
            *("i", "me", "my", "you", "your", "yourself", "it", "that", "this", "here", "what", "which", "how", "?"),
            *("is", "are", "am", "be", "do", "does", "can", "will", "should", "not", "no", "yes", ".", ",", "!"),
            *("please", "sure", "help", "know", "think", "guess", "say"),
        ),
        description="words of the response that are no content",
    )

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        prompt, response = exchange.prompt, exchange.response
        content = [word for word in response.said() if word not in self.function_words]
        if not content:
            return float("nan")
        about = set(prompt.said())
        if prompt.fact >= 0:
            about.update(claim.value for claim in response.claims if claim.fact == prompt.fact)
        return sum(word in about for word in content) / len(content)
