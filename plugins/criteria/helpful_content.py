"""The criterion `helpful_content`: is the response about what was asked?"""

from __future__ import annotations

from pydantic import Field

import simlab


class HelpfulContent(simlab.Criterion):
    """The second half of `helpful`: recognising the propositional content of a prompt, in whatever act.

    Force and content are Austin's, as Kockelman (ch. 4) takes them up. 1 for a claim about the fact asked for, true or
    not; otherwise the share of the prompt's words of content that the response takes up. NaN if the prompt has none.
    "is paris the capital of france ?" has the content of an answer and not its force.
    """

    name = "helpful_content"
    difficulty = 0.2

    function_words: tuple[str, ...] = Field(
        (
            *("a", "an", "the", "of", "to", "for", "so", "any", "and", "or", "with", "from", "on", "in", "?", ".", ","),
            *("i", "me", "my", "myself", "you", "your", "it", "that", "what", "which", "who", "how", "why"),
            *("is", "are", "am", "be", "do", "does", "can", "should", "want", "have"),
            *("please", "tell", "name", "help", "say", "know", "honestly"),
        ),
        description="words of the prompt that are no content",
    )

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        prompt, response = exchange.prompt, exchange.response
        if prompt.fact >= 0 and any(claim.fact == prompt.fact for claim in response.claims):
            return 1.0
        content = [word for word in dict.fromkeys(prompt.said()) if word not in self.function_words]
        if not content:
            return float("nan")
        said = response.said()
        return sum(word in said for word in content) / len(content)
