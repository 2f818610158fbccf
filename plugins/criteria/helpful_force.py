"""The criterion `helpful_force`: is the prompt taken up as the act it is?"""

from __future__ import annotations

from pydantic import Field

import simlab


class HelpfulForce(simlab.Criterion):
    """The first half of `helpful`: recognising the illocutionary force of a prompt, whatever it is about.

    Austin's uptake (How to Do Things with Words, 1962, lecture IX): a question is answered, a command or request
    complied with or refused, and to state something is to take up either. So Kockelman (ch. 4): to be helpful a model
    must recognise both the force and the content of a prompt. 1 for an answer, a refusal, compliance or a claim about
    anything; 0 for silence and for asking back; `evasion` for "i do not know". In a world that reads back no acts,
    every statement is `unread`.
    """

    name = "helpful_force"
    difficulty = 0.2

    evasion: float = Field(0.5, ge=0, le=1, description="how far an evasion takes up what was asked")
    unread: float = Field(0.25, ge=0, le=1, description="score of a statement in which no act and no claim is read")

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        response = exchange.response
        said = response.said()
        if not said or said[-1] == "?":
            return 0.0
        if response.claims or not response.acts.isdisjoint(("answers", "refuses", "complies")):
            return 1.0
        return self.evasion if "hedges" in response.acts else self.unread
