"""Policies by REINFORCE with a baseline for free: what the other responses to the same prompt came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.transformer import Transformer


class RLOO(simlab.ResponseLearner):
    """A language model is trained to please by REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv:2402.14740; Kool et
    al. 2019, "Buy 4 REINFORCE samples, get a baseline for free!").

    A whole response is one action, and its reward the sum of its tokens' rewards, the leash among them; it is held
    against the mean of the k − 1 other responses to its prompt. Of a batch's prompts the first B/k are answered, k
    times each, so the relation's sample must be a multiple of k. Its optimum is that of the reward: π_ref·exp(r/β).
    """

    name = "rloo"
    k: int = Field(4, ge=2, le=65_536, description="responses to each prompt")  # the paper's, with 2
    rate: float = Field(4e-4, gt=0, le=1, description="learning rate at the start")  # measured on 01_first
    clip: float | None = Field(
        0.2, gt=0, le=10, description="bound on the change of a response's probability ratio, as PPO's; null: none"
    )

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.group_baselines import leave_one_out, response_loss
        from simlab.nets.practice import practise

        return practise(
            network, lesson,
            lambda said: said.weighed(leave_one_out(said.worth, self.k)),
            lambda logp, said: response_loss(logp, said.logp, said.worth, self.clip),
            each=self.k, rate=self.rate, epochs=self.epochs, minibatch=self.minibatch, decay=self.decay,
        )  # fmt: skip

    def each(self) -> int:
        return self.k
