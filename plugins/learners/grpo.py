"""Policies by the standing of a response in its group: the algorithm of DeepSeekMath and R1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor

    from simlab.nets.practice import Answers
    from simlab.nets.transformer import Transformer


class GRPO(simlab.ResponseLearner):
    """A language model is trained to please by group relative policy optimization (Shao et al. 2024, arXiv:2402.03300).

    Every token of a response has the same advantage: its reward, summed over the response, less the mean of the `group`
    of responses to its prompt, by the group's standard deviation if `scale_rewards` (without, and with the loss
    dr_grpo: Liu et al. 2025, arXiv:2503.20783). Of a batch's prompts the first B/`group` are answered, so that the
    relation's sample must be a multiple of `group`.

    The leash of the reward's shape is in the rewards, before they are compared. At π_ref·exp(r/β) all responses to a
    prompt are then worth the same, so that this is the optimum with or without division. The paper has it in the loss
    instead, by the estimator k3: `beta` here, and `beta: 0` in the shape. Its gradient is that of KL(π_ref‖π), and the
    optimum another, π_ref·β/(β − A) of the mean advantage A (Vojnovic & Yun 2025, arXiv:2502.18548).
    """

    name = "grpo"
    group: int = Field(8, ge=2, le=65_536, description="responses to each prompt")  # TRL; the paper 64
    scale_rewards: bool = Field(True, description="divide advantages by the standard deviation of their group")
    loss_type: Literal["grpo", "bnpo", "dr_grpo"] = Field(
        "grpo", description="mean over the tokens of each response, over all tokens, or over all there might have been"
    )
    beta: float = Field(0.0, ge=0, le=1000, description="weight of the KL estimate k3 in the loss, beside the leash")
    rate: float = Field(2.5e-4, gt=0, le=1, description="learning rate at the start")  # measured on 01_first
    clip: float = Field(0.2, gt=0, le=10, description="bound on the change of a word's probability ratio")

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.group_baselines import group_normalized, token_loss
        from simlab.nets.practice import practise

        def loss(logp: Tensor, said: Answers) -> tuple[Tensor, Mapping[str, Tensor]]:
            return token_loss(
                logp, said.logp, said.logp_ref, said.responses != 0, said.worth,
                clip=self.clip, beta=self.beta, mean=self.loss_type, longest=lesson.uniforms.shape[2],
            )  # fmt: skip

        return practise(
            network, lesson,
            lambda said: said.weighed(group_normalized(said.worth, self.group, scale=self.scale_rewards)), loss,
            each=self.group, rate=self.rate, epochs=self.epochs, minibatch=self.minibatch, decay=self.decay,
        )  # fmt: skip

    def each(self) -> int:
        return self.group
