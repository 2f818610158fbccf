"""RLOO's and GRPO's pieces: by hand, by what they tend to, and beside TRL's on the same tensors."""

from __future__ import annotations

from collections import defaultdict
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from simlab.nets.group_baselines import Mean, group_normalized, k3, leave_one_out, response_loss, token_loss
from simlab.nets.practice import grouped

MEANS: tuple[Mean, ...] = ("grpo", "bnpo", "dr_grpo")


def drawn(seed: int, rows: int = 12, longest: int = 5) -> dict[str, Tensor]:
    """Log-probabilities now, then, and of the reference, of responses of several lengths; and advantages."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(longest) < torch.randint(1, longest + 1, (rows, 1), generator=generator)
    now = -torch.rand(rows, longest, generator=generator) * 3
    old = now + torch.randn(rows, longest, generator=generator) * 0.3
    ref = now + torch.randn(rows, longest, generator=generator) * 0.5
    return {
        "logp": (now * mask).requires_grad_(), "old": old * mask, "ref": ref * mask, "mask": mask,
        "reward": torch.randn(rows, generator=generator) * 2 + 1,
    }  # fmt: skip


def test_groups_are_prompts_in_a_row() -> None:
    asked = np.arange(12).reshape(6, 2)
    assert grouped(asked, 3).tolist() == [[0, 1]] * 3 + [[2, 3]] * 3
    assert grouped(asked, 1).tolist() == asked.tolist()
    with pytest.raises(ValueError, match="6 responses cannot be 4 to each prompt: the sample must be a multiple of 4"):
        grouped(asked, 4)


def test_advantages_by_hand() -> None:
    reward = torch.tensor([1.0, 2.0, 6.0, 5.0, 5.0, 5.0])
    assert leave_one_out(reward, 3).tolist() == pytest.approx([1 - 4, 2 - 3.5, 6 - 1.5, 0, 0, 0])
    assert group_normalized(reward, 3, scale=False).tolist() == pytest.approx([-2, -1, 3, 0, 0, 0])
    assert group_normalized(reward, 3).tolist() == pytest.approx([x / 7**0.5 for x in (-2, -1, 3)] + [0] * 3, abs=1e-3)


@pytest.mark.parametrize("k", [2, 3, 6])
def test_leaving_one_out_stretches_what_is_left_of_the_group_mean(k: int) -> None:
    """By k/(k − 1) (Kool et al. 2019), which no other k does."""
    reward = drawn(0)["reward"]
    centred = group_normalized(reward, k, scale=False)
    torch.testing.assert_close(leave_one_out(reward, k), centred * k / (k - 1))
    assert not torch.allclose(leave_one_out(reward, k), centred * (k + 1) / k)


@pytest.mark.parametrize(
    ("ratio", "advantage", "pulls"), [(1.3, 1.0, False), (0.7, 1.0, True), (1.3, -1.0, True), (0.7, -1.0, False)]
)
def test_a_clip_stops_a_response_that_went_far_enough(ratio: float, advantage: float, pulls: bool) -> None:
    """Of two words, the ratios multiply; without a clip every response pulls."""
    for clip, expected in ((0.2, pulls), (None, True)):
        logp = torch.full((1, 2), float(np.log(ratio)) / 2, requires_grad=True)
        loss, figures = response_loss(logp, torch.zeros(1, 2), torch.tensor([advantage]), clip)
        loss.backward()  # type: ignore[no-untyped-call]
        assert logp.grad is not None
        assert bool(logp.grad.abs().sum() > 0) == expected == (float(figures["policy_clipfrac_avg"]) == 0)


def test_what_a_loss_is_averaged_over() -> None:
    """A response of one word and one of three, at ratio 1: by response, by word, and by all words there might be."""
    mask = torch.tensor([[True, False, False], [True, True, True]])
    zero = torch.zeros(2, 3)
    found = [
        float(token_loss(zero, zero, zero, mask, torch.tensor([1.0, 3.0]), clip=0.2, mean=mean, longest=5)[0])
        for mean in MEANS
    ]
    assert found == pytest.approx([-(1 + 3) / 2, -(1 + 3 * 3) / 4, -(1 + 3 * 3) / (2 * 5)])


def test_k3_is_the_divergence_and_its_gradient_that_of_the_other_one() -> None:
    """In the mean over words drawn from π: the value is KL(π‖π_ref), the gradient ∇KL(π_ref‖π), not ∇KL(π‖π_ref)."""
    for seed in range(3):
        logits = torch.randn(2, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        mine = logits[0].clone().requires_grad_()
        logp, ref = mine.log_softmax(0), logits[1].log_softmax(0)
        forward, reverse = (ref.exp() * (ref - logp)).sum(), (logp.exp() * (logp - ref)).sum()
        estimate = (logp.detach().exp() * k3(logp, ref)).sum()
        gradients = [torch.autograd.grad(x, mine, retain_graph=True)[0] for x in (estimate, forward, reverse)]
        torch.testing.assert_close(estimate, reverse)
        torch.testing.assert_close(gradients[0], gradients[1])
        assert float((gradients[0] - gradients[2]).abs().max()) > 0.01


# ---- beside TRL ----------------------------------------------------------------------------------------------------

needs_trl = pytest.mark.skipif(not all(map(find_spec, ("trl", "transformers", "datasets"))), reason="needs trl")
their_warnings = pytest.mark.filterwarnings("ignore")


def trainer(given: dict[str, Tensor], **settings: Any) -> Any:
    """What TRL's losses ask of their trainer, with these log-probabilities in the place of a model's."""
    found = (given["logp"], torch.zeros_like(given["logp"]), None)
    return SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: found,
        accelerator=SimpleNamespace(gather=lambda x: x, reduce=lambda x, reduction: x, num_processes=1),
        _metrics={"train": defaultdict(list), "eval": defaultdict(list)}, aux_loss_enabled=False,
        epsilon_low=0.2, epsilon_high=0.2, model=SimpleNamespace(training=True), **settings,
    )  # fmt: skip


def inputs(given: dict[str, Tensor], advantages: Tensor) -> dict[str, Any]:
    words = torch.ones_like(given["logp"], dtype=torch.int64)
    return {
        "prompt_ids": words[:, :1], "prompt_mask": words[:, :1], "completion_ids": words,
        "completion_mask": given["mask"].long(), "advantages": advantages, "old_per_token_logps": given["old"],
        "ref_per_token_logps": given["ref"], "old_logps": given["old"].sum(1),
    }  # fmt: skip


def gradient(loss: Tensor, given: dict[str, Tensor]) -> Tensor:
    """With respect to log-probabilities of words; those of padding are constants."""
    return torch.autograd.grad(loss, given["logp"])[0] * given["mask"]


@needs_trl
@their_warnings
@pytest.mark.parametrize("seed", range(3))
def test_advantages_are_those_of_trl(seed: int) -> None:
    """GRPOTrainer and RLOOTrainer compute them in the midst of generation; these are their lines, by their `nanstd`."""
    from trl.trainer.utils import nanstd

    reward, k = drawn(seed)["reward"], 4
    each = reward.view(-1, k)
    mean = torch.nanmean(each, dim=1).repeat_interleave(k, dim=0)
    spread = nanstd(each, dim=1).repeat_interleave(k, dim=0)
    torch.testing.assert_close(group_normalized(reward, k), (reward - mean) / (spread + 1e-4), atol=1e-5, rtol=0)
    torch.testing.assert_close(group_normalized(reward, k, scale=False), reward - mean, atol=1e-5, rtol=0)
    baseline = ((torch.nansum(each, dim=1, keepdim=True) - each) / (k - 1)).view(-1)
    torch.testing.assert_close(leave_one_out(reward, k), reward - baseline, atol=1e-5, rtol=0)


@needs_trl
@their_warnings
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [0.0, 0.3])
@pytest.mark.parametrize("mean", MEANS)
def test_the_loss_of_tokens_is_that_of_trl(mean: Mean, beta: float, seed: int) -> None:
    from trl import GRPOTrainer

    given = drawn(seed)
    advantage = group_normalized(given["reward"], 4)
    theirs = trainer(
        given, beta=beta, loss_type=mean, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", use_vllm=False, _entropy_bonus_enabled=False, max_completion_length=9,
        current_gradient_accumulation_steps=1,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
    )  # fmt: skip
    expected = GRPOTrainer._compute_loss(theirs, None, inputs(given, advantage))
    loss, figures = token_loss(
        given["logp"], given["old"], given["ref"], given["mask"], advantage, clip=0.2, beta=beta, mean=mean, longest=9
    )
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(gradient(loss, given), gradient(expected, given), atol=1e-5, rtol=0)
    (clipped,) = theirs._metrics["train"]["clip_ratio/region_mean"]
    assert float(figures["policy_clipfrac_avg"]) == pytest.approx(clipped, abs=1e-6)
    others = [token_loss(given["logp"], given["old"], given["ref"], given["mask"], advantage, clip=0.2, beta=beta,
                         mean=other, longest=9)[0] for other in MEANS if other != mean]  # fmt: skip
    assert min(float((other - expected).abs()) for other in others) > 1e-3  # a control: what is averaged over matters


@needs_trl
@their_warnings
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_of_responses_is_that_of_trl(seed: int) -> None:
    from trl import RLOOTrainer

    given = drawn(seed)
    advantage = leave_one_out(given["reward"], 4)
    theirs = trainer(given)
    expected = RLOOTrainer._compute_loss(theirs, None, inputs(given, advantage))
    loss, figures = response_loss(given["logp"], given["old"], advantage, 0.2)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(gradient(loss, given), gradient(expected, given), atol=1e-5, rtol=0)
    (clipped,) = theirs._metrics["train"]["clip_ratio/region_mean"]
    assert float(figures["policy_clipfrac_avg"]) == pytest.approx(clipped, abs=1e-6)
    free, _ = response_loss(given["logp"], given["old"], advantage, None)
    assert float((free - expected).abs()) > 1e-3  # a control: the clip decides something here
