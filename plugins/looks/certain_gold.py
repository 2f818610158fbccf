"""The look `certain_gold`: golden questions chosen where gold is certain, and where they look like ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement, both
from simlab.components.rater_view import UNSAID

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork, ForeseenAnswer


class CertainGold(simlab.Look):
    """Agreement with gold on those planted questions on which experts agree, neither too close to tell nor too easy.

    Each of `experts` writes gold by themselves, in `audit_seconds`, wrong with chance η = `gold_error`; a question
    counts if they all agree, and gold is then wrong with chance ηᵐ/(ηᵐ + (1 − η)ᵐ) (Bayes; Oleson et al. 2011,
    "Programmatic gold", HCOMP workshop, ask for gold that is unambiguous). Of the planted questions only those from the
    `lowest` to the `highest` quantile of the difference by the principal's standard are put to all experts; one look
    tells that of the others. Close ones are left out because gold is doubtful there, the easiest because they are
    unlike ordinary work (Le, Edmonds, Hester & Biewald 2010, "Ensuring quality in crowdsourced search relevance
    evaluation: the effects of training question distribution", SIGIR workshop). `detectable` is as for `gold`.
    """

    name = "certain_gold"
    principals = ("corporation", "vendor")
    opinions = 9
    planted = True
    held_against = "principal"
    experts: int = Field(3, ge=1, le=9, description="how many write gold for a question, by themselves")
    lowest: float = Field(0.5, ge=0, lt=1, description="quantile of the difference from which gold counts as certain")
    highest: float = Field(0.9, gt=0, le=1, description="quantile of the difference up to which it looks ordinary")
    detectable: float = Field(0.0, ge=0, le=1, description="chance that a person recognises a golden question")

    @model_validator(mode="after")
    def _in_order(self) -> Any:
        if not self.lowest < self.highest:
            raise ValueError(f"lowest ({self.lowest:g}) must be below highest ({self.highest:g})")
        return self

    def recognised(self) -> float:
        return self.detectable

    def foreseen(self) -> float:
        return 1 + (self.highest - self.lowest) * (self.experts - 1)

    def wanted(self, work: DeliveredWork) -> NDArray[np.int64]:
        """One opinion of each, and of those that may be certain all experts'."""
        size = np.abs(work.difference)
        if not len(size):
            return np.zeros(0, dtype=np.int64)
        low, high = np.quantile(size, [self.lowest, self.highest])
        return np.where((size >= low) & (size <= high), self.experts, 1)

    def expected(self, answer: ForeseenAnswer) -> Array:
        """Agreement with gold on which all experts agree."""
        good, bad = (1 - answer.wrong) ** self.experts, answer.wrong**self.experts
        return both(answer.right, good / (good + bad))

    def score(self, work: DeliveredWork) -> Array:
        asked = self.wanted(work)
        first, place = work.opinion[:, :1], np.arange(work.opinion.shape[1])[None, :]
        certain = ((work.opinion == first) | (place >= asked[:, None])).all(axis=1)
        chosen = certain & ((asked == self.experts) if self.experts > 1 else self._between(work))
        return agreement(work.said, np.where(chosen, first[:, 0], UNSAID))

    def _between(self, work: DeliveredWork) -> NDArray[np.bool_]:
        """Which are neither too close nor too easy [n], where one opinion is all there is."""
        size = np.abs(work.difference)
        low, high = np.quantile(size, [self.lowest, self.highest]) if len(size) else (0.0, 0.0)
        return np.asarray((size >= low) & (size <= high))
