"""Policies by proximal steps: the algorithm by which InstructGPT learned to please its reward model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.transformer import Transformer


class PPO(simlab.Learner):
    """A language model is trained to please by proximal policy optimization (Schulman et al. 2017).

    Its critic begins as the reward model, as those of Ouyang et al. (2022, arXiv:2203.02155, app. C.4) do: the value of
    a state is what the reward model makes of the response so far, and a head on the policy's trunk learns what is yet
    to come. Head and AdamW's moments are carried from look to look.
    """

    name = "ppo"
    teaches = "language_model"
    iterations: int = Field(12, ge=1, le=100_000, description="batches of responses per look")
    epochs: int = Field(2, ge=1, le=1000, description="passes over each batch")
    minibatch: int = Field(64, ge=1, le=65_536, description="responses per step")
    rate: float = Field(5e-4, gt=0, le=1, description="learning rate at the start")
    critic: Literal["reward_model", "zero", "none"] = Field(
        "reward_model",
        description="what values begin as: what the reward model makes of a response so far, or 0; or stay",
    )
    head_rate: float = Field(3e-3, gt=0, le=1, description="learning rate of the value head at the start")
    warmup: int = Field(2, ge=0, le=100_000, description="batches over which the rate rises, where nothing is carried")
    clip: float = Field(0.2, gt=0, le=10, description="bound on the change of a word's probability ratio")
    value_clip: float = Field(0.2, gt=0, le=1e6, description="bound on the change of the value estimate")
    lam: float = Field(0.95, ge=0, le=1, description="λ of generalized advantage estimation")
    gamma: float = Field(1.0, ge=0, le=1, description="discount from word to word")
    value_coef: float = Field(0.1, ge=0, le=100, description="weight of the value loss")
    score_clip: float = Field(3.0, gt=0, le=1e6, description="bound on standardized scores")
    decay: bool = Field(True, description="let the rate fall linearly to zero")
    whiten_advantages: bool = Field(True, description="standardize advantages over a batch's words")
    max_grad_norm: float = Field(1.0, gt=0, le=1e6, description="gradients are clipped at this norm")
    missing_end_penalty: float = Field(0.0, ge=0, le=1e6, description="off the score of a response that does not end")
    target_kl: float | None = Field(
        None, gt=0, le=1e6, description="no further pass over a batch once approximate KL is 1.5 times this, in nats"
    )
    carry: bool = Field(True, description="go on with the value head and AdamW's moments of the look before")

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.policy import PPOConfig, ppo

        said = self.model_dump(exclude={"carry"}, exclude_none=True)
        settings = PPOConfig(batch=lesson.prompts.shape[1], temperature=lesson.temperature, **said)
        _, _, rows = ppo(
            network, lesson.reference, lesson.score, lesson.reward, lesson.prompts, lesson.uniforms,
            seed=lesson.seed, end=lesson.end, config=settings, kept=lesson.kept if self.carry else None,
            so_far=lesson.so_far, known=lesson.known, progress=lesson.progress,
        )  # fmt: skip
        return rows

    def passes(self) -> float:
        """One to compare with the reference and the judge, and one for each epoch."""
        return 1 + self.epochs

    def at_once(self) -> int:
        return self.minibatch

    def discount(self) -> float:
        return self.gamma
