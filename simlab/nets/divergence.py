"""KL divergence of a language model from its reference, as samples tell it and as whole distributions do.

Knows nothing of simlab. Shapes: B responses, T response tokens, P prompt tokens, V words. All in nats.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .transformer import Numbers, Transformer, read_exchanges, response_mask, trimmed


def k3(logp: Tensor, logp_ref: Tensor) -> Tensor:
    """An unbiased estimate of each token's KL, never negative: π_ref/π − 1 − ln(π_ref/π), in the shape of its
    arguments; 0 where both are 0, as at padding.

    Source: Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html), estimator k3; the mean of
    ln π − ln π_ref, which may be negative, is his k1.
    """
    ratio = logp_ref - logp
    return ratio.exp() - 1 - ratio


@torch.no_grad()
def of_states(
    policy: Transformer, reference: Transformer, prompts: Numbers, responses: Numbers, *, temperature: float = 1.0,
    batch: int = 256,
) -> Tensor:  # fmt: skip
    """Σ_t KL(π(·|s_t) ‖ π_ref(·|s_t)) [B] over the states s_t that responses [B, T] to prompts [B, P] pass through;
    float32, on the policy's device.

    Of responses drawn from π its mean is KL(π‖π_ref) of whole responses by the chain rule (Cover & Thomas 2006, theorem
    2.5.3), with less variance than k1 (Rao–Blackwell); exact where a response is one token.
    """
    asked, said = (torch.as_tensor(x, dtype=torch.int64, device=policy.device) for x in (prompts, responses))
    found = []
    for start in range(0, len(said), batch):
        p, r = trimmed(asked[start : start + batch]), trimmed(said[start : start + batch])
        mask = response_mask(r)
        now, before = (
            model.speech(read_exchanges(model, p, r)[0][mask], temperature).log_softmax(-1)
            for model in (policy, reference)
        )  # [tokens, V]; a word that cannot be said has −∞ in both
        each = (now.exp() * (now - before).nan_to_num(nan=0.0)).sum(-1)
        found.append(torch.zeros(r.shape, device=each.device).masked_scatter(mask, each).sum(1))
    return torch.cat(found)
