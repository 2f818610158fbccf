"""Log chances of undecided, left and right at a margin, each shaped like the margin, in torch.

`tie` is a number without bounds that says how easily people are undecided, each rule in its own way; None where nobody
ever is. The rules and their sources stand in `choice`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def _davidson(margin: torch.Tensor, tie: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    """With tie = ln ν."""
    import torch

    if tie is None:
        sides = torch.nn.functional.logsigmoid
        return torch.full_like(margin, -torch.inf), sides(margin), sides(-margin)
    logits = torch.stack([tie.expand(margin.shape), margin / 2, -margin / 2], dim=-1)
    undecided, left, right = torch.log_softmax(logits, dim=-1).unbind(-1)
    return undecided, left, right


def _rao_kupper(margin: torch.Tensor, tie: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    """With tie = ln ln θ."""
    import torch

    if tie is None:
        return _davidson(margin, None)
    notice, sides = tie.exp(), torch.nn.functional.logsigmoid
    left, right = sides(margin - notice), sides(-margin - notice)
    return left + right + torch.expm1(2 * notice).log(), left, right


def _thurstone(margin: torch.Tensor, tie: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    """With tie = ln c, the threshold in units of the margin's noise."""
    import torch

    notice = torch.zeros((), dtype=margin.dtype) if tie is None else tie.exp()
    log_normal, normal = torch.special.log_ndtr, torch.special.ndtr
    between = normal(notice - margin.abs()) - normal(-notice - margin.abs())
    undecided = torch.full_like(margin, -torch.inf) if tie is None else between.clamp_min(1e-300).log()
    return undecided, log_normal(margin - notice), log_normal(-margin - notice)


SIDES = {
    "coin": _davidson, "mistaken": _davidson, "boltzmann": _davidson, "glad": _davidson,
    "rao_kupper": _rao_kupper, "thurstone": _thurstone,
}  # fmt: skip
