"""What learners without a critic have in common: a batch is answered, each response is worth one number, steps follow.

A response is worth the sum of its tokens' rewards, the leash among them. Used by learners of language models
(`plugins/learners`), and good for others: one says which of the responses count for how much (`weigh`), and what loss
follows (`loss`). Knows nothing of simlab. Shapes: B responses, P prompt tokens, T response tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

import torch
from torch import Tensor

from .optimizer import adamw, descend, scale_rate
from .sampling import speak
from .transformer import (
    Numbers,
    Progress,
    Transformer,
    log_probs,
    read_exchanges,
    response_mask,
    shuffled,
    spoken,
    trimmed,
)


class Lesson(Protocol):
    """Prompts, draws, a judge, and what it pays: see simlab's RewardLesson."""

    reference: Transformer
    prompts: Any  # [I, B, P]
    uniforms: Any  # [I, B, T]
    score: Callable[[Tensor, Tensor], Tensor]
    reward: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    end: int
    temperature: float
    seed: int
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Responses to one batch of prompts, group after group, as they were said, and what they are worth."""

    prompts: Tensor  # [B, P]
    responses: Tensor  # [B, T]
    logp: Tensor  # [B, T] of the policy that said them, 0 at padding
    logp_ref: Tensor  # [B, T] of the reference
    worth: Tensor  # [B] sums of rewards; after `weigh`, what a learner makes of them

    def __getitem__(self, rows: Tensor) -> Answers:
        return Answers(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.responses)

    def weighed(self, weights: Tensor) -> Answers:
        """The same responses, worth as much as this [B]."""
        return Answers(self.prompts, self.responses, self.logp, self.logp_ref, weights)


Weigh = Callable[[Answers], Answers]  # which responses are learned from, and how much each is worth
Loss = Callable[[Tensor, Answers], tuple[Tensor, Mapping[str, Tensor]]]  # log π [b, T] now, some → loss, figures


def grouped(prompts: Numbers, k: int) -> Tensor:
    """The first B/k of B prompts [B, P], each k times in a row. Raises ValueError if k does not divide B."""
    asked = torch.as_tensor(prompts, dtype=torch.int64)
    if k < 1 or len(asked) % k:
        raise ValueError(f"{len(asked)} responses cannot be {k} to each prompt: the sample must be a multiple of {k}")
    return asked[: len(asked) // k].repeat_interleave(k, 0)


@torch.no_grad()
def answer(policy: Transformer, lesson: Lesson, prompts: Tensor, draws: Numbers) -> Answers:
    """Respond to each prompt [B, P] by its own draws [B, T], and have the responses rewarded."""
    speech = speak(policy, prompts, draws, end=lesson.end, temperature=lesson.temperature).trimmed()
    said, mask = speech.responses, response_mask(speech.responses)
    logp_ref = log_probs(lesson.reference, prompts, said, temperature=lesson.temperature)
    rewards = lesson.reward(lesson.score(prompts, said), speech.logp, logp_ref, mask)
    return Answers(prompts, said, speech.logp, logp_ref, rewards.masked_fill(~mask, 0.0).sum(1))


def practise(
    policy: Transformer, lesson: Lesson, weigh: Weigh, loss: Loss, *, each: int = 1, rate: float, epochs: int = 1,
    minibatch: int = 64, decay: bool = True, max_grad_norm: float = 1.0,
) -> list[dict[str, float]]:  # fmt: skip
    """Train `policy`, in place, on every batch of the lesson; returns one mapping of figures a batch.

    `each` responses are drawn to the first B/`each` prompts of a batch. `weigh` decides which of them are learned from;
    `epochs` passes of steps on `minibatch` of those follow, down the gradient of `loss`, by AdamW at a rate that falls
    linearly to 0 (if `decay`) and gradients clipped at `max_grad_norm`.
    """
    optimizer = adamw(policy.parameters(), rate)
    generator = torch.Generator().manual_seed(lesson.seed)
    rows = []
    for step, (asked, draws) in enumerate(zip(lesson.prompts, lesson.uniforms, strict=True)):
        if decay:
            scale_rate(optimizer, 1 - step / len(lesson.prompts))
        kept = weigh(answer(policy, lesson, grouped(asked, each).to(policy.device), draws))
        seen = []
        for _ in range(epochs):
            order = shuffled(len(kept), len(kept), generator).to(policy.device)
            for part in torch.split(order, minibatch):
                found, figures = loss(*read(policy, kept[part], lesson.temperature))
                descend(found, optimizer, max_grad_norm)
                seen.append({"loss_policy_avg": found.detach(), **figures})
        rows.append({name: float(torch.stack([s[name] for s in seen]).mean()) for name in seen[0]})
        rows[-1]["lr"] = float(optimizer.param_groups[0]["lr"])
        if lesson.progress is not None:
            lesson.progress(step + 1, len(lesson.prompts))
    return rows


def read(policy: Transformer, some: Answers, temperature: float) -> tuple[Tensor, Answers]:
    """log π [b, T] of responses as the policy is now, with gradients, and the answers without superfluous padding."""
    said = trimmed(some.responses)
    t = said.shape[1]
    before, _ = read_exchanges(policy, trimmed(some.prompts), said)
    short = Answers(some.prompts, said, some.logp[:, :t], some.logp_ref[:, :t], some.worth)
    return spoken(policy, before, said, temperature), short
