"""Supervised fine-tuning: the loss is plain cross-entropy of the responses' tokens, and what was shown is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from simlab.nets.imitation import imitate, response_loss
from simlab.nets.transformer import Transformer, TransformerConfig, log_probs

V, START, SEP, END = 20, 1, 2, 3


def model(seed: int = 0) -> Transformer:
    config = TransformerConfig(vocab=V, width=16, layers=2, heads=2, context=16)
    return Transformer(config, torch.Generator().manual_seed(seed))


def exchanges(n: int, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts [n, 6] and responses [n, 5] of different lengths, padded with 0."""
    draws = torch.Generator().manual_seed(seed)
    prompts, responses = torch.zeros(n, 6, dtype=torch.int64), torch.zeros(n, 5, dtype=torch.int64)
    for row in range(n):
        asked, said = 1 + row % 4, row % 5
        prompts[row, : asked + 2] = torch.tensor([START, *torch.randint(4, V, (asked,), generator=draws).tolist(), SEP])
        responses[row, : said + 1] = torch.tensor([*torch.randint(4, V, (said,), generator=draws).tolist(), END])
    return prompts, responses


def plain(net: Transformer, prompts: torch.Tensor, responses: torch.Tensor, *, whole: bool) -> torch.Tensor:
    """The same as TRL has it: one sequence an exchange, labels of −100 where nothing is learned, shifted by one."""
    rows, labels = [], []
    for asked, said in zip(prompts.tolist(), responses.tolist(), strict=True):
        p, r = [t for t in asked if t], [t for t in said if t]
        rows.append([*p, *r])
        labels.append([*(p if whole else [-100] * len(p)), *r])
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    target = torch.tensor([row + [-100] * (longest - len(row)) for row in labels])
    logits = net.logits(net(tokens))
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), target[:, 1:].flatten(), ignore_index=-100)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("whole", [False, True])
def test_the_loss_is_plain_cross_entropy(seed: int, whole: bool) -> None:
    """And so are its gradients. (Wrong: whoever counts the prompts, too, or leaves them out.)"""
    net, (prompts, responses) = model(seed), exchanges(13, seed)
    found = response_loss(net, prompts, responses, prompts_too=whole)
    expected = plain(net, prompts, responses, whole=whole)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    for one, other in zip(
        torch.autograd.grad(found, list(net.parameters())),
        torch.autograd.grad(expected, list(net.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    other = plain(net, prompts, responses, whole=not whole)
    assert abs(float((found - other).detach())) > 1e-3


def test_what_was_shown_is_learned_and_prompts_are_not() -> None:
    prompts, responses = exchanges(24)
    taught, before = model(), model()
    rows = imitate(taught, prompts, responses, epochs=40, batch=8, rate=3e-3, seed=5)
    assert len(rows) == 40 * 3
    assert [row["step"] for row in rows] == list(range(1, 121))
    assert rows[-1]["epoch"] == 40
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]
    assert log_probs(taught, prompts, responses).sum(1).mean() > log_probs(before, prompts, responses).sum(1).mean() + 3
    asked = [plain(net, prompts, responses, whole=True) for net in (before, taught)]
    both = model()
    imitate(both, prompts, responses, epochs=40, batch=8, rate=3e-3, prompts_too=True, seed=5)
    assert plain(both, prompts, responses, whole=True) < min(asked)


def test_the_rate_climbs_and_falls() -> None:
    """Linearly over the first tenth of 20 steps, and then to a step before 0."""
    rows = imitate(model(), *exchanges(20), epochs=4, batch=4, rate=0.1, warmup=0.1, seed=1)
    rates = np.array([row["learning_rate"] for row in rows])
    np.testing.assert_allclose(rates[:3], [0.05, 0.1, 0.1])
    np.testing.assert_allclose(np.diff(rates[2:]), -0.1 / 18)
    assert rates[-1] == pytest.approx(0.1 / 18)


def test_equal_seeds_are_equal_models_and_others_are_not() -> None:
    made = []
    for seed in (3, 3, 4):
        net = model()
        imitate(net, *exchanges(20), epochs=1, batch=4, seed=seed)
        made.append(net.words.detach())
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_learn_from_is_refused(rows: int) -> None:
    prompts, _ = exchanges(1)
    with pytest.raises(ValueError, match="there must be exchanges"):
        imitate(model(), prompts[:rows], torch.zeros(rows, 5, dtype=torch.int64), seed=0)
