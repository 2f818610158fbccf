"""Direct preference optimization: a language model learns from rankings, and there is no reward model.

A policy π and its reference say how much better they find one response than another: the margin h = log π(y₁)/π_ref(y₁)
− log π(y₂)/π_ref(y₂); β·h takes the place of a difference of rewards. Knows nothing of simlab. Labels are 1 (first
better), 2 (second better), 0 (undecided, half a win for each) and -1 (not compared), one for each pair of
`itertools.combinations(range(K), 2)` of a ranking of K responses. Shapes: m rankings, P and T tokens.
Sources: Rafailov et al. 2023 (arXiv:2305.18290, DPO); Mitchell 2023, "A note on DPO with noisy preferences"
(conservative DPO); Chowdhury, Kini & Natarajan 2024 (arXiv:2403.00409, robust DPO); Azar et al. 2023 (arXiv:2310.12036,
IPO); TRL's DPOTrainer (conventions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from .optimizer import adamw, descend, scale_rate
from .pairwise import pair_differences
from .reward_figures import accuracy
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

__all__ = ["Kind", "dpo_loss", "fit", "wins"]

Kind = Literal["sigmoid", "conservative", "robust", "ipo"]


def wins(labels: Tensor) -> Tensor:
    """Which share of a win the first has: 1, 0, or ½ where undecided."""
    return 0.5 + 0.5 * ((labels == 1).float() - (labels == 2).float())


def dpo_loss(
    margins: Tensor, labels: Tensor, *, beta: float, kind: Kind = "sigmoid", smoothing: float = 0.0,
    shares: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Mean loss of margins h under labels of the same shape; pairs labelled -1 do not count.

    With q the first's share of a win (`shares`, or what the labels say) and ε = `smoothing`:
    sigmoid −q·log σ(βh) − (1−q)·log σ(−βh) (Rafailov et al. 2023, eq. 7); conservative, the same with (1−ε)q + ε(1−q)
    for q (Mitchell 2023); robust, with (q−ε)/(1−2ε), so that labels of which a share ε is the wrong way round teach, in
    the mean, what right ones would (Chowdhury et al. 2024, eq. 12); ipo q·(h − 1/2β)² + (1−q)·(h + 1/2β)² (Azar et al.
    2023, eq. 17, τ being β). Raises ValueError unless β > 0 and 0 ≤ ε < ½.
    """
    if not (beta > 0 and 0 <= smoothing < 0.5):
        raise ValueError(f"beta must be above 0, and smoothing in [0, 0.5): {beta}, {smoothing}")
    first = wins(labels) if shares is None else shares
    if kind == "ipo":
        far = 1 / (2 * beta)
        losses = first * (margins - far).square() + (1 - first) * (margins + far).square()
    else:
        if kind == "conservative":
            first = (1 - smoothing) * first + smoothing * (1 - first)
        elif kind == "robust":
            first = (first - smoothing) / (1 - 2 * smoothing)
        losses = -(first * F.logsigmoid(beta * margins) + (1 - first) * F.logsigmoid(-beta * margins))
    judged = labels >= 0
    return (losses * judged).sum() / judged.sum().clamp(min=1)


@dataclass(frozen=True, slots=True)
class Rankings:
    """Rankings on a model's device: prompts [m, P], responses [m, K, T], labels and shares [m, pairs], and log π_ref
    [m, K] of each response, per token if `average`."""

    prompts: Tensor
    responses: Tensor
    labels: Tensor
    shares: Tensor | None
    reference: Tensor
    temperature: float
    average: bool

    @classmethod
    def of(
        cls, reference: Transformer, prompts: Numbers, responses: Numbers, labels: Numbers, shares: Numbers | None,
        temperature: float, average: bool,
    ) -> Rankings:  # fmt: skip
        """Raises ValueError for shapes that do not fit, or no labelled pair."""
        device = reference.device
        asked, said, label = (
            torch.as_tensor(x, dtype=torch.int64, device=device) for x in (prompts, responses, labels)
        )
        m, k, t = said.shape
        if len(asked) != m or label.shape != (m, k * (k - 1) // 2):
            given = f"{len(asked)} prompts and labels {tuple(label.shape)}"
            raise ValueError(f"{given} do not fit {m} rankings of {k} responses")
        if not bool((label >= 0).any()):
            raise ValueError("nothing can be learnt without a labelled pair")
        share = None if shares is None else torch.as_tensor(shares, dtype=torch.float32, device=device)
        flat = said.view(m * k, t)
        known = log_probs(reference, asked.repeat_interleave(k, 0), flat, temperature=temperature)
        whole = _whole(known, flat, average).view(m, k)
        return cls(asked, said, label, share, whole, temperature, average)

    def __len__(self) -> int:
        return len(self.labels)

    def margins(self, policy: Transformer, rows: Tensor) -> Tensor:
        """h [rows, pairs], with gradients."""
        said = trimmed(self.responses[rows].flatten(0, 1))
        asked = trimmed(self.prompts[rows].repeat_interleave(self.responses.shape[1], 0))
        before, _ = read_exchanges(policy, asked, said)
        now = _whole(spoken(policy, before, said, self.temperature), said, self.average)
        return pair_differences(now.view(len(rows), -1) - self.reference[rows])


def _whole(logp: Tensor, said: Tensor, average: bool) -> Tensor:
    """Log-probabilities [n] of whole responses, given those of their tokens [n, T]; per token if `average`."""
    return logp.sum(1) / response_mask(said).sum(1).clamp(min=1) if average else logp.sum(1)


def fit(
    policy: Transformer, reference: Transformer, prompts: Numbers, responses: Numbers, labels: Numbers, *,
    shares: Numbers | None = None, beta: float = 0.1, kind: Kind = "sigmoid", smoothing: float = 0.0,
    average: bool = False, epochs: int = 3, rate: float = 5e-4, batch: int = 64, temperature: float = 1.0, seed: int,
    progress: Progress | None = None,
) -> list[dict[str, float]]:  # fmt: skip
    """Train `policy`, in place, on rankings: prompts [m, P], responses [m, K, T], labels [m, K(K-1)/2].

    `average` takes log-ratios per token (as TRL does for ipo). `batch` counts rankings, with all their pairs; AdamW at
    a rate that falls linearly to zero, gradients clipped at norm 1. Returns one mapping an epoch, of its means while
    learning, named as in TRL: loss, rewards/margins (β·h, the better one first) and rewards/accuracies.
    """
    data = Rankings.of(reference, prompts, responses, labels, shares, temperature, average)
    optimizer = adamw(policy.parameters(), rate)
    generator = torch.Generator().manual_seed(seed)
    steps, done, rows = epochs * -(-len(data) // batch), 0, []
    for _ in range(epochs):
        order = shuffled(len(data), len(data), generator).to(policy.device)
        seen = []
        for part in torch.split(order, batch):
            scale_rate(optimizer, 1 - done / steps)
            margins, label = data.margins(policy, part), data.labels[part]
            loss = dpo_loss(
                margins, label, beta=beta, kind=kind, smoothing=smoothing,
                shares=None if data.shares is None else data.shares[part],
            )  # fmt: skip
            descend(loss, optimizer)
            seen.append({"loss_policy_avg": float(loss.detach()), **_rewards(margins.detach(), label, beta)})
            done += 1
            if progress is not None:
                progress(done, steps)
        means = {name: float(torch.tensor([s[name] for s in seen]).nanmean()) for name in seen[0]}
        rows.append({**means, "lr": float(optimizer.param_groups[0]["lr"])})
    return rows


def _rewards(margins: Tensor, labels: Tensor, beta: float) -> Mapping[str, float]:
    """How much better the policy finds what was preferred, and how often it does; NaN if nothing was."""
    sign = (labels == 1).float() - (labels == 2).float()
    decided = sign != 0
    return {
        "rewards_margins": float((beta * margins * sign)[decided].mean()),
        "rewards_accuracies": accuracy(margins, labels),
    }
