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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from .optimizer import AdamW, Optimizer
from .sizes import TransformerConfig, count_parameters, flops_per_token

__all__ = [
    "Transformer",
    "TransformerConfig",
    "count_parameters",
    "flops_per_token",
    "from_arrays",
    "generate",
    "log_probs",
    "neighbours",
    "next_words",
    "pretrain",
    "response_mask",
    "speak",
    "to_arrays",
]

Progress = Callable[[int, int], None]  # called with (done, total)
Numbers = Tensor | NDArray[Any]
READ, LEARN = 256, 64  # rows at once, without and with gradients: of 64 to 1,024, fastest on processors at width 64
M = TypeVar("M", bound=nn.Module)


class Memory:
    """Keys and values of one block for the tokens read so far (the KV cache): two buffers [B, H, S, d/H]."""

    def __init__(self, rows: int, heads: int, slots: int, size: int, like: Tensor) -> None:
        self.keys = like.new_zeros(rows, heads, slots, size)
        self.values = like.new_zeros(rows, heads, slots, size)
        self.filled = 0

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Remember more keys and values [B, H, T, d/H]; returns all of them."""
        stop = self.filled + keys.shape[2]
        self.keys[:, :, self.filled : stop] = keys
        self.values[:, :, self.filled : stop] = values
        self.filled = stop
        return self.keys[:, :, :stop], self.values[:, :, :stop]

    def keep(self, rows: Tensor) -> None:
        """Forget every sequence but these."""
        self.keys, self.values = self.keys[rows], self.values[rows]


class _Blank(nn.Linear):
    def reset_parameters(self) -> None:
        """Leave the numbers as they are."""


def blank_linear(inputs: int, outputs: int, device: torch.device | None = None) -> nn.Linear:
    """A linear layer without numbers yet; nn.Linear would draw some from torch's global generator."""
    return _Blank(inputs, outputs, device=device)


class Block(nn.Module):
    """Attention, then an MLP, each reading a normed copy of the stream and adding to it (pre-norm)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        d, self.heads = config.width, config.heads
        self.attention_norm = nn.LayerNorm(d)
        self.attend = blank_linear(d, 3 * d)
        self.merge = blank_linear(d, d)
        self.mlp_norm = nn.LayerNorm(d)
        self.up = blank_linear(d, config.mlp_ratio * d)
        self.down = blank_linear(config.mlp_ratio * d, d)

    def forward(self, x: Tensor, memory: Memory | None = None, mask: Tensor | None = None) -> Tensor:
        """x [B, T, d] -> [B, T, d]; without a `mask` (True where a key may be seen) attention is causal."""
        b, t, d = x.shape
        split = self.attend(self.attention_norm(x)).view(b, t, 3, self.heads, d // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # each [B, H, T, d/H]
        if memory is not None:
            k, v = memory.append(k, v)
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        x = x + self.merge(heard.transpose(1, 2).reshape(b, t, d))
        x = x + self.down(F.relu(self.up(self.mlp_norm(x))))
        return x


class Transformer(nn.Module):
    """Words in, vectors out; `logits` compares vectors with the dictionary."""

    def __init__(self, config: TransformerConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Parameter(torch.empty(config.vocab, config.width))
        self.positions = nn.Parameter(torch.empty(config.context, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
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
        calls need a `mask` [B, 1, T, S], True where a remembered key may be seen.
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
        shape = (rows, self.config.heads, slots, self.config.width // self.config.heads)
        return [Memory(*shape, like=self.words) for _ in self.blocks]

    def logits(self, hidden: Tensor) -> Tensor:
        """Comparison with the dictionary: unnormalized log-probabilities [..., V] of the next word."""
        compared: Tensor = F.linear(hidden, self.words)
        return compared

    def speech(self, hidden: Tensor, temperature: float = 1.0) -> Tensor:
        """The logits a response is drawn from: divided by `temperature`, -inf for what is never said."""
        logits = self.logits(hidden)
        return (logits if temperature == 1.0 else logits / temperature) + self.silent

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.words.device


def adamw(parameters: Iterable[nn.Parameter], rate: float, *, decay: float = 0.0) -> AdamW:
    """AdamW with betas (.9, .95) (GPT-3, table 2.1 notes)."""
    return AdamW(parameters, rate, betas=(0.9, 0.95), weight_decay=decay)


def shuffled(items: int, draws: int, generator: torch.Generator) -> Tensor:
    """`draws` indices below `items`: one random order after another, so that all are seen equally often."""
    epochs = [torch.randperm(items, generator=generator) for _ in range(-(-draws // items))]
    return torch.cat(epochs)[:draws]


def trimmed(tokens: Tensor) -> Tensor:
    """Without the columns in which every row is padding."""
    return tokens[:, : int((tokens != 0).sum(1).max())]


def by_length(size: int, *tokens: Tensor) -> tuple[Tensor, ...]:
    """All rows of `tokens` (several [n, T], taken together), in parts of `size` at most, the shortest first.

    On a graphics card, where a part costs a launch whatever its size, sixteen times as many make one.
    """
    order = sum((t != 0).sum(1) for t in tokens).argsort(stable=True)  # type: ignore[union-attr]
    return torch.split(order, size if order.device.type == "cpu" else 16 * size) if len(order) else ()


def pretrain(
    config: TransformerConfig,
    sequences: Numbers,
    *,
    steps: int = 600,
    batch: int = 128,
    rate: float = 3e-3,
    seed: int,
    start: Transformer | None = None,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> tuple[Transformer, list[float]]:
    """Train from a random start, or in place from `start`, on `sequences` [N, T] (0 = padding) by cross-entropy at
    every position.

    The rate climbs linearly over the first 5 % of the `steps` and then falls linearly to zero; gradients are clipped
    at norm 1 (GPT-3, appendix B). Returns the model and the loss of each step in nats a token. The seed decides
    everything; equal seeds give equal models on one device. Raises ValueError if nothing can be learnt from.
    """
    data = torch.as_tensor(sequences, dtype=torch.int64)
    if data.ndim != 2 or not len(data) or int((data != 0).sum(1).min()) < 2:
        raise ValueError("pretraining needs at least one sequence, each of two tokens or more")
    generator = torch.Generator().manual_seed(seed)
    model = (start or Transformer(config, generator)).to(device)
    optimizer = adamw(model.parameters(), rate, decay=0.01)
    order = shuffled(len(data), steps * batch, generator).view(steps, batch)
    data, losses = data.to(device), []
    for step, rows in enumerate(order.to(device)):
        scale_rate(optimizer, _warmup_decay(step, steps))
        optimizer.zero_grad(set_to_none=True)
        losses.append(_next_word_gradient(model, data[rows]))
        step_down(optimizer)
        if progress is not None:
            progress(step + 1, steps)
    return model, torch.stack(losses).tolist() if losses else []


def next_word_loss(model: Transformer, tokens: Tensor) -> Tensor:
    """Mean cross-entropy of each token [B, T] given those before it, in nats; padding is ignored."""
    target = tokens[:, 1:]
    real = target != 0
    hidden = model(tokens[:, :-1])[real]  # [M, d], only what will be compared with the dictionary
    return F.cross_entropy(model.logits(hidden), target[real])


def _next_word_gradient(model: Transformer, tokens: Tensor) -> Tensor:
    """Add the gradient of the mean cross-entropy of a batch [B, T] to that of the parameters, part by part; returns
    the loss."""
    words, losses = (tokens[:, 1:] != 0).sum(), []
    for rows in by_length(LEARN, tokens):
        part = trimmed(tokens[rows])
        loss = next_word_loss(model, part) * (part[:, 1:] != 0).sum() / words
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    return torch.stack(losses).sum()


def descend(loss: Tensor, optimizer: Optimizer, limit: float = 1.0) -> Tensor:
    """One step down the gradient of `loss`, its norm clipped at `limit`; returns the norm it had before."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return step_down(optimizer, limit)


def step_down(optimizer: Optimizer, limit: float = 1.0) -> Tensor:
    """One step down the gradient that the parameters have, its norm clipped at `limit`; returns that norm."""
    norm = nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], limit)
    optimizer.step()
    return norm


def _warmup_decay(step: int, steps: int) -> float:
    warmup = max(1, steps // 20)
    return (step + 1) / warmup if step < warmup else (steps - step) / max(1, steps - warmup)


def scale_rate(optimizer: Optimizer, share: float) -> None:
    """Set every rate to this share of what it was at first."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * share


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
    found = -F.cross_entropy(model.speech(before[mask], temperature), responses[mask], reduction="none")
    return torch.zeros(responses.shape, device=found.device, dtype=found.dtype).masked_scatter(mask, found)


@torch.no_grad()
def log_probs(
    model: Transformer, prompts: Numbers, responses: Numbers, *, temperature: float = 1.0, batch: int = READ
) -> Tensor:
    """Log-probability [n, T] of every response token, end token included, 0 at padding; float32, model's device."""
    asked, said = _rows(model, prompts), _rows(model, responses)
    out = torch.zeros(said.shape, device=model.device)
    for rows in by_length(_at_once(model, batch, said.shape[1]), asked, said):
        p, r = trimmed(asked[rows]), trimmed(said[rows])
        out[rows, : r.shape[1]] = spoken(model, read_exchanges(model, p, r)[0], r, temperature)
    return out


def _at_once(model: Transformer, rows: int, tokens: int) -> int:
    """At most so many rows of so many tokens that their logits need no more than half a gigabyte."""
    return max(1, min(rows, (1 << 27) // (model.config.vocab * max(tokens, 1))))


def _rows(model: Transformer, tokens: Numbers) -> Tensor:
    return torch.as_tensor(tokens, dtype=torch.int64, device=model.device)


@dataclass(frozen=True, slots=True)
class Speech:
    """Responses as they were said: tokens [n, T]; what the model gave each, log-probabilities [n, T], 0 at padding, and
    its vectors before each [n, T, d], 0 at padding."""

    responses: Tensor
    logp: Tensor
    before: Tensor

    @staticmethod
    def silence(model: Transformer, rows: int, words: int) -> Speech:
        """Nothing yet."""
        empty, device = (rows, words), model.device
        said = torch.zeros(empty, dtype=torch.int64, device=device)
        return Speech(said, torch.zeros(empty, device=device), torch.zeros(*empty, model.config.width, device=device))

    def trimmed(self) -> Speech:
        """Without the columns in which every response has ended."""
        responses = trimmed(self.responses)
        t = responses.shape[1]
        return Speech(responses, self.logp[:, :t], self.before[:, :t])


@torch.no_grad()
def speak(
    model: Transformer,
    prompts: Numbers,
    uniforms: Numbers,
    *,
    end: int,
    temperature: float = 1.0,
    batch: int = READ,
) -> Speech:
    """Responses [n, T] to prompts [n, P]: word by word up to the `end` token, 0 after it.

    Token t of row i is the inverse of the cumulative distribution at `uniforms[i, t]` in [0, 1), so a row's draws
    belong to the row, whoever else is in the batch. Nothing in `config.unspoken` is ever said. `temperature` 0 takes
    the likeliest word. On the model's device; raises ValueError if prompt and response exceed the context.
    """
    asked = _rows(model, prompts)
    draws = torch.as_tensor(uniforms, dtype=torch.float64, device=model.device)
    out = Speech.silence(model, *draws.shape)
    for rows in by_length(_at_once(model, batch, 4), asked):  # a token is drawn from a few copies of the logits
        said = _continue(model, trimmed(asked[rows]), draws[rows], end, temperature)
        out.responses[rows], out.logp[rows], out.before[rows] = said.responses, said.logp, said.before
    return out


def generate(
    model: Transformer, prompts: Numbers, uniforms: Numbers, *, end: int, temperature: float = 1.0, batch: int = READ
) -> Tensor:
    """The tokens [n, T] of `speak`, int64."""
    return speak(model, prompts, uniforms, end=end, temperature=temperature, batch=batch).responses


def _continue(model: Transformer, prompts: Tensor, draws: Tensor, end: int, temperature: float) -> Speech:
    """Responses [B, T]. Rows that have ended are dropped from the work once they are a quarter of it."""
    (b, p), t = prompts.shape, draws.shape[1]
    out = Speech.silence(model, b, t)
    config = model.config
    if p + t > config.context:
        raise ValueError(f"{p} + {t} tokens of prompt and response do not fit in a context of {config.context}")
    size, rows = lengths(prompts), torch.arange(b, device=prompts.device)
    memories = model.memories(b, p + t)
    visible = torch.arange(p + t, device=prompts.device) < size[:, None]  # [B, P+T], all but prompt padding
    visible[:, p:] = True
    state = model(prompts, memories=memories)[rows, size - 1]  # [B, d]
    alive = torch.ones(b, dtype=torch.bool, device=prompts.device)
    for step in range(t):
        token, logp = draw(model.speech(state, temperature or 1.0), draws[rows, step], greedy=temperature == 0)
        out.responses[rows, step] = torch.where(alive, token, 0)
        out.logp[rows, step], out.before[rows, step] = logp * alive, state * alive[:, None]
        alive = alive & (token != end)
        left = int(alive.sum())
        if not left or step + 1 == t:
            break
        if left <= 0.75 * len(alive):
            rows, token, size, visible = rows[alive], token[alive], size[alive], visible[alive]
            for memory in memories:
                memory.keep(alive)
            alive = alive[alive]
        mask = visible[:, None, None, : p + step + 1]
        state = model(token[:, None], (size + step)[:, None], memories, mask)[:, 0]
    return out


def draw(logits: Tensor, uniforms: Tensor, *, greedy: bool = False) -> tuple[Tensor, Tensor]:
    """One index [B] from each row of logits [B, V] by inverting its cumulative distribution at uniforms [B], and the
    logarithm of its probability [B]."""
    weights = torch.exp(logits - logits.amax(1, keepdim=True))
    cumulative = weights.cumsum(1, dtype=torch.float64)
    total = cumulative[:, -1]
    target = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    drawn = logits.argmax(1) if greedy else torch.searchsorted(cumulative, target[:, None], right=True)[:, 0]
    likely = weights.gather(1, drawn[:, None])[:, 0].double() / total
    return drawn, likely.log().to(logits.dtype)


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


def to_arrays(module: nn.Module) -> dict[str, NDArray[Any]]:
    """Everything the module has learnt, as arrays by name (copies, on the CPU)."""
    return {name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()}


def from_arrays(module: M, arrays: dict[str, NDArray[Any]]) -> M:
    """Give the module what `to_arrays` took; raises RuntimeError if names or shapes differ. Returns the module."""
    module.load_state_dict({name: torch.as_tensor(np.asarray(value)) for name, value in arrays.items()})
    return module
