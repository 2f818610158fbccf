"""Counting without building."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from simlab.nets.sizes import TransformerConfig, count_parameters, flops_per_token
from simlab.nets.transformer import Transformer

GPT3 = TransformerConfig(vocab=50_257, width=12_288, layers=96, heads=96, context=2048)


def test_gpt3_counts_as_published() -> None:
    counts = count_parameters(GPT3)
    assert counts["embedding"] == 12_288 * 50_257
    assert counts["total"] == pytest.approx(175e9, rel=0.01)


@pytest.mark.parametrize(
    "config",
    [
        TransformerConfig(vocab=30),
        TransformerConfig(vocab=7, width=12, layers=3, heads=3, context=9, mlp_ratio=2),
        TransformerConfig(vocab=100, width=8, layers=1, heads=1, context=5),
    ],
)
def test_the_count_is_that_of_the_model_built(config: TransformerConfig) -> None:
    model = Transformer(config, torch.Generator().manual_seed(0))
    assert count_parameters(config)["total"] == sum(p.numel() for p in model.parameters())


def test_training_gpt3_costs_what_its_paper_says() -> None:
    # Brown et al. 2020, table D.1: 3.14e23 FLOPs for 300e9 tokens of the 175B model, counted as 6N without attention
    assert flops_per_token(GPT3) * 300e9 == pytest.approx(3.14e23, rel=0.05)
    assert flops_per_token(GPT3) == 3 * flops_per_token(GPT3, training=False)


@pytest.mark.parametrize("sizes", [{"vocab": 0}, {"layers": -1}, {"heads": 3}, {"width": 63}])
def test_impossible_sizes_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        TransformerConfig(**{"vocab": 10, **sizes})


def test_counting_needs_no_torch() -> None:
    code = "import sys, simlab.nets.sizes, simlab.nets.closed_form; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
