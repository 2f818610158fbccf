"""AdamW as one fused loop over all parameters; knows nothing of simlab.

`torch.optim` does the same by the same kernel, but loads the whole of its compiler first: a second of every process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["AdamW", "Optimizer"]


class AdamW:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2) with ε = 1e-8, in groups of parameters, each with
    its `lr`, `betas` and `weight_decay`.

    `param_groups` and `state` are as those of `torch.optim.AdamW`: of each parameter `step`, `exp_avg`, `exp_avg_sq`.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, *, betas: tuple[float, float], weight_decay: float = 0.0
    ) -> None:
        self.defaults: dict[str, Any] = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {}
        self.add_param_group({"params": [*parameters]})

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Further parameters, with whatever is to be other than for the first."""
        self.param_groups.append({**self.defaults, **group})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to 0."""
        for parameter in (p for group in self.param_groups for p in group["params"]):
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """One step of every parameter that has a gradient."""
        for group in self.param_groups:
            some = [p for p in group["params"] if p.grad is not None]
            kept = [self._moments(p) for p in some]
            if not some:
                continue
            steps = [moments["step"] for moments in kept]
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(
                some, [p.grad for p in some], [m["exp_avg"] for m in kept], [m["exp_avg_sq"] for m in kept], [], steps,
                lr=group["lr"], beta1=group["betas"][0], beta2=group["betas"][1], weight_decay=group["weight_decay"],
                eps=1e-8, amsgrad=False, maximize=False,
            )  # fmt: skip

    def _moments(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        if parameter not in self.state:
            self.state[parameter] = {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, requires_grad=False),
                "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            }
        return self.state[parameter]


Optimizer = AdamW | torch.optim.Optimizer  # whichever a learner likes
