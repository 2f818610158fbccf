"""How a language model speaks: word after word, each drawn from the probabilities that the last one leaves.

Knows nothing of simlab. Shapes: B, n sequences, P prompt tokens, T tokens of a response, d width, V words.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .transformer import READ, Numbers, Transformer, at_once, by_length, lengths, rows_of, trimmed

__all__ = ["Speech", "draw", "generate", "speak"]


@dataclass(frozen=True, slots=True)
class Speech:
    """Responses as they were said: tokens [n, T]; what the model gave each, log-probabilities [n, T], 0 at padding, and
    its vectors before each [n, T, d], 0 at padding."""

    responses: Tensor
    logp: Tensor
    before: Tensor

    @staticmethod
    def silence(rows: int, words: int, width: int, device: torch.device) -> Speech:
        """Nothing yet; of vectors as many numbers as `width` says are to be kept."""
        empty = (rows, words)
        said = torch.zeros(empty, dtype=torch.int64, device=device)
        return Speech(said, torch.zeros(empty, device=device), torch.zeros(*empty, width, device=device))

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
    return _speech(model, prompts, uniforms, end, temperature, batch, model.config.width)


@torch.no_grad()
def generate(
    model: Transformer, prompts: Numbers, uniforms: Numbers, *, end: int, temperature: float = 1.0, batch: int = READ
) -> Tensor:
    """The tokens [n, T] of `speak`, int64."""
    return _speech(model, prompts, uniforms, end, temperature, batch, 0).responses


def _speech(
    model: Transformer, prompts: Numbers, uniforms: Numbers, end: int, temperature: float, batch: int, width: int
) -> Speech:
    """See `speak`; of the vectors before each token the first `width` numbers are kept."""
    asked = rows_of(model, prompts)
    draws = torch.as_tensor(uniforms, dtype=torch.float64, device=model.device)
    out = Speech.silence(draws.shape[0], draws.shape[1], width, model.device)
    for rows in by_length(at_once(model, batch, 4), asked):  # a token is drawn from a few copies of the logits
        _continue(model, trimmed(asked[rows]), draws[rows], end, temperature, out, rows)
    return out


def _continue(
    model: Transformer, prompts: Tensor, draws: Tensor, end: int, temperature: float, out: Speech, rows: Tensor
) -> None:
    """Write responses with draws [B, T] to the `rows` [B] of `out`. Those that have ended are dropped from the work
    once they are a quarter of it."""
    (b, p), t = prompts.shape, draws.shape[1]
    config, width = model.config, out.before.shape[2]
    if p + t > config.context:
        raise ValueError(f"{p} + {t} tokens of prompt and response do not fit in a context of {config.context}")
    size, memories = lengths(prompts), model.memories(b, p + t)
    visible = None if p == int(size.min()) else _visible(size, p, t)
    state = model(prompts, memories=memories)[torch.arange(b, device=size.device), size - 1]  # [B, d]
    alive = torch.ones(b, dtype=torch.bool, device=prompts.device)
    for step in range(t):
        token, logp = draw(model.speech(state, temperature or 1.0), draws[:, step], greedy=temperature == 0)
        out.responses[rows, step] = torch.where(alive, token, 0)
        out.logp[rows, step], out.before[rows, step] = logp * alive, state[:, :width] * alive[:, None]
        alive = alive & (token != end)
        left = int(alive.sum())
        if not left or step + 1 == t:
            break
        if left <= 0.75 * len(alive):
            rows, token, size, draws = rows[alive], token[alive], size[alive], draws[alive]
            visible = None if visible is None else visible[alive]
            for memory in memories:
                memory.keep(alive)
            alive = alive[alive]
        mask = None if visible is None else visible[:, None, None, : p + step + 1]
        state = model(token[:, None], (size + step)[:, None], memories, mask)[:, 0]


def _visible(size: Tensor, p: int, t: int) -> Tensor:
    """True [B, P+T] everywhere but at the padding of prompts of P tokens, of which `size` [B] are none."""
    visible = torch.arange(p + t, device=size.device) < size[:, None]
    visible[:, p:] = True
    return visible


def draw(logits: Tensor, uniforms: Tensor, *, greedy: bool = False) -> tuple[Tensor, Tensor]:
    """One index [B] from each row of logits [B, V] by inverting its cumulative distribution at uniforms [B], and the
    logarithm of its probability [B].

    In two steps: to one of about √V parts of the dictionary, and to one word of that part, so that what is added up one
    after the other, which is slow, are √V numbers twice.
    """
    weights = logits.softmax(1)
    (b, v), size = weights.shape, 1 << weights.shape[1].bit_length() // 2
    parts = (F.pad(weights, (0, -v % size)) if v % size else weights).view(b, -1, size)
    cumulative = parts.sum(2).cumsum(1, dtype=torch.float64)  # [B, about √V]
    total = cumulative[:, -1:]
    drawn = logits.argmax(1) if greedy else _inverse(parts, cumulative, uniforms[:, None] * total)
    likely = weights.gather(1, drawn[:, None]) / total
    return drawn, likely[:, 0].log().to(logits.dtype)


def _inverse(parts: Tensor, cumulative: Tensor, target: Tensor) -> Tensor:
    """Which of the weights in parts [B, N, M], whose sums are `cumulative` [B, N], reaches the target [B, 1] when all
    are added up one after the other [B]; never one of weight 0."""
    rows = torch.arange(len(parts), device=parts.device)
    part = _first_beyond(cumulative, target)
    before = F.pad(cumulative, (1, 0)).gather(1, part)
    within = _first_beyond(parts[rows, part[:, 0]].cumsum(1, dtype=torch.float64), target - before)
    return (part * parts.shape[2] + within)[:, 0]


def _first_beyond(cumulative: Tensor, target: Tensor) -> Tensor:
    """Where sums [B, N] are first greater than the target [B, 1], at the latest where they reach their end [B, 1]."""
    last = cumulative[:, -1:]
    target = torch.minimum(target, torch.nextafter(last, torch.zeros_like(last)))
    return torch.searchsorted(cumulative, target, right=True)
