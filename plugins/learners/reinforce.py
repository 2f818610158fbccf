"""Policies by the plainest gradient there is: what was rewarded more than expected is said more often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from simlab.nets.transformer import Transformer


class Reinforce(simlab.Learner):
    """A language model is trained to please by REINFORCE, a whole response being one action (Williams 1992, Machine
    Learning 8; Ahmadian et al. 2024, arXiv:2402.14740).

    A response's reward is the sum of its tokens' rewards, the leash among them. One step for each batch, by the
    gradient of (reward − baseline)·log π: no value network, no clipping, nothing is read twice.
    """

    name = "reinforce"
    teaches = "language_model"
    iterations: int = Field(12, ge=1, le=100_000, description="batches of responses per look, and steps")
    rate: float = Field(3e-3, gt=0, le=1, description="learning rate at the start; there are few steps")
    baseline: Literal["leave_one_out", "running"] = Field(
        "leave_one_out",
        description="what a reward is held against: the rest of its batch, or batches before",
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="what is left of a running baseline after a batch, as a share")
    minibatch: int = Field(256, ge=1, le=65_536, description="responses whose gradients are taken at once")
    decay: bool = Field(True, description="let the rate fall linearly to zero")

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        import torch

        from simlab.nets.optimizer import adamw, scale_rate
        from simlab.nets.sampling import generate
        from simlab.nets.transformer import trimmed

        optimizer = adamw(network.parameters(), self.rate)
        expected, rows = 0.0, []
        for step, (asked, draws) in enumerate(zip(lesson.prompts, lesson.uniforms, strict=True)):
            prompts = torch.as_tensor(asked, dtype=torch.int64, device=network.device)
            said = generate(network, prompts, draws, end=lesson.end, temperature=lesson.temperature)
            reward = self._rewards(network, lesson, prompts, said := trimmed(said))  # [B]
            advantage = reward - (others(reward) if self.baseline == "leave_one_out" else expected)
            expected = self.momentum * expected + (1 - self.momentum) * float(reward.mean())
            if self.decay:
                scale_rate(optimizer, 1 - step / len(lesson.prompts))
            loss = self._step(network, optimizer, lesson.temperature, prompts, said, advantage)
            rows.append({"loss_policy_avg": loss, "lr": optimizer.param_groups[0]["lr"]})
            if lesson.progress is not None:
                lesson.progress(step + 1, len(lesson.prompts))
        return rows

    def _rewards(self, network: Transformer, lesson: simlab.RewardLesson, prompts: Tensor, said: Tensor) -> Tensor:
        """What each response [B] came to in all."""
        from simlab.nets.transformer import log_probs, response_mask

        logp, logp_ref = (
            log_probs(model, prompts, said, temperature=lesson.temperature) for model in (network, lesson.reference)
        )
        mask = response_mask(said)
        each = lesson.reward(lesson.score(prompts, said), logp, logp_ref, mask)
        return each.masked_fill(~mask, 0.0).sum(1)

    def _step(
        self, network: Transformer, optimizer: Optimizer, temperature: float, prompts: Tensor, said: Tensor,
        advantage: Tensor,
    ) -> float:  # fmt: skip
        """One step along the gradient of the whole batch, which is summed up from minibatches; the loss."""
        import torch

        from simlab.nets.transformer import read_exchanges, spoken, trimmed

        optimizer.zero_grad()
        total = 0.0
        for rows in torch.split(torch.arange(len(said), device=said.device), self.minibatch):
            part = trimmed(said[rows])
            before, _ = read_exchanges(network, trimmed(prompts[rows]), part)
            loss = -(advantage[rows] * spoken(network, before, part, temperature).sum(1)).sum() / len(said)
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        return total

    def passes(self) -> float:
        """One to compare with the reference and the judge, and one to learn."""
        return 2.0

    def at_once(self) -> int:
        return self.minibatch

    def discount(self) -> float:
        return 1.0


def others(reward: Tensor) -> Tensor:
    """The mean reward of all others in the batch [B]; of a single response, its own."""
    count = len(reward)
    return (reward.sum() - reward) / (count - 1) if count > 1 else reward
