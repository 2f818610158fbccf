"""Policy gradients whose baseline is the other responses to the same prompt: RLOO and GRPO.

Knows nothing of simlab. Rewards and advantages are [B], groups of k in a row; log-probabilities [B, T], 0 at padding.
Sources: Kool, van Hoof & Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!"; Ahmadian et al. 2024
(arXiv:2402.14740, RLOO); Shao et al. 2024 (arXiv:2402.03300, GRPO); Liu et al. 2025 (arXiv:2503.20783, Dr. GRPO);
Yu et al. 2025 (arXiv:2503.14476, DAPO); TRL's RLOOTrainer and GRPOTrainer (conventions).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Mean = Literal["grpo", "bnpo", "dr_grpo"]  # over which tokens a loss is averaged, as TRL calls it


def leave_one_out(reward: Tensor, k: int) -> Tensor:
    """Each reward less the mean of the k − 1 others of its group (Kool et al. 2019; Ahmadian et al. 2024, eq. 8)."""
    each = reward.view(-1, k)
    return (each - (each.sum(1, keepdim=True) - each) / (k - 1)).flatten()


def group_normalized(reward: Tensor, k: int, *, scale: bool = True) -> Tensor:
    """Each reward less its group's mean, by the group's standard deviation if `scale` (Shao et al. 2024, §4.1.2;
    without: Liu et al. 2025, eq. 2). As in TRL, the deviation is the sample's (k − 1), and 1e-4 is added to it."""
    each = reward.view(-1, k)
    centred = each - each.mean(1, keepdim=True)
    return (centred / (each.std(1, keepdim=True) + 1e-4) if scale else centred).flatten()


def response_loss(logp: Tensor, old: Tensor, advantage: Tensor, clip: float | None) -> tuple[Tensor, dict[str, Tensor]]:
    """Minus the surrogate of whole responses, each one action: mean of max(−A·ratio, −A·clip(ratio, 1 ± clip)), the
    ratio being that of a response's probabilities; without a clip, −A·ratio."""
    change = (logp - old).sum(1)
    loss, clipped = _surrogate(change, advantage, clip)
    return loss.mean(), _figures(change, clipped.float().mean())


def token_loss(
    logp: Tensor, old: Tensor, logp_ref: Tensor, mask: Tensor, advantage: Tensor, *, clip: float, beta: float = 0.0,
    mean: Mean = "bnpo", longest: int | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:  # fmt: skip
    """Minus GRPO's objective (Shao et al. 2024, eq. 3): the clipped surrogate of each token, plus `beta` times `k3`.

    `mean`: "grpo" averages within each response and then over responses (Shao et al.); "bnpo" over all tokens of the
    batch (as DAPO's eq. 8, Yu et al. 2025); "dr_grpo" divides their sum by the number of tokens there might have been,
    `longest` to each response (Liu et al. 2025).
    """
    change = logp - old
    each, clipped = _surrogate(change, advantage[:, None].expand_as(change), clip)
    if beta:
        each = each + beta * k3(logp, logp_ref)
    each = each.masked_fill(~mask, 0.0)
    if mean == "grpo":
        loss = (each.sum(1) / mask.sum(1).clamp(min=1)).mean()
    else:
        loss = each.sum() / (mask.sum().clamp(min=1) if mean == "bnpo" else len(each) * (longest or each.shape[1]))
    return loss, _figures(change[mask], clipped[mask].float().mean())


def k3(logp: Tensor, logp_ref: Tensor) -> Tensor:
    """π_ref/π − log(π_ref/π) − 1, never negative, whose mean under π is KL(π‖π_ref) (Schulman 2020, "Approximating KL
    divergence"; Shao et al. 2024, eq. 4). Its *gradient* at fixed samples is in the mean that of KL(π_ref‖π)."""
    gap = logp_ref - logp
    return gap.exp() - gap - 1


def _surrogate(change: Tensor, advantage: Tensor, clip: float | None) -> tuple[Tensor, Tensor]:
    """Minus the surrogate at these changes of log π, and where the clip decided."""
    ratio = change.exp()
    free = -advantage * ratio
    if clip is None:
        return free, torch.zeros_like(free, dtype=torch.bool)
    bound = -advantage * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(free, bound), bound > free


def _figures(change: Tensor, clipped: Tensor) -> dict[str, Tensor]:
    return {"policy_approxkl_avg": 0.5 * change.detach().square().mean(), "policy_clipfrac_avg": clipped}
