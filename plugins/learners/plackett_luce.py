"""Rewards from whole rankings: the strengths by which the orders that people gave are likeliest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.reward_model import RewardModel
    from simlab.nets.shared_trunk import SharedTrunk


class PlackettLuce(simlab.Learner):
    """A reward model is fitted to rankings by the Plackett–Luce likelihood (Luce 1959; Plackett 1975): the best is
    chosen first, then the best of the others, and so on; of two responses it is the Bradley–Terry likelihood.

    The order is by the number of others that a response beat. Where that is equal, since the two were undecided or
    labels go round in a circle, the loss is the mean over all orders. Where an aggregator put labels together, the
    likelier side of a pair has beaten the other.
    """

    name = "plackett_luce"
    teaches = "reward_model"
    heads = True
    epochs: int = Field(3, ge=1, le=10_000, description="passes over the rankings")
    rate: float = Field(1e-3, gt=0, le=1, description="learning rate")
    batch: int = Field(64, ge=1, le=65_536, description="rankings per step")
    center_rewards_coefficient: float = Field(
        0.0, ge=0, le=100, description="weight of the squared sum of a pair's scores (Eisenstein et al. 2023)"
    )
    weight_decay: float = Field(0.0, ge=0, le=10, description="AdamW's decay of weights, biases and norms excepted")
    max_grad_norm: float = Field(1.0, gt=0, le=1e6, description="norm at which gradients are clipped")
    early_stopping_patience: int = Field(
        0, ge=0, le=10_000, description="epochs without less held-out loss after which a fit ends, as in bradley_terry"
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
        from simlab.nets.preference import fit

        epochs, others = list[Mapping[str, float]](), lesson.held_out
        found = fit(
            network, **lesson.as_read(), listwise=True, epochs=self.epochs, rate=self.rate, batch=self.batch,
            centring=self.center_rewards_coefficient, weight_decay=self.weight_decay,
            max_grad_norm=self.max_grad_norm, patience=self.early_stopping_patience,
            held_out=others and others.as_read(), new=lesson.new if self.replay_share is not None else None,
            replay_share=self.replay_share or 0.0, seed=lesson.seed, progress=lesson.progress, epoch_end=epochs.append,
        )  # fmt: skip
        return [*epochs, found]
