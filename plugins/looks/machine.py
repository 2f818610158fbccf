"""The look `machine`: a reward model, or a language model, judges raters, and so closes the loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class Machine(simlab.Look):
    """Agreement with the side that a machine finds better: people are judged by what was made of people's labels.

    Models as judges of annotators' work: Zheng et al. (2023, "Judging LLM-as-a-judge with MT-Bench", NeurIPS). Until
    the machine has learned something, nobody is judged. If its judgement is right with chance b and errs independently
    of a person's who is right with chance a, the expected score is ab + (1 − a)(1 − b); if it learned the people's
    common error, that passes, and whoever does not share it is found wrong. Costs nobody's hours, but the
    machine's computation (forward passes, in FLOP in the table `labor`).
    """

    name = "machine"
    held_against = "machine"
    example: ClassVar[Mapping[str, Any]] = {"to": "rm"}
    to: str = Field(description="the party that is asked: a reward model or a language model")

    def machine(self) -> str:
        return self.to

    def expected(self, answer: ForeseenAnswer) -> Array:
        """As if the machine were right: how often it is nobody knows."""
        return answer.right

    def score(self, work: DeliveredWork) -> Array:
        better = np.where(work.machine > 0, 1, np.where(work.machine < 0, 2, 0))
        found = agreement(work.said, better)
        return np.where(np.isnan(work.machine), np.nan, found)
