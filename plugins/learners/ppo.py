"""Policies by proximal steps: the algorithm by which InstructGPT learned to please its reward model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.transformer import Transformer


class PPO(simlab.Learner):
    """A language model is trained to please by proximal policy optimization (Schulman et al. 2017)."""

    name = "ppo"
    teaches = "language_model"
    iterations: int = Field(12, ge=1, le=100_000, description="batches of responses per look")
    epochs: int = Field(2, ge=1, le=1000, description="passes over each batch")
    minibatch: int = Field(64, ge=1, le=65_536, description="responses per step")
    rate: float = Field(5e-4, gt=0, le=1, description="learning rate at the start")
    clip: float = Field(0.2, gt=0, le=10, description="bound on the change of a word's probability ratio")
    value_clip: float = Field(0.2, gt=0, le=1e6, description="bound on the change of the value estimate")
    lam: float = Field(0.95, ge=0, le=1, description="λ of generalized advantage estimation")
    gamma: float = Field(1.0, ge=0, le=1, description="discount from word to word")
    value_coef: float = Field(0.1, ge=0, le=100, description="weight of the value loss")
    score_clip: float = Field(3.0, gt=0, le=1e6, description="bound on standardized scores")
    decay: bool = Field(True, description="let the rate fall linearly to zero")

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.policy import PPOConfig, ppo

        settings = PPOConfig(batch=lesson.prompts.shape[1], temperature=lesson.temperature, **self.model_dump())
        _, _, rows = ppo(
            network, lesson.reference, lesson.score, lesson.reward, lesson.prompts, lesson.uniforms,
            seed=lesson.seed, end=lesson.end, config=settings, progress=lesson.progress,
        )  # fmt: skip
        return rows

    def passes(self) -> float:
        """One to compare with the reference and the judge, and one for each epoch."""
        return 1 + self.epochs

    def at_once(self) -> int:
        return self.minibatch

    def discount(self) -> float:
        return self.gamma
