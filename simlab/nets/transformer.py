"""The language model: a causal transformer over words, its pretraining, and how it speaks.

Each vector attends to those before it; the last is compared with the dictionary of word embeddings, which gives
the probabilities of the next word; one word is drawn and appended, until the end token. Used by the language-model
party and by `preference` and `policy`; knows nothing of simlab.

Sequences are int64 and padded with 0 *on the right*; a response follows its prompt directly, so that neither
padding nor the other rows of a batch reach a number but by the rounding of float32 sums, which differs with the size of
a product: equal calls give equal bits, and the same row beside others the same to about 1e-6. Work is done in parts of
rows of like length (`by_length`), which waste no padding and stay in a processor's cache.

Shapes: B sequences, T tokens, P prompt tokens, d width, H heads, V words. References: Vaswani et al. 2017
(arXiv:1706.03762); Radford et al. 2019 (GPT-2: pre-norm, learned positions, initialization); Press & Wolf 2017
(arXiv:1608.05859: tied embeddings).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import Block, Memory
from .dictionary import chosen
from .sizes import TransformerConfig, count_parameters, flops_per_token

__all__ = [
    "Transformer",
    "TransformerConfig",
    "count_parameters",
    "flops_per_token",
    "from_arrays",
    "log_probs",
    "neighbours",
    "next_words",
    "response_mask",
    "to_arrays",
]

Progress = Callable[[int, int], None]  # called with (done, total)
Numbers = Tensor | NDArray[Any]
READ, LEARN = 256, 64  # rows at once, without and with gradients: of 64 to 1,024, fastest on processors at width 64
M = TypeVar("M", bound=nn.Module)
_MOVED = {"generate": "sampling", "draw": "sampling", "pretrain": "pretraining", "next_word_loss": "pretraining",
          "adamw": "optimizer", "descend": "optimizer", "scale_rate": "optimizer",
          "blank_linear": "blocks"}  # fmt: skip


class Transformer(nn.Module):
    """Words in, vectors out; `logits` compares vectors with the dictionary."""

    def __init__(self, config: TransformerConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Parameter(torch.empty(config.vocab, config.width))
        self.positions = nn.Parameter(torch.empty(config.context, config.width))
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.mlp_ratio) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        silent = torch.zeros(config.vocab)
        silent[list(config.unspoken)] = -torch.inf
        self.register_buffer("silent", silent, persistent=False)
        self.silent: Tensor
        self._initialize(generator)

    @torch.no_grad()
    def _initialize(self, generator: torch.Generator) -> None:
        """Weights N(0, 1/inputs), narrower by √(2·layers) where they add to the stream (GPT-2); biases 0.

        GPT-2's std of .02 suits widths near 1/.02² = 2,500; at width 64 it learns facts far later (measured: none
        against two thirds of 144 facts after 300 steps).
        """
        for name, parameter in self.named_parameters():
            if name == "positions":
                parameter.normal_(0.0, 0.02, generator=generator)
            elif parameter.ndim == 2:
                adds = name.endswith(("merge.weight", "down.weight"))
                depth = 2 * self.config.layers if adds else 1
                parameter.normal_(0.0, 1 / math.sqrt(parameter.shape[1] * depth), generator=generator)
            elif name.endswith("bias"):
                parameter.zero_()

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor | None = None,
        memories: Sequence[Memory] | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Vectors [B, T, d] of tokens [B, T], each knowing the tokens up to and including itself.

        `positions` [B, T] default to 0…T−1. With `memories` (one a block) earlier tokens are remembered, and later
        calls need a `mask` [B, 1, T, S], True where a remembered key may be seen, unless they bring one token each,
        which sees all.
        """
        if positions is None and tokens.shape[1] > self.config.context:
            raise ValueError(f"{tokens.shape[1]} tokens do not fit in a context of {self.config.context}")
        x = F.embedding(tokens, self.words)
        x = x + (self.positions[: tokens.shape[1]] if positions is None else F.embedding(positions, self.positions))
        for number, block in enumerate(self.blocks):
            x = block(x, None if memories is None else memories[number], mask)
        out: Tensor = self.norm(x)
        return out

    def memories(self, rows: int, slots: int) -> list[Memory]:
        """An empty memory for each block, of so many sequences with room for so many tokens."""
        return [Memory(rows, self.config.heads, slots, self.config.width, like=self.words) for _ in self.blocks]

    def logits(self, hidden: Tensor) -> Tensor:
        """Comparison with the dictionary: unnormalized log-probabilities [..., V] of the next word."""
        compared: Tensor = F.linear(hidden, self.words)
        return compared

    def speech(self, hidden: Tensor, temperature: float = 1.0) -> Tensor:
        """The logits a response is drawn from: divided by `temperature`, -inf for what is never said."""
        logits = self.logits(hidden)
        return (logits if temperature == 1.0 else logits.div_(temperature)).add_(self.silent)

    def log_likely(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Log-probability [N] of each of `words` [N] to be the next after vectors [N, d]; nothing is masked."""
        return chosen(hidden, self.words, words, None)

    def log_spoken(self, hidden: Tensor, words: Tensor, temperature: float = 1.0) -> Tensor:
        """The same, as a response is drawn: by `speech`."""
        return chosen(hidden, self.words, words, self.silent, temperature)

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.words.device


def shuffled(items: int, draws: int, generator: torch.Generator) -> Tensor:
    """`draws` indices below `items`: one random order after another, so that all are seen equally often."""
    epochs = [torch.randperm(items, generator=generator) for _ in range(-(-draws // items))]
    return torch.cat([*epochs, torch.empty(0, dtype=torch.int64)])[:draws]


def trimmed(tokens: Tensor) -> Tensor:
    """Without the columns in which every row is padding."""
    return tokens[:, : int((tokens != 0).sum(1).max())]


def by_length(size: int, *tokens: Tensor) -> tuple[Tensor, ...]:
    """All rows of `tokens` (several [n, T], taken together), in parts of `size` at most, the shortest first.

    On a graphics card, where a part costs a launch whatever its size, sixteen times as many make one.
    """
    order = sum((t != 0).sum(1) for t in tokens).argsort(stable=True)  # type: ignore[union-attr]
    return torch.split(order, size if order.device.type == "cpu" else 16 * size) if len(order) else ()


def response_mask(responses: Tensor) -> Tensor:
    """True [n, T] where a response has a token (its end token included), False where it is padding."""
    return responses != 0


def lengths(tokens: Tensor) -> Tensor:
    """How many tokens each row [n, T] has. Raises ValueError if a row is empty or padded on the left."""
    if not bool((tokens[:, 0] != 0).all()):
        raise ValueError("rows must have at least one token and be padded with 0 on the right")
    return (tokens != 0).sum(1)


def read_exchanges(model: Transformer, prompts: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
    """The model's vectors around each response token: before it (they predict it) and at it (they know it).

    prompts [B, P], responses [B, T] -> two tensors [B, T, d]; what stands at padding means nothing. Differentiable.
    """
    size = lengths(prompts)
    b, t = responses.shape
    slots = size[:, None] + torch.arange(t, device=size.device)  # [B, T] where the response's tokens go
    tokens = F.pad(prompts, (0, t)).scatter(1, slots, responses)
    hidden: Tensor = model(trimmed(tokens))  # [B, S, d]
    slots = slots.clamp(max=hidden.shape[1] - 1)
    rows = torch.arange(b, device=size.device)[:, None]
    return hidden[rows, slots - 1], hidden[rows, slots]


def read_rankings(model: Transformer, prompts: Tensor, responses: Tensor) -> Tensor:
    """The model's vectors [m, K, T, d] at each token of K responses [m, K, T] to each prompt [m, P], as if every
    response were read alone; what stands at padding means nothing. Differentiable.

    The prompt is read once: it and its responses are one sequence, in which a response sees the prompt and itself.
    """
    (m, p), (k, t) = prompts.shape, responses.shape[1:]
    size, at, said = lengths(prompts), torch.arange(p, device=prompts.device), torch.arange(t, device=prompts.device)
    if int(size.max()) + t > model.config.context:
        raise ValueError(f"{p} + {t} tokens of prompt and response do not fit in a context of {model.config.context}")
    positions = torch.cat((at.expand(m, p), (size[:, None] + said).repeat(1, k)), 1)
    owner = torch.cat((at * 0, 1 + torch.arange(k, device=at.device).repeat_interleave(t)))  # 0: of the prompt
    place = torch.arange(p + k * t, device=at.device)
    seen = (place[:, None] >= place) & ((owner[:, None] == owner) | (owner == 0))  # [S, S], True where a key is seen
    real = torch.cat((at < size[:, None], torch.ones(m, k * t, dtype=torch.bool, device=at.device)), 1)
    mask = seen if p == int(size.min()) else (seen & real[:, None])[:, None]
    hidden: Tensor = model(torch.cat((prompts, responses.flatten(1)), 1), positions, mask=mask)
    return hidden[:, p:].reshape(m, k, t, -1)


def spoken(model: Transformer, before: Tensor, responses: Tensor, temperature: float = 1.0) -> Tensor:
    """Log-probability [B, T] of each response token given the vectors `before` it [B, T, d]; 0 at padding."""
    mask = response_mask(responses)
    found = model.log_spoken(before[mask], responses[mask], temperature)
    return torch.zeros(responses.shape, device=found.device, dtype=found.dtype).masked_scatter(mask, found)


@torch.no_grad()
def log_probs(
    model: Transformer, prompts: Numbers, responses: Numbers, *, temperature: float = 1.0, batch: int = READ
) -> Tensor:
    """Log-probability [n, T] of every response token, end token included, 0 at padding; float32, model's device."""
    asked, said = rows_of(model, prompts), rows_of(model, responses)
    out = torch.zeros(said.shape, device=model.device)
    for rows in by_length(at_once(model, batch, said.shape[1]), asked, said):
        p, r = trimmed(asked[rows]), trimmed(said[rows])
        out[rows, : r.shape[1]] = spoken(model, read_exchanges(model, p, r)[0], r, temperature)
    return out


def at_once(model: Transformer, rows: int, tokens: int) -> int:
    """At most so many rows of so many tokens that their logits need no more than half a gigabyte."""
    return max(1, min(rows, (1 << 27) // (model.config.vocab * max(tokens, 1))))


def rows_of(model: Transformer, tokens: Numbers) -> Tensor:
    return torch.as_tensor(tokens, dtype=torch.int64, device=model.device)


@torch.no_grad()
def next_words(model: Transformer, tokens: Sequence[int] | Numbers) -> Tensor:
    """P(next word) [V] after a text of tokens [T]: P(w₂|w₁), P(w₃|w₁,w₂), … ; nothing is masked."""
    hidden: Tensor = model(torch.as_tensor(tokens, dtype=torch.int64, device=model.device).view(1, -1))
    return model.logits(hidden[0, -1]).softmax(0)


@torch.no_grad()
def neighbours(model: Transformer, token: int, k: int = 10) -> list[tuple[int, float]]:
    """The k words whose embeddings point most nearly the way of `token`'s, with the cosine, nearest first."""
    directions = F.normalize(model.words, dim=1)
    cosines = directions @ directions[token]
    cosines[token] = -torch.inf
    found = cosines.topk(min(k, len(cosines) - 1))
    return list(zip(found.indices.tolist(), found.values.tolist(), strict=True))


def __getattr__(name: str) -> Any:
    """What was here until version 0.6, and learners of users' own ask for here."""
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MOVED[name]}", __package__), name)


def to_arrays(module: nn.Module) -> dict[str, NDArray[Any]]:
    """Everything the module has learnt, as arrays by name (copies, on the CPU)."""
    return {name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()}


def from_arrays(module: M, arrays: dict[str, NDArray[Any]]) -> M:
    """Give the module what `to_arrays` took; raises RuntimeError if names or shapes differ. Returns the module."""
    module.load_state_dict({name: torch.as_tensor(np.asarray(value)) for name, value in arrays.items()})
    return module
