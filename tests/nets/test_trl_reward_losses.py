"""The loss of TRL's reward trainer and ours, on the same tensors. Skipped where TRL is missing."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from simlab.nets.pairwise import bradley_terry_loss, centring_penalty, pair_differences
from simlab.nets.reward_figures import figures

MISSING = not all(importlib.util.find_spec(name) for name in ("trl", "datasets", "transformers"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MISSING, reason="needs trl"),
    pytest.mark.filterwarnings("ignore"),  # of other people's code
]


def of_trl(chosen: Tensor, rejected: Tensor, margin: Tensor | None, centring: float | None) -> tuple[Tensor, Any]:
    """What `trl.RewardTrainer.compute_loss` makes of a model that gives these scores, and what it logs."""
    from collections import defaultdict

    from trl import RewardTrainer

    scores = torch.cat([chosen, rejected])[:, None]
    inputs: dict[str, Any] = {"attention_mask": torch.ones(len(scores), 1)}
    if margin is not None:
        inputs["margin"] = margin
    alone = SimpleNamespace(gather=lambda found: found, gather_for_metrics=lambda found: found)
    logged: Any = {"train": defaultdict(list), "eval": defaultdict(list)}
    trainer: Any = SimpleNamespace(
        model=SimpleNamespace(training=True), args=SimpleNamespace(center_rewards_coefficient=centring),
        accelerator=alone, _metrics=logged, _total_train_tokens=0,
    )  # fmt: skip
    loss = RewardTrainer.compute_loss(trainer, lambda **given: SimpleNamespace(logits=scores), inputs)
    return loss, {name: values[0] for name, values in logged["train"].items()}


@pytest.mark.parametrize("with_margin", [False, True])
@pytest.mark.parametrize("centring", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("spread", [0.3, 2.0, 20.0])
def test_loss_and_gradient_are_those_of_trl(with_margin: bool, centring: float, spread: float) -> None:
    """Half of the pairs are handed over the other way round, which changes nothing."""
    generator = torch.Generator().manual_seed(3)
    pairs = (spread * torch.randn(40, 2, generator=generator)).requires_grad_()
    margin = torch.rand(40, generator=generator) * 3 if with_margin else None
    labels = torch.arange(40)[:, None] % 2 + 1
    chosen, rejected = pairs.gather(1, labels - 1)[:, 0], pairs.gather(1, 2 - labels)[:, 0]
    theirs, logged = of_trl(chosen, rejected, margin, centring or None)
    ours = bradley_terry_loss(pair_differences(pairs), labels, margin=0.0 if margin is None else margin[:, None])
    ours = ours + centring * centring_penalty(pairs, labels)
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-5, abs=1e-5)
    slopes = [torch.autograd.grad(loss, pairs, retain_graph=True)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*slopes, atol=1e-5, rtol=1e-5)
    found = figures(pairs.detach(), pair_differences(pairs.detach()), labels)
    same = ("accuracy", "margin", "mean_reward", "min_reward", "max_reward")
    assert {name: found[name] for name in same} == pytest.approx({name: logged[name] for name in same}, abs=1e-5)
    other, _ = of_trl(rejected, chosen, margin, centring or None)  # the control
    assert abs(float(other.detach()) - float(ours.detach())) > 1e-3
