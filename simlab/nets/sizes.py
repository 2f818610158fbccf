"""How big a transformer is: its configuration, its parameters, the work a token costs. No torch, no model built.

Used by `transformer`, and by whoever must refuse a size, or time a computation, before anything is computed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The shape of a transformer: `vocab` words, `width` d, `layers`, `heads` (which divide width), `context` tokens.

    `mlp_ratio` is the hidden width of the MLP over d (4: Vaswani et al.); `unspoken` are the tokens a response can
    never contain (padding, start, separator). The nonlinearity is ReLU: 1.2 to 1.3 times faster than GELU on a CPU
    and no worse at this scale. Raises ValueError for sizes that cannot be.
    """

    vocab: int
    width: int = 64
    layers: int = 2
    heads: int = 4
    context: int = 48
    mlp_ratio: int = 4
    unspoken: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        if min(self.vocab, self.width, self.layers, self.heads, self.context, self.mlp_ratio) < 1:
            raise ValueError(f"every size of a transformer must be at least 1: {self}")
        if self.width % self.heads:
            raise ValueError(f"heads ({self.heads}) must divide width ({self.width})")


@dataclass(frozen=True, slots=True)
class PretrainedConfig:
    """The shape of a model that others have pretrained: `vocab` tokens, the signs of the games included, `width` d,
    `layers`, `heads`, `context` tokens; `end` is its own number for the end of a text, `weights` how many numbers
    multiply (tied embeddings once). `unspoken` are the tokens a response can never contain."""

    vocab: int
    width: int
    layers: int
    heads: int
    context: int
    end: int
    weights: int
    unspoken: tuple[int, ...]


def count_parameters(config: TransformerConfig) -> dict[str, int]:
    """How many numbers the model learns, without building it: "embedding" (the dictionary), "positions", "layers"
    (all blocks and the final norm) and "total". GPT-3's shape gives 50,257 × 12,288 and 175 billion."""
    d, hidden = config.width, config.mlp_ratio * config.width
    attention = 2 * d + (d * 3 * d + 3 * d) + (d * d + d)  # norm, queries-keys-values, merge
    mlp = 2 * d + (d * hidden + hidden) + (hidden * d + d)
    parts = {
        "embedding": config.vocab * d,
        "positions": config.context * d,
        "layers": config.layers * (attention + mlp) + 2 * d,
    }
    return {**parts, "total": sum(parts.values())}


def flops_per_token(config: TransformerConfig | PretrainedConfig, *, training: bool = True) -> float:
    """Floating-point operations for one token: 2N forward and 4N backward, plus attention over the whole context.

    N are the weights that multiply: the blocks and the output projection (the dictionary is tied, so it counts once).
    Source: Kaplan et al. 2020 (arXiv:2001.08361) §2.1, table 1, with the output projection added.
    """
    if isinstance(config, PretrainedConfig):
        weights = config.weights
    else:
        weights = (counts := count_parameters(config))["layers"] + counts["embedding"]
    forward = 2 * weights + 2 * config.layers * config.context * config.width
    return float(forward * (3 if training else 1))
