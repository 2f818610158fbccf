"""Gradients that are written out are those that torch finds by itself; and the draw in two steps is the draw."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from simlab.nets import blocks, dictionary
from simlab.nets.blocks import Block
from simlab.nets.dictionary import chosen
from simlab.nets.sampling import draw
from simlab.nets.transformer import Transformer, TransformerConfig

MASKS = ("none", "shared", "each")


@pytest.fixture
def block() -> Block:
    config = TransformerConfig(vocab=12, width=24, layers=1, heads=3)
    made: Block = Transformer(config, torch.Generator().manual_seed(1)).blocks[0].double()  # type: ignore[assignment]
    for number, parameter in enumerate(made.parameters()):  # biases of 0 and norms of 1 would hide mistakes
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
    return made


def _mask(kind: str, b: int, t: int) -> Tensor | None:
    if kind == "none":
        return None
    shape = (t, t) if kind == "shared" else (b, 1, t, t)
    return (torch.rand(shape, generator=torch.Generator().manual_seed(2)) > 0.5) | torch.eye(t, dtype=torch.bool)


def _results(block: Block, x: Tensor, mask: Tensor | None, weight: Tensor) -> list[Tensor]:
    """What comes out, and the gradients of what goes in and of every parameter."""
    asked = [x.clone().requires_grad_(), *block.parameters()]
    out = block(asked[0], mask=mask)
    return [out, *torch.autograd.grad((out * weight).sum(), asked)]


@pytest.mark.parametrize("tokens", [1, 5, blocks.ROOM, 21])
@pytest.mark.parametrize("kind", MASKS)
def test_a_block_is_what_torch_makes_of_it(
    block: Block, kind: str, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, weight = torch.randn(2, 4, tokens, 24, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mask = _mask(kind, 4, tokens)
    written = _results(block, x, mask, weight)
    assert "_Written" in type(written[0].grad_fn).__name__
    monkeypatch.setattr(blocks, "LONG", 0)
    for ours, theirs in zip(written, _results(block, x, mask, weight), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("rows", [0, 1, 300])
def test_log_probabilities_of_chosen_words(rows: int, temperature: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts of 64 rows, of which the last is smaller; with a word that cannot be said."""
    monkeypatch.setattr(dictionary, "CACHED", 1)
    generator = torch.Generator().manual_seed(4)
    hidden, words = (
        torch.randn(n, 8, generator=generator, dtype=torch.float64, requires_grad=True) for n in (rows, 20)
    )
    targets, weight = torch.randint(1, 20, (rows,), generator=generator), torch.randn(rows, generator=generator)
    silent = torch.zeros(20, dtype=torch.float64).index_fill(0, torch.tensor([0]), -torch.inf)
    ours = chosen(hidden, words, targets, silent, temperature)
    theirs = -F.cross_entropy(hidden @ words.t() / temperature + silent, targets, reduction="none")
    torch.testing.assert_close(ours, theirs)
    gradients = [torch.autograd.grad((found * weight).sum(), (hidden, words)) for found in (ours, theirs)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        torch.testing.assert_close(chosen(hidden, words, targets, silent, temperature), theirs)


@pytest.mark.parametrize("words", [1, 2, 7, 64, 511, 512, 1000])
def test_a_draw_inverts_the_cumulative_distribution(words: int) -> None:
    logits = 3 * torch.randn(500, words, generator=torch.Generator().manual_seed(5))
    logits[:, 1::3] = -torch.inf
    uniforms = torch.as_tensor(np.random.default_rng(6).random(500))
    uniforms[:2] = torch.tensor([0.0, 1.0 - 2.0**-53])
    drawn, logp = draw(logits, uniforms)
    p = logits.double().softmax(1)
    sums = p.cumsum(1).numpy()
    expected = [
        int(np.searchsorted(row / row[-1], u, side="right")) for row, u in zip(sums, uniforms.numpy(), strict=True)
    ]
    assert drawn[2:].tolist() == expected[2:]
    assert (p.gather(1, drawn[:, None]) > 0).all()  # even at the ends
    torch.testing.assert_close(logp.double(), p.gather(1, drawn[:, None])[:, 0].log(), rtol=1e-5, atol=1e-5)
