"""The optimizer against that of torch, step by step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from simlab.nets.optimizer import AdamW

BETAS = (0.9, 0.95)


def trained(make: Any, group: dict[str, Any], steps: int) -> list[torch.Tensor]:
    """A layer's parameters after steps down losses that vary, its biases at other settings."""
    generator = torch.Generator().manual_seed(3)
    layer = nn.Linear(5, 4)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=generator)
    optimizer = make([layer.weight])
    optimizer.add_param_group({"params": [layer.bias], **group})
    for step in range(steps):
        optimizer.zero_grad()
        inputs = torch.randn(6, 5, generator=generator)
        used = layer(inputs) if step % 3 else inputs @ layer.weight.T  # every third leaves the bias without gradient
        used.square().sum().backward()
        optimizer.step()
    return [p.detach() for p in layer.parameters()]


@pytest.mark.parametrize("decay", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("group", [{}, {"lr": 0.3}, {"weight_decay": 0.2}])
def test_steps_are_those_of_torch(decay: float, group: dict[str, Any]) -> None:
    ours = trained(lambda p: AdamW(p, 0.01, betas=BETAS, weight_decay=decay), group, 20)
    torchs = trained(lambda p: torch.optim.AdamW(p, lr=0.01, betas=BETAS, weight_decay=decay, fused=True), group, 20)
    for a, b in zip(ours, torchs, strict=True):
        assert torch.equal(a, b)
    others = trained(lambda p: AdamW(p, 0.011, betas=BETAS, weight_decay=decay), group, 20)  # control: another rate
    assert not torch.allclose(ours[0], others[0], atol=1e-4)


def test_gradients_are_forgotten_or_set_to_zero() -> None:
    parameter = nn.Parameter(torch.ones(3))
    optimizer = AdamW([parameter], 0.1, betas=BETAS)
    parameter.grad = torch.ones(3)
    optimizer.zero_grad(set_to_none=False)
    assert parameter.grad.tolist() == [0.0, 0.0, 0.0]
    optimizer.zero_grad()
    assert parameter.grad is None
    optimizer.step()  # of nothing
    assert parameter.tolist() == [1.0, 1.0, 1.0]
