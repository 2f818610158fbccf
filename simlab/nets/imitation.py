"""Supervised fine-tuning: a language model learns to answer as it was shown.

The loss is the cross-entropy of the responses' tokens alone; prompts are read, and nobody learns to ask them. Source:
Ouyang et al. 2022 (arXiv:2203.02155), §3.5; the loss is TRL's with `completion_only_loss`. Used by the learner `sft`;
knows nothing of simlab. Shapes: n exchanges, P prompt tokens, T response tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .optimizer import adamw, descend, scale_rate
from .transformer import Numbers, Progress, Transformer, read_exchanges, response_mask, shuffled, trimmed

__all__ = ["imitate", "response_loss"]


def response_loss(model: Transformer, prompts: Tensor, responses: Tensor, *, prompts_too: bool = False) -> Tensor:
    """Mean cross-entropy of each token of responses [n, T] to prompts [n, P] given all before it, in nats a token; with
    `prompts_too`, of each token of the prompts but the first as well."""
    asked, said = trimmed(prompts), trimmed(responses)
    spoken = response_mask(said)
    before, _ = read_exchanges(model, asked, said)
    hidden, target = before[spoken], said[spoken]
    if prompts_too:
        shown = asked[:, 1:] != 0
        hidden = torch.cat([model(asked[:, :-1])[shown], hidden])
        target = torch.cat([asked[:, 1:][shown], target])
    return -model.log_likely(hidden, target).mean()


def imitate(
    model: Transformer,
    prompts: Numbers,
    responses: Numbers,
    *,
    epochs: int = 2,
    batch: int = 64,
    rate: float = 1e-3,
    warmup: float = 0.05,
    weight_decay: float = 0.01,
    max_grad_norm: float = 1.0,
    prompts_too: bool = False,
    seed: int,
    progress: Progress | None = None,
) -> list[dict[str, float]]:
    """Train `model`, in place, on responses [n, T] to prompts [n, P], both padded with 0; one mapping a step: its
    number from 1, epoch, loss (see `response_loss`), grad_norm before clipping, and learning_rate.

    AdamW at a rate that climbs linearly over the first `warmup` of the steps and falls linearly to 0. Every exchange is
    read once an epoch, in an order by `seed`. Raises ValueError if there is nothing to learn from.
    """
    asked = torch.as_tensor(prompts, dtype=torch.int64, device=model.device)
    said = torch.as_tensor(responses, dtype=torch.int64, device=model.device)
    if not len(said) or len(asked) != len(said) or not bool(response_mask(said).any(1).all()):
        raise ValueError("there must be exchanges, and no response without a token")
    optimizer = adamw(model.parameters(), rate, decay=weight_decay)
    generator, rows = torch.Generator().manual_seed(seed), list[dict[str, float]]()
    steps = epochs * -(-len(said) // batch)
    for epoch in range(1, epochs + 1):
        order = shuffled(len(said), len(said), generator).to(model.device)
        for some in torch.split(order, batch):
            scale_rate(optimizer, _share(len(rows), steps, warmup))
            loss = response_loss(model, asked[some], said[some], prompts_too=prompts_too)
            norm = descend(loss, optimizer, max_grad_norm)
            now = {"loss": float(loss.detach()), "grad_norm": float(norm)}
            rows.append({"step": len(rows) + 1.0, "epoch": float(epoch), **now, "learning_rate": _rate(optimizer)})
            if progress is not None:
                progress(len(rows), steps)
    return rows


def _share(step: int, steps: int, warmup: float) -> float:
    """What the rate of a step, from 0, is of the highest."""
    rising = round(warmup * steps)
    return (step + 1) / rising if step < rising else (steps - step) / (steps - rising)


def _rate(optimizer: torch.optim.Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])
