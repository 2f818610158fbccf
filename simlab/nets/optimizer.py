"""Steps down a gradient: AdamW and its rate, for whatever is learned here. Knows nothing of simlab."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["adamw", "descend", "scale_rate", "step_down"]


def adamw(parameters: Iterable[nn.Parameter], rate: float, *, decay: float = 0.0) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019) with betas (.9, .95) (GPT-3, table 2.1 notes), as one fused loop."""
    return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.95), weight_decay=decay, fused=True)


def descend(loss: Tensor, optimizer: torch.optim.Optimizer, limit: float = 1.0) -> Tensor:
    """One step down the gradient of `loss`, its norm clipped at `limit`; returns the norm it had before."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return step_down(optimizer, limit)


def step_down(optimizer: torch.optim.Optimizer, limit: float = 1.0) -> Tensor:
    """One step down the gradient that the parameters have, its norm clipped at `limit`; returns that norm."""
    norm = nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], limit)
    optimizer.step()
    return norm


def scale_rate(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Set every rate to this share of what it was at first."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * share
