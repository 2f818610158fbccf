"""Comparison with the dictionary: how likely given words are after given vectors, and the gradients of that.

Of many rows the numbers [N, V] are too many for a processor's cache, and passing over them again and again takes longer
than making them: so forward and backward are written out and go over few rows at a time. Knows nothing of simlab.
Shapes: N vectors, d width, V words.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CACHED = 1 << 17  # numbers at once on a processor: half a megabyte


def chosen(hidden: Tensor, words: Tensor, targets: Tensor, silent: Tensor | None, temperature: float = 1.0) -> Tensor:
    """Log-probability [N] of each target [N] by the softmax of hidden [N, d] · words [V, d] / temperature + silent [V].

    Differentiable once, by hidden and words.
    """
    size = len(targets) if hidden.device.type != "cpu" else max(64, CACHED // len(words))
    found: Tensor = _Chosen.apply(  # type: ignore[no-untyped-call]
        hidden, words, targets, silent, temperature, max(1, size), torch.is_grad_enabled()
    )
    return found


class _Chosen(torch.autograd.Function):
    """See `chosen`; `size` rows at a time, remembered for a backward if there is one to come."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, words: Tensor, targets: Tensor, silent: Tensor | None, temperature: float, size: int,
        remember: bool,
    ) -> Tensor:  # fmt: skip
        found, kept = [hidden.new_empty(0)], []
        for some, target in zip(torch.split(hidden, size), torch.split(targets, size), strict=True):
            logits = some @ words.t()
            if temperature != 1.0:
                logits.div_(temperature)
            if silent is not None:
                logits.add_(silent)
            likely = logits.log_softmax(1)
            found.append(likely.gather(1, target[:, None])[:, 0])
            if remember:
                kept.append(likely)
        ctx.save_for_backward(hidden, words, targets, *kept)
        ctx.temperature, ctx.size = temperature, size
        return torch.cat(found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        hidden, words, targets, *kept = ctx.saved_tensors
        of_hidden, of_words = torch.empty_like(hidden), torch.zeros_like(words)
        of_found = (given[0] / ctx.temperature)[:, None]
        parts = (torch.split(whole, ctx.size) for whole in (hidden, of_hidden, targets[:, None], of_found))
        for likely, some, of_some, target, of_likely in zip(kept, *parts, strict=True):
            of_logits = likely.exp().mul_(-of_likely).scatter_add_(1, target, of_likely)
            torch.mm(of_logits, words, out=of_some)
            of_words.addmm_(of_logits.t(), some)
        return of_hidden, of_words, None, None, None, None, None
