"""Rewards from rankings: the strengths by which what people preferred is likeliest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.nets.preference import RewardModel


class BradleyTerry(simlab.Learner):
    """A reward model is fitted to rankings by the Bradley–Terry likelihood (Bradley & Terry 1952)."""

    name = "bradley_terry"
    teaches = "reward_model"
    vectors = True
    of_vectors: ClassVar[tuple[str, ...]] = ("replay",)  # the fit is exact
    epochs: int = Field(3, ge=1, le=10_000, description="passes over the rankings")
    rate: float = Field(1e-3, gt=0, le=1, description="learning rate")
    batch: int = Field(64, ge=1, le=65_536, description="rankings per step")
    ties: Literal["half", "davidson"] = Field(
        "half", description="undecided pairs count half for each side, or follow Davidson (1970)"
    )
    smoothing: float = Field(0.0, ge=0, lt=0.5, description="label smoothing: chance that a label is taken for wrong")
    warm_start: bool = Field(True, description="go on from the last fit, instead of from the pretrained model")
    replay: bool = Field(True, description="fit to all rankings so far, instead of the new ones only")

    def learn(self, network: RewardModel, lesson: simlab.RankingLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.preference import fit

        found = fit(
            network, lesson.prompts, lesson.responses, lesson.labels, shares=lesson.shares,
            epochs=self.epochs, rate=self.rate, batch=self.batch, ties=self.ties, smoothing=self.smoothing,
            seed=lesson.seed, progress=lesson.progress,
        )  # fmt: skip
        return [found]

    def learn_vector(self, vector: Array, lesson: simlab.VectorRankingLesson) -> Array:
        """The direction that explains the labels best, an undecided pair half a win each."""
        from simlab.nets.closed_form import fit_linear

        nothing = np.zeros(len(lesson.wins))  # labels, in the place of which the shares stand
        return fit_linear(lesson.differences, nothing, shares=lesson.wins, weights=lesson.weights, start=vector)
