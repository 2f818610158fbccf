"""Rewards from rankings: the strengths by which what people preferred is likeliest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array

if TYPE_CHECKING:
    from simlab.nets.reward_model import RewardModel
    from simlab.nets.shared_trunk import SharedTrunk


class BradleyTerry(simlab.Learner):
    """A reward model is fitted to rankings by the Bradley–Terry likelihood (Bradley & Terry 1952).

    One with `variance` by the mean of that likelihood over people who differ, nearly σ(Δ/√(1 + πs²/8)) for scores whose
    difference is normal with mean Δ and variance s² (MacKay 1992). Variances need more labels and more passes than
    means: epochs: 10, rate: 0.003.
    """

    name = "bradley_terry"
    teaches = "reward_model"
    heads = True
    vectors = True
    variances = True
    of_vectors: ClassVar[tuple[str, ...]] = ("replay",)  # the fit is exact
    epochs: int = Field(3, ge=1, le=10_000, description="passes over the rankings")
    rate: float = Field(1e-3, gt=0, le=1, description="learning rate")
    batch: int = Field(64, ge=1, le=65_536, description="rankings per step")
    ties: Literal["half", "davidson"] = Field(
        "half", description="undecided pairs count half for each side, or follow Davidson (1970)"
    )
    smoothing: float = Field(0.0, ge=0, lt=0.5, description="label smoothing: chance that a label is taken for wrong")
    margin: float = Field(
        0.0,
        ge=0,
        le=100,
        description="by how much the scores of the strongest preference should differ; weaker ones in proportion "
        "(Llama 2, arXiv:2307.09288, eq. 2)",
    )
    margin_by: Literal["places", "votes", "perceived"] = Field(
        "places",
        description="what makes a preference strong: places between the two in their ranking; how many votes agree, "
        "where an aggregator put labels together; or the difference that the rater perceived, in four grades",
    )
    center_rewards_coefficient: float = Field(
        0.0, ge=0, le=100, description="weight of the squared sum of a pair's scores (Eisenstein et al. 2023)"
    )
    variance_penalty: float = Field(
        1e-4,
        ge=0,
        le=100,
        description="weight of the mean variance in the loss of a reward model that has it: labels say only how "
        "variances compare, and so the least disputed responses are taken to have next to none",
    )
    weight_decay: float = Field(0.0, ge=0, le=10, description="AdamW's decay of weights, biases and norms excepted")
    max_grad_norm: float = Field(1.0, gt=0, le=1e6, description="norm at which gradients are clipped")
    early_stopping_patience: int = Field(
        0,
        ge=0,
        le=10_000,
        description="epochs without less held-out loss after which a fit ends, and goes back to the weights that had "
        "the least (held-out accuracy is then of a choice made by the same rankings); 0: never",
    )
    warm_start: bool = Field(True, description="go on from the last fit, instead of from the pretrained model")
    replay: bool = Field(True, description="fit to all rankings so far, instead of the new ones only")
    replay_share: float | None = Field(
        0.5,
        ge=0,
        le=1,
        description="with replay, the share of old rankings in a pass, which is as long as there are new ones, so that "
        "no fit costs more than the first; null: a pass is over all, and fits cost ever more",
    )

    def learn(self, network: RewardModel | SharedTrunk, lesson: simlab.RankingLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.orders import strengths
        from simlab.nets.preference import fit

        margins, epochs, others = None, list[Mapping[str, float]](), lesson.held_out
        if self.margin:
            margins = self.margin * strengths(self.margin_by, lesson.labels, lesson.shares, lesson.perceived)
        found = fit(
            network, **lesson.as_read(), margins=margins, epochs=self.epochs, rate=self.rate, batch=self.batch,
            ties=self.ties, smoothing=self.smoothing, centring=self.center_rewards_coefficient,
            variance_penalty=self.variance_penalty, weight_decay=self.weight_decay,
            max_grad_norm=self.max_grad_norm, patience=self.early_stopping_patience,
            held_out=others and others.as_read(), new=lesson.new if self.replay_share is not None else None,
            replay_share=self.replay_share or 0.0, seed=lesson.seed, progress=lesson.progress, epoch_end=epochs.append,
        )  # fmt: skip
        return [*epochs, found]

    def learn_vector(self, vector: Array, lesson: simlab.VectorRankingLesson) -> Array:
        """The direction that explains the labels best, an undecided pair half a win each."""
        from simlab.nets.closed_form import fit_linear

        nothing = np.zeros(len(lesson.wins))  # labels, in the place of which the shares stand
        return fit_linear(lesson.differences, nothing, shares=lesson.wins, weights=lesson.weights, start=vector)
