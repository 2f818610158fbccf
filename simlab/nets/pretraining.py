"""Pretraining: a language model learns the next word of every text. Knows nothing of simlab.

Shapes: N, B sequences, T tokens. Source of the schedule: Brown et al. 2020 (GPT-3, arXiv:2005.14165), appendix B.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .optimizer import adamw, scale_rate, step_down
from .transformer import LEARN, Numbers, Progress, Transformer, TransformerConfig, by_length, shuffled, trimmed

__all__ = ["next_word_loss", "pretrain"]


def pretrain(
    config: TransformerConfig,
    sequences: Numbers,
    *,
    steps: int = 600,
    batch: int = 128,
    rate: float = 3e-3,
    seed: int,
    start: Transformer | None = None,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> tuple[Transformer, list[float]]:
    """Train from a random start, or in place from `start`, on `sequences` [N, T] (0 = padding) by cross-entropy at
    every position.

    The rate climbs linearly over the first 5 % of the `steps` and then falls linearly to zero; gradients are clipped
    at norm 1 (GPT-3, appendix B). Returns the model and the loss of each step in nats a token. The seed decides
    everything; equal seeds give equal models on one device. Raises ValueError if nothing can be learnt from.
    """
    data = torch.as_tensor(sequences, dtype=torch.int64)
    if data.ndim != 2 or not len(data) or int((data != 0).sum(1).min()) < 2:
        raise ValueError("pretraining needs at least one sequence, each of two tokens or more")
    generator = torch.Generator().manual_seed(seed)
    model = (start or Transformer(config, generator)).to(device)
    optimizer = adamw(model.parameters(), rate, decay=0.01)
    order = shuffled(len(data), steps * batch, generator).view(steps, batch)
    data, losses = data.to(device), []
    for step, rows in enumerate(order.to(device)):
        scale_rate(optimizer, _warmup_decay(step, steps))
        optimizer.zero_grad(set_to_none=True)
        losses.append(_next_word_gradient(model, data[rows]))
        step_down(optimizer)
        if progress is not None:
            progress(step + 1, steps)
    return model, torch.stack(losses).tolist() if losses else []


def next_word_loss(model: Transformer, tokens: Tensor) -> Tensor:
    """Mean cross-entropy of each token [B, T] given those before it, in nats; padding is ignored."""
    target = tokens[:, 1:]
    real = target != 0
    hidden = model(tokens[:, :-1])[real]  # [M, d], only what will be compared with the dictionary
    return -model.log_likely(hidden, target[real]).mean()


def _next_word_gradient(model: Transformer, tokens: Tensor) -> Tensor:
    """Add the gradient of the mean cross-entropy of a batch [B, T] to that of the parameters, part by part; returns
    the loss."""
    words, losses = (tokens[:, 1:] != 0).sum(), []
    for rows in by_length(LEARN, tokens):
        part = trimmed(tokens[rows])
        loss = next_word_loss(model, part) * (part[:, 1:] != 0).sum() / words
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    return torch.stack(losses).sum()


def _warmup_decay(step: int, steps: int) -> float:
    warmup = max(1, steps // 20)
    return (step + 1) / warmup if step < warmup else (steps - step) / max(1, steps - warmup)
